#!/usr/bin/env bash
# The examples in TypeScript, on the program `stepwell`: an app with the official SDK streams what
# its runs say, Stepwell is killed with SIGKILL in the middle of a run and started again. Exits with
# 0 only if every run ended as it should and no step was recorded twice.
set -euo pipefail
cd "$(dirname "$0")/../.."
bin=${STEPWELL_BIN:-build/release/bin}
# shellcheck source=examples/demo_functions.sh
. examples/demo_functions.sh
here=examples/typescript
app="" app_port=0

end_app() {
  if [ -n "$app" ]; then kill "$app" && wait "$app" 2>/dev/null || true; fi
  app=""
  clean_up
}
trap end_app EXIT

# What is installed is what the lock file says.
install_packages() {
  if cmp -s "$here/package-lock.json" "$here/node_modules/.stepwell-lock"; then return; fi
  say "Install the packages of the TypeScript examples (a minute, once)"
  (cd "$here" && npm ci --loglevel=error) || fail "npm could not install the packages"
  cp "$here/package-lock.json" "$here/node_modules/.stepwell-lock"
}

start() {
  start_server ready "$bin/stepwell" --db "$folder/demo.db" dev --port "$port" --no-discovery
}
start_app() {
  (cd "$here" && INNGEST_DEV=http://127.0.0.1:$port PORT=0 \
    exec node_modules/.bin/node --disable-warning=ExperimentalWarning src/main.ts) \
    >"$folder/app.log" 2>&1 &
  app=$!
  await 30 grep -q 'open http' "$folder/app.log" || fail "the app did not start"
  app_port=$(sed -nE 's|.*http://127.0.0.1:([0-9]+).*|\1|p' "$folder/app.log")
  curl --silent --fail --output /dev/null -X PUT "http://127.0.0.1:$app_port/api/inngest" ||
    fail "the app could not register"
}

# listen ROUTE [curl's arguments]: what the app streams there.
listen() {
  local message='"channel":"([^"]*)","topic":"([^"]*)","data":(.*),"createdAt"'
  {
    curl --silent --no-buffer "${@:2}" "http://127.0.0.1:$app_port$1" |
      sed -unE "s/^data: .*$message.*/\1 \2 \3/p" | show_messages
  } &
  streams+=("$!")
}
listen_to_all() {
  local route
  for route in /posts /posts/123 /posts/666 /workflows; do listen "$route"; done
}
post() {
  curl --silent --fail --max-time 5 -X POST "http://127.0.0.1:$app_port$1" \
    -H 'content-type: application/json' -d "${2:-}" >/dev/null || fail "POST $1 was refused"
}
is_like() { has_status typescript-examples-like-post "$1"; }

install_packages
say "Start Stepwell, and an app in TypeScript with three functions"
start
start_app
listen_to_all

say "Ask the app for an import, two likes (one of a post that is gone) and a workflow"
listen /imports -H 'content-type: application/json' \
  -d '{"importId":"42","file":"cities.csv","rows":2000}'
post /posts/123/like
await 10 is_like Completed || fail "the post was not liked"
post /posts/666/like
await 10 is_like Failed || fail "liking a post that is gone should fail"
post /workflows '{"prompt":"delete old logs"}'
await 10 has_message '"confirmationUuid"' || fail "the workflow did not ask"

await 20 has_message '"percent":[3-9][0-9]' || fail "the import does not make progress"
say "Kill Stepwell with SIGKILL in the middle of the import"
end_streams
kill_server
before=$(grep -c '"percent"' "$folder/messages")

say "Start it again: the import goes on where it was, the workflow still waits"
start
listen_to_all
listen /imports/42
uuid=$(sed -nE 's/.*"confirmationUuid":"([^"]+)".*/\1/p' "$folder/messages" | head -n 1)
say "Answer the question of the workflow ($uuid)"
post /workflows/answers "{\"confirmationUuid\":\"$uuid\",\"confirmed\":true}"

for function in import-file agentic-workflow; do
  await 60 has_status "typescript-examples-$function" Completed ||
    fail "$function is $(status_of "typescript-examples-$function")"
done
await 10 has_message '"percent":100' || fail "the end of the import was not heard"
say "What was recorded"
"$bin/stepwell" --url "http://127.0.0.1:$port" runs list
import=$(run_of typescript-examples-import-file)
show_run "$import"
batches=$(api "/api/runs/$import" | grep -oE '"id":"import-from-[0-9]+"' | sort -u | wc -l)
[ "$batches" -eq 20 ] || fail "the import has $batches batches, not 20"
[ "$before" -lt 20 ] || fail "Stepwell was killed too late"
steps=$(check_steps) || fail "$steps"

say "Stop it in order, and check the file"
end_streams
stop_server
"$bin/stepwell" --db "$folder/demo.db" doctor
say "$steps, each step recorded once, $before progress messages before the kill: all is well"
