#!/bin/sh
# Starts Tomcat in the foreground: exec lets the stop signal reach the JVM.
#   EP_COMMERCE_ENVNAME  environment folder (default)   EP_HTTP_PORT  port (8080)
#   EP_HEAP_MB           heap in MiB                    EP_JAVA_OPTIONS  more options of the JVM
set -eu
home=/opt/tomcat
folder=/ep/environments/${EP_COMMERCE_ENVNAME:-default}
if [ ! -d "$folder" ]; then
    echo "there is no environment folder $folder; using default" >&2
    EP_COMMERCE_ENVNAME=default
    export EP_COMMERCE_ENVNAME
fi
# Without a number the heap follows the memory of the container.
heap=${EP_HEAP_MB:+-Xmx${EP_HEAP_MB}m}
java=${JAVA_HOME:+$JAVA_HOME/bin/}java
# Options are words that belong apart.
# shellcheck disable=SC2086
exec "$java" ${heap:--XX:MaxRAMPercentage=70} \
    --add-opens=java.base/java.lang=ALL-UNNAMED --add-opens=java.base/java.io=ALL-UNNAMED \
    --add-opens=java.rmi/sun.rmi.transport=ALL-UNNAMED \
    -Djava.util.logging.config.file=$home/conf/logging.properties \
    -Djava.util.logging.manager=org.apache.juli.ClassLoaderLogManager \
    -Dep.http.port="${EP_HTTP_PORT:-8080}" -Dep.health.port="${EP_HEALTH_PORT:-8180}" \
    -Dcatalina.home=$home -Dcatalina.base=$home -Djava.io.tmpdir=$home/temp \
    -Djava.security.egd=file:/dev/urandom ${EP_JAVA_OPTIONS:-} \
    -cp $home/bin/bootstrap.jar:$home/bin/tomcat-juli.jar org.apache.catalina.startup.Bootstrap start
