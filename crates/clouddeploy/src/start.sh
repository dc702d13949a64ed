#!/bin/sh
# Starts Tomcat in the foreground: exec lets the stop signal reach the JVM.
#   EP_COMMERCE_ENVNAME  environment folder (default)   EP_HTTP_PORT  port (8080)
#   EP_HEAP_MB           heap in MiB                    EP_JAVA_OPTIONS  more options of the JVM
set -eu
# shellcheck source=/dev/null
. "${0%/*}/environment"
home=${CATALINA_HOME:-/opt/tomcat}
# Without a number the heap follows the memory of the container.
heap=${EP_HEAP_MB:+-Xmx${EP_HEAP_MB}m}
java=${JAVA_HOME:+$JAVA_HOME/bin/}java
# What Tomcat's clean-up looks into when it stops. Java 8 has no such options, and does not read
# this variable.
for package in lang io util util.concurrent; do
    JDK_JAVA_OPTIONS="${JDK_JAVA_OPTIONS:+$JDK_JAVA_OPTIONS }--add-opens=java.base/java.$package=ALL-UNNAMED"
done
export JDK_JAVA_OPTIONS="$JDK_JAVA_OPTIONS --add-opens=java.rmi/sun.rmi.transport=ALL-UNNAMED"
# Options are words that belong apart.
# shellcheck disable=SC2086
exec "$java" ${heap:--XX:MaxRAMPercentage=70} \
    -Djava.util.logging.config.file="$home/conf/logging.properties" \
    -Djava.util.logging.manager=org.apache.juli.ClassLoaderLogManager \
    -Dep.http.port="${EP_HTTP_PORT:-8080}" -Dep.health.port="${EP_HEALTH_PORT:-8180}" \
    -Dcatalina.home="$home" -Dcatalina.base="$home" -Djava.io.tmpdir="$home/temp" \
    -Djava.security.egd=file:/dev/urandom ${EP_JAVA_OPTIONS:-} \
    -cp "$home/bin/bootstrap.jar:$home/bin/tomcat-juli.jar" org.apache.catalina.startup.Bootstrap start
