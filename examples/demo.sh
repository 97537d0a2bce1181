#!/usr/bin/env bash
# The whole idea in a minute: the example functions run from real HTTP events and stream their
# messages, the server is killed with SIGKILL in the middle of a run and started again, and the run
# finishes where it was. Exits with 0 only if every run ended as it should and no step was recorded
# twice.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=${STEPWELL_BIN:-build/release/bin}
folder=$(mktemp -d)
server="" port=0 streams=()

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
trap clean_up EXIT

say() { printf '\n== %s\n' "$*"; }
fail() { printf '\nFAILED: %s\n' "$*"; tail -n 20 "$folder/server.log"; exit 1; }

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

start_server() {
  : >"$folder/server.log"
  "$bin/stepwell-examples" --db "$folder/demo.db" --port "$port" --fast \
    >>"$folder/server.log" 2>&1 &
  server=$!
  await 30 grep -q 'serving on' "$folder/server.log" || fail "the server did not start"
  port=$(sed -nE 's|.*http://127.0.0.1:([0-9]+).*|\1|p' "$folder/server.log" | head -n 1)
}

# Prints what a channel says, as it says it, and keeps it in a file.
listen() {
  local channel=$1
  {
    curl --silent --no-buffer "http://127.0.0.1:$port/v1/realtime/sse?channel=$channel" |
      sed -unE 's/^data: .*"data":(\{.*\}),"created_at".*"topic":"([^"]*)".*/\2 \1/p' |
      while read -r line; do printf '   %-18s %s\n' "$channel" "$line"; done |
      tee -a "$folder/messages"
  } &
  streams+=("$!")
}

listen_to_all() {
  local channel
  for channel in import:42 global post:123 post:666 agentic-workflow mails; do
    listen "$channel"
  done
}

send() {
  curl --silent --fail --max-time 5 "http://127.0.0.1:$port/e/demo" -d "$1" >/dev/null ||
    fail "an event was not accepted: $1"
}

has_message() { grep -q "$1" "$folder/messages"; }

# The status of the one run of a function, or nothing.
status_of() { api "/api/runs?function=$1&limit=1" | sed -nE 's/.*"status":"([A-Za-z]+)".*/\1/p'; }
has_status() { [ "$(status_of "$1")" = "$2" ]; }

# Every run's steps, each recorded once; prints how many steps that were.
check_steps() {
  local runs run keys
  runs=$(api "/api/runs?limit=100" | grep -oE '"id":"[0-9A-Z]{26}","function"' | cut -d'"' -f4)
  for run in $runs; do
    keys=$(api "/api/runs/$run" | grep -oE '"key":"[0-9a-f]{40}"' | sort)
    [ -z "$(uniq -d <<<"$keys")" ] || fail "run $run has a step that is recorded twice"
    [ -z "$keys" ] || wc -l <<<"$keys"
  done | awk '{ steps += $1 } END { print NR " runs with " steps " steps" }'
}

say "Start the server with the example functions"
touch "$folder/messages"
start_server
listen_to_all
await 10 api "/health" >/dev/null

say "Send events: an import, two likes (one of a post that is gone), a workflow, a new user"
send '{"name":"import/requested","data":{"import_id":"42","file":"cities.csv","rows":1000}}'
send '{"name":"app/post.like","data":{"post_id":"123"}}'
await 10 has_status like-post Completed || fail "the post was not liked"
send '{"name":"app/post.like","data":{"post_id":"666"}}'
await 10 has_status like-post Failed || fail "liking a post that is gone should fail"
send '{"name":"agentic-workflow/start","data":{"prompt":"delete old logs"}}'
send '{"name":"user/signed-up","data":{"user_id":"u1","email":"ada@example.com"}}'

await 20 has_message '"percent":[3-9][0-9]' || fail "the import does not make progress"
say "Kill the server with SIGKILL in the middle of the import"
end_streams
kill_server
before=$(grep -c '"percent"' "$folder/messages")

say "Start it again: the import goes on where it was, the others still wait"
start_server
listen_to_all
send '{"name":"user/logged-in","data":{"user_id":"u1"}}'
uuid=$(sed -nE 's/.*"confirmation_uuid":"([^"]+)".*/\1/p' "$folder/messages" | head -n 1)
[ -n "$uuid" ] || fail "the workflow did not ask"
say "Answer the question of the workflow ($uuid)"
send "{\"name\":\"agentic-workflow/confirmation\",
  \"data\":{\"confirmation_uuid\":\"$uuid\",\"confirmed\":true}}"

for function in import-file agentic-workflow email-sequence; do
  await 60 has_status "$function" Completed || fail "$function is $(status_of "$function")"
done
say "What was recorded"
"$bin/stepwell" --url "http://127.0.0.1:$port" runs list
import=$(api "/api/runs?function=import-file&limit=1" |
  sed -nE 's/.*"id":"([0-9A-Z]{26})","function".*/\1/p')
# Its forty steps look alike: the first and the last ones tell it.
"$bin/stepwell" --url "http://127.0.0.1:$port" runs show "$import" |
  awk '{ line[NR] = $0 } END {
    for (i = 1; i <= NR; ++i) {
      if (NR > 24 && i == 13) { printf "  … %d lines more\n", NR - 24; i = NR - 11 }
      print line[i]
    }
  }'
batches=$(api "/api/runs/$import" | grep -oE '"id":"import-batch(:[0-9]+)?"' | sort -u | wc -l)
[ "$batches" -eq 20 ] || fail "the import has $batches batches, not 20"
[ "$before" -lt 20 ] || fail "the server was killed too late"
steps=$(check_steps) || fail "$steps"

say "Stop it in order, and check the file"
end_streams
kill "$server"
wait "$server" || fail "the server did not stop in order"
server=""
"$bin/stepwell" --db "$folder/demo.db" doctor
say "$steps, each step recorded once, $before progress messages before the kill: all is well"
