#!/usr/bin/env bash
# Installs what is missing, builds, and runs Stepwell with its example functions.
#   ./run.sh          the server in the foreground, with what to try next; Ctrl-C ends it
#   ./run.sh --demo   the demo: the examples from real events, kill -9, restart; ends by itself
set -euo pipefail
cd "$(dirname "$0")"

case ${1:-} in
  "" | --demo) ;;
  -h | --help) sed -nE '2,/^set/s/^# ?//p' "$0"; exit 0 ;;
  *) echo "run.sh: unknown option '$1'; there is --demo and --help" >&2; exit 2 ;;
esac

scripts/build.sh release
if [ "${1:-}" = --demo ]; then
  exec examples/demo.sh
fi
exec examples/serve.sh
