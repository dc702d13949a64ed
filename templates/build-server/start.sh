#!/bin/sh
# Starts Jenkins with exactly the plugins of this image. The home outlives the image, so what an
# earlier image left there is replaced, also when this one is the older of the two.
set -eu

home=${JENKINS_HOME:-/var/jenkins_home}
image=${CLOUDOPS_IMAGE_ROOT:-/opt/cloudops}
start=${CLOUDOPS_JENKINS_START:-/usr/local/bin/jenkins.sh}
mark=$home/plugins/.cloudops

if ! cmp -s "$image/plugins.lock" "$mark"; then
    echo "cloudops: installing the plugins of this image"
    rm -rf "$home/plugins"
    mkdir -p "$home/plugins"
    cp "$image"/plugins/*.jpi "$home/plugins/"
    # Last: whoever is stopped before this begins again.
    cp "$image/plugins.lock" "$mark"
fi

exec "$start" "$@"
