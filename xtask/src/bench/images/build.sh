#!/bin/sh
# Images of a deployment package with buildah, as a careful engineer builds them: one shared base
# image, a layer per class of file, all cores, layers kept between builds.
#
#   build.sh new    unpack the package, then build and push
#   build.sh again  the package is that of the last time: build and push only
#
# Beside it: services.txt (SERVICE ARTIFACT CONTEXT large|small), shared.txt and modules.txt (jars
# that all large web applications carry), base/ (an OCI layout), Dockerfile.*.
# Reads PACKAGE VERSION REGISTRY TAG STORE (buildah's own) FILES (unpacked) DRIVER JOBS.
set -eu
cd "$(dirname "$0")"

b() {
    verb=$1
    shift
    buildah --root "$STORE/root" --runroot "$STORE/run" --storage-driver "$DRIVER" "$verb" "$@"
}

bud() { # NAME CONTEXT: times are fixed, so that a layer whose files are the same is the same one
    b bud --quiet --layers --timestamp 0 --isolation chroot -f "Dockerfile.$1" -t "localhost/$1" "$2"
}

push() { b push --quiet --tls-verify=false "localhost/$1" "docker://$REGISTRY/$1:$TAG"; }

names() { while read -r name; do echo "WEB-INF/lib/$name"; done <"$1"; }

move() { # LIST FROM TO
    mkdir -p "$3"
    while read -r name; do mv "$2/$name" "$3/"; done <"$1"
}

war() { # SERVICE ARTIFACT CONTEXT SIZE: shared jars come out of the first one only
    place=opt/tomcat/webapps/$3
    pages=$FILES/$1/pages/$place
    file=webapps/$2-$VERSION.war
    # Several do this at the same time, and unzip does not like to be second.
    mkdir -p "$pages" "$FILES/package/webapps"
    unzip -qo "$PACKAGE" "$file" -d "$FILES/package"
    if [ "$4" = small ] || [ "$1" = "$(head -n 1 services.txt | cut -d ' ' -f 1)" ]; then
        unzip -qo "$FILES/package/$file" -d "$pages"
    else
        # shellcheck disable=SC2046 # the names are words of their own
        unzip -qo "$FILES/package/$file" -x $(names shared.txt) $(names modules.txt) -d "$pages"
    fi
    rm "$FILES/package/$file"
    mkdir -p "$FILES/$1/lib"
    [ "$4" = large ] || return 0
    if [ "$1" = "$(head -n 1 services.txt | cut -d ' ' -f 1)" ]; then
        move shared.txt "$pages/WEB-INF/lib" "$FILES/base/shared/ep/lib/shared"
        move modules.txt "$pages/WEB-INF/lib" "$FILES/base/modules/ep/lib/suite"
    fi
    mkdir -p "$FILES/$1/lib/$place/WEB-INF"
    mv "$pages/WEB-INF/lib" "$FILES/$1/lib/$place/WEB-INF/"
}

rest() { # Tomcat, the environment folders, the tool
    unzip -qo "$PACKAGE" -x 'webapps/*.war' -d "$FILES/package"
    mkdir -p "$FILES/base/tomcat/opt" "$FILES/base/environments/ep" "$FILES/data-pop-tool"
    unzip -qo "$FILES"/package/webapps/apache-tomcat-*.zip -d "$FILES/base/tomcat/opt"
    mv "$FILES"/base/tomcat/opt/apache-tomcat-* "$FILES/base/tomcat/opt/tomcat"
    unzip -qo "$FILES"/package/database/ext-data-*.jar 'environments/*' \
        -d "$FILES/base/environments/ep"
    unzip -qo "$FILES"/package/tools/*.zip -d "$FILES/data-pop-tool/tool"
    mv "$FILES/package/database" "$FILES/data-pop-tool/database"
}

unpack() {
    rm -rf "$FILES"
    mkdir -p "$FILES/package"
    sed 's/^/war /; $a rest' services.txt | xargs -P "$JOBS" -L 1 sh build.sh
    # Else a file that is unpacked again is a new one to buildah.
    find "$FILES" -exec touch -h -d @0 {} +
}

build() {
    b inspect --type image localhost/java >/dev/null 2>&1 ||
        b tag "$(b pull --quiet oci:base)" localhost/java
    bud commerce-base "$FILES/base"
    # The shared layers go up while the services are built on them.
    push commerce-base &
    images=$(cut -d ' ' -f 1 services.txt | sort -u; echo data-pop-tool)
    echo "$images" | xargs -P "$JOBS" -n 1 sh build.sh image
    wait $!
    echo "$images" | xargs -P "$JOBS" -n 1 sh build.sh push
}

case $1 in
new | again)
    # Root's cache of what registries have is one for the machine; the caller gives us a mount
    # namespace in which it is our own.
    if [ "$(id -u)" -eq 0 ]; then
        mkdir -p "$STORE/cache" /var/lib/containers/cache
        mount --bind "$STORE/cache" /var/lib/containers/cache
    fi
    [ "$1" = again ] || unpack
    build
    ;;
war) shift && war "$@" ;;
rest) rest ;;
image) bud "$2" "$FILES/$2" ;;
push) push "$2" ;;
*) echo "build.sh: new or again, not $1" >&2 && exit 2 ;;
esac
