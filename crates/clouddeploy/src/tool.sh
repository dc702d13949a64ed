#!/bin/sh
# Starts a script of a tool, the first argument: exec lets the stop signal reach it.
#   EP_COMMERCE_ENVNAME  environment folder (default)   JAVA_TOOL_OPTIONS  options of the JVM
set -eu
# shellcheck source=/dev/null
. "${0%/*}/environment"
# Without a word the heap follows the memory of the container.
export JAVA_TOOL_OPTIONS="${JAVA_TOOL_OPTIONS:--XX:MaxRAMPercentage=70}"
exec /bin/sh "$@"
