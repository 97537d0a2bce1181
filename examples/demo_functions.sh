# What the demos share. Whoever sources this has set `bin` to the folder of the programs.
set -euo pipefail
folder=$(mktemp -d)
server="" port=0 streams=()
touch "$folder/messages"

clean_up() {
  end_streams
  if [ -n "$server" ]; then kill_server; fi
  rm -rf "$folder"
}
end_streams() {
  local stream
  for stream in "${streams[@]}"; do
    # Its exit code says that it was killed, if it had not ended already.
    if kill "$stream" 2>/dev/null && wait "$stream" 2>/dev/null; then continue; fi
  done
  streams=()
}
# SIGKILL; waiting for it gives its exit code, which says so.
kill_server() {
  local status=0
  kill -9 "$server"
  wait "$server" 2>/dev/null || status=$?
  [ "$status" -eq 137 ] || fail "the server had ended by itself with exit code $status"
  server=""
}
# SIGTERM; an exit code other than 0 is a failure.
stop_server() {
  kill "$server"
  wait "$server" || fail "the server did not stop in order"
  server=""
}
trap clean_up EXIT

say() { printf '\n== %s\n' "$*"; }
fail() { printf '\nFAILED: %s\n' "$*"; tail -n 20 "$folder"/*.log; exit 1; }

# await SECONDS COMMAND...: until the command succeeds.
await() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.05
  done
}

api() { curl --silent --fail --max-time 5 "http://127.0.0.1:$port$1"; }

# start_server PATTERN COMMAND...: waits until its output has the pattern; the port is in it.
start_server() {
  : >"$folder/server.log"
  "${@:2}" >>"$folder/server.log" 2>&1 &
  server=$!
  await 30 grep -q "$1" "$folder/server.log" || fail "the server did not start"
  port=$(sed -nE 's|.*http://127.0.0.1:([0-9]+).*|\1|p' "$folder/server.log" | head -n 1)
}

# Prints lines "channel topic data" as they come, and keeps them in a file.
show_messages() {
  while read -r channel line; do printf '   %-18s %s\n' "$channel" "$line"; done |
    tee -a "$folder/messages"
}
has_message() { grep -q "$1" "$folder/messages"; }

# The status of the newest run of a function, or nothing.
status_of() { api "/api/runs?function=$1&limit=1" | sed -nE 's/.*"status":"([A-Za-z]+)".*/\1/p'; }
has_status() { [ "$(status_of "$1")" = "$2" ]; }

# The id of the newest run of a function.
run_of() {
  api "/api/runs?function=$1&limit=1" | sed -nE 's/.*"id":"([0-9A-Z]{26})","function".*/\1/p'
}

# A run's trace; of a long one, the first and the last lines.
show_run() {
  "$bin/stepwell" --url "http://127.0.0.1:$port" runs show "$1" |
    awk '{ line[NR] = $0 } END {
      for (i = 1; i <= NR; ++i) {
        if (NR > 24 && i == 13) { printf "  … %d lines more\n", NR - 24; i = NR - 11 }
        print line[i]
      }
    }'
}

# Every run's steps, each recorded once; prints how many steps that were, or what is wrong.
check_steps() {
  local runs run keys count=0 steps=0
  runs=$(api "/api/runs?limit=100" | grep -oE '"id":"[0-9A-Z]{26}","function"' | cut -d'"' -f4)
  for run in $runs; do
    keys=$(api "/api/runs/$run" | grep -oE '"key":"[0-9a-f]{40}"' | sort)
    if [ -n "$(uniq -d <<<"$keys")" ]; then
      echo "run $run has a step that is recorded twice"
      return 1
    fi
    [ -n "$keys" ] || continue
    count=$((count + 1)) steps=$((steps + $(wc -l <<<"$keys")))
  done
  echo "$count runs with $steps steps"
}
