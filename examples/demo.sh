#!/usr/bin/env bash
# The whole idea in a minute: the example functions run from real HTTP events and stream their
# messages, the server is killed with SIGKILL in the middle of a run and started again, and the run
# finishes where it was. Exits with 0 only if every run ended as it should and no step was recorded
# twice.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=${STEPWELL_BIN:-build/release/bin}
# shellcheck source=examples/demo_functions.sh
. examples/demo_functions.sh

start() {
  start_server 'serving on' "$bin/stepwell-examples" --db "$folder/demo.db" --port "$port" --fast
  local channel
  for channel in import:42 global post:123 post:666 agentic-workflow mails; do
    listen "$channel"
  done
}

listen() {
  {
    curl --silent --no-buffer "http://127.0.0.1:$port/v1/realtime/sse?channel=$1" |
      sed -unE "s/^data: .*\"data\":(\{.*\}),\"created_at\".*\"topic\":\"([^\"]*)\".*/$1 \2 \1/p" |
      show_messages
  } &
  streams+=("$!")
}

send() {
  curl --silent --fail --max-time 5 "http://127.0.0.1:$port/e/demo" -d "$1" >/dev/null ||
    fail "an event was not accepted: $1"
}

say "Start the server with the example functions"
start
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
start
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
import=$(run_of import-file)
show_run "$import"  # its forty steps look alike
batches=$(api "/api/runs/$import" | grep -oE '"id":"import-batch(:[0-9]+)?"' | sort -u | wc -l)
[ "$batches" -eq 20 ] || fail "the import has $batches batches, not 20"
[ "$before" -lt 20 ] || fail "the server was killed too late"
steps=$(check_steps) || fail "$steps"

say "Stop it in order, and check the file"
end_streams
stop_server
"$bin/stepwell" --db "$folder/demo.db" doctor
say "$steps, each step recorded once, $before progress messages before the kill: all is well"
