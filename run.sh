#!/usr/bin/env bash
# Installs what is missing, builds, and runs Stepwell with its example functions.
#   ./run.sh          the server in the foreground, with what to try next; Ctrl-C ends it
#   ./run.sh --demo   the demo: the examples in C++ and in TypeScript, from real events, through
#                     kill -9 and a restart; ends by itself
set -euo pipefail
cd "$(dirname "$0")"

case ${1:-} in
  "" | --demo) ;;
  -h | --help) sed -nE '2,5s/^# ?//p' "$0"; exit 0 ;;
  *) echo "run.sh: unknown option '$1'; there is --demo and --help" >&2; exit 2 ;;
esac

if [ "${1:-}" = --demo ]; then
  scripts/ensure-packages.sh demo
fi
scripts/build.sh release stepwell stepwell-examples
if [ "${1:-}" = --demo ]; then
  examples/demo.sh
  exec examples/typescript/demo.sh
fi

mkdir -p data

# Prints what the server says, and once it is ready what to try. Lives as long as the server, whose
# process id is $1.
guide() {
  trap '' INT
  local line
  while IFS= read -r line; do
    printf '%s\n' "$line"
    [[ $line == "serving on"* ]] || continue
    cat <<TRY

Try these in another terminal, in this folder:

  # follow the messages of import 42, and start it; it takes some 20 seconds
  curl -N 'http://127.0.0.1:8288/v1/realtime/sse?channel=import:42' &
  curl http://127.0.0.1:8288/e/dev \\
    -d '{"name":"import/requested","data":{"import_id":"42","file":"cities.csv","rows":20000}}'

  # kill the server in the middle, ./run.sh again, and see the run go on where it was
  kill -9 $1

  # what runs, what waits, and for what; RUN is an id from the list
  build/release/bin/stepwell runs list
  build/release/bin/stepwell runs show RUN

Ctrl-C ends the server.

TRY
  done
}
exec build/release/bin/stepwell-examples --db data/examples.db > >(guide $$)
