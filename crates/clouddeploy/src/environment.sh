# shellcheck shell=sh
# Puts the environment folder into place: `default`, and over it the chosen one, which so gets from
# `default` what it lacks. Read by the scripts that start something; works for every user.
#   EP_COMMERCE_ENVNAME  environment folder (default)
#   EP_ENVIRONMENTS_DIR  where they are (/ep/environments)   EP_CONF_DIR  where it goes (/ep/conf)
environments=${EP_ENVIRONMENTS_DIR:-/ep/environments}
conf=${EP_CONF_DIR:-/ep/conf}
export EP_COMMERCE_ENVNAME="${EP_COMMERCE_ENVNAME:-default}"
case $EP_COMMERCE_ENVNAME in
*/* | .*)
    echo "EP_COMMERCE_ENVNAME is not the name of an environment folder: $EP_COMMERCE_ENVNAME" >&2
    exit 78
    ;;
esac
if [ ! -d "$environments/$EP_COMMERCE_ENVNAME" ]; then
    echo "there is no environment folder $environments/$EP_COMMERCE_ENVNAME; using default" >&2
    EP_COMMERCE_ENVNAME=default
fi
for folder in default "$EP_COMMERCE_ENVNAME"; do
    if [ -d "$environments/$folder" ]; then
        if ! { mkdir -p "$conf" && cp -R "$environments/$folder/." "$conf/"; }; then
            echo "the environment folder $folder cannot be copied to $conf" >&2
            exit 78
        fi
    fi
done
