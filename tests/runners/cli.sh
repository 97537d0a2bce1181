#!/usr/bin/env bash
# The program as scripts use it: real servers, a real file, exit codes.
set -euo pipefail
cd "$(dirname "$0")/../.."
bin=${STEPWELL_BIN:-build/${STEPWELL_PRESET:-release}/bin}
folder=$(mktemp -d)
server="" passed=0 failed=0
unset "${!STEPWELL_@}" "${!INNGEST_@}"

clean_up() {
  if [ -n "$server" ]; then kill -9 "$server" 2>/dev/null || :; wait "$server" 2>/dev/null || :; fi
  rm -rf "$folder"
}
trap clean_up EXIT

# expect CODE WORDS COMMAND...: the command ends with the code and prints the words.
expect() {
  local code=$1 words=$2 output result=0
  shift 2
  output=$(timeout 60 "$@" 2>&1 </dev/null) || result=$?
  if [ "$result" -eq "$code" ] && [[ $output == *"$words"* ]]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf 'FAILED: %s\n  code %s (expected %s), no "%s" in: %s\n' "$*" "$result" "$code" "$words" \
      "$output"
  fi
}

# start_server PROGRAM...: until it says where it serves; sets `url`.
start_server() {
  : >"$folder/server.log"
  "$@" >"$folder/server.log" 2>&1 &
  server=$!
  local deadline=$((SECONDS + 60))
  until grep -Eq "${ready:-ready}" "$folder/server.log"; do
    if [ "$SECONDS" -ge "$deadline" ] || ! kill -0 "$server" 2>/dev/null; then
      echo "FAILED: $* did not start: $(cat "$folder/server.log")"
      failed=$((failed + 1))
      return 1
    fi
    sleep 0.05
  done
  url=$(sed -nE 's|.*(http://[0-9.]+:[0-9]+).*|\1|p' "$folder/server.log" | head -n 1)
}
stop_server() {
  local result=0
  kill -TERM "$server"
  wait "$server" || result=$?
  server=""
  if [ "$result" -eq 0 ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAILED: the server ended with $result: $(cat "$folder/server.log")"
  fi
}

cli=$bin/stepwell
file=$folder/runs.db
first_id() { sed -nE '1s/^\{"id":"([0-9A-Z]{26})".*/\1/p'; }

# What is wrong with the line, or missing.
expect 0 "stepwell " "$cli" version
expect 0 "exit" "$cli" --help
expect 2 "unknown option --frob" "$cli" runs list --frob
expect 2 "unknown command frob: there is list, show" "$cli" runs frob
expect 2 "unknown command frob: there is dev, serve" "$cli" help frob
expect 2 "--sdk-url: \"localhost\" is no URL to call" \
  "$cli" dev --port 0 --db "$folder/other.db" -u localhost
expect 2 "--since \"noon\" is neither" "$cli" runs list --since noon
expect 2 "is no duration" "$cli" dev --retry-interval soon
expect 2 "is no port" "$cli" dev --port 70000
expect 2 "serves this machine alone: to listen on 0.0.0.0" "$cli" dev --host 0.0.0.0
expect 2 '"Foo.com:1" is no name of a host' "$cli" dev --allow-host Foo.com:1
expect 2 '"*" is no origin' "$cli" dev --allow-origin '*'
expect 2 "an event key and a signing key are needed" "$cli" serve --db "$file"
expect 2 "signing key is needed" env STEPWELL_EVENT_KEY=ev "$cli" serve --db "$file"
expect 2 "event key is needed" env STEPWELL_SIGNING_KEY=ff00 "$cli" serve --db "$file"
expect 2 "--data is no JSON" "$cli" events send a --data '{'
expect 2 "--data is empty" "$cli" events send a --data ''
expect 2 "--status is empty" "$cli" runs list --status ''
expect 2 "dev and serve are one" "$cli" dev --url http://127.0.0.1:1
expect 2 "did you mean runs?" "$cli" run list
for command in show tail rerun cancel; do
  expect 2 '"" is no run id (26 letters and digits)' "$cli" runs "$command" ''
  expect 2 '"." is no run id' "$cli" runs "$command" .
done
expect 2 '"" is no event id' "$cli" events show ''
expect 74 "--data: $folder is a directory" "$cli" events send a --data "@$folder"
expect 74 "--config: $folder is a directory" "$cli" --config "$folder" doctor
expect 3 "does not exist" "$cli" events send a --data "@$folder/none"
expect 3 "does not exist" "$cli" --config "$folder/none" doctor
expect 74 "not a regular file" "$cli" --db "$folder" runs list
expect 74 "No space left" bash -c '"$0" version >/dev/full' "$cli"
expect 74 "No space left" bash -c '"$0" --help >/dev/full' "$cli"
expect 2 "does not begin with http" "$cli" --url ftp://x runs list
expect 4 "no server answers" "$cli" --url http://127.0.0.1:1 runs list
expect 3 "does not exist" "$cli" --db "$file" runs list
if [ -e "$file" ]; then
  failed=$((failed + 1))
  echo "FAILED: a command that failed left a file"
fi
echo "this is no journal" >"$folder/junk.db"
expect 74 "is not a database" "$cli" --db "$folder/junk.db" runs list

# A server without keys, with functions in it.
ready='serving on' start_server "$bin/stepwell-examples" --db "$file" --port 0 || exit 1
like='{"post_id":"123"}'
gone='{"post_id":"666"}'
sign_up='{"user_id":"u1","email":"ada@example.com"}'
expect 0 "email-sequence" "$cli" --url "$url" functions list
proxy=(env http_proxy=http://127.0.0.1:1 https_proxy=http://127.0.0.1:1)
expect 0 "email-sequence" "${proxy[@]}" "$cli" --url "$url" functions list
expect 0 "Completed in" "$cli" --url "$url" events send app/post.like --data "$like" --wait
expect 1 "post 666 is gone" "$cli" --url "$url" events send app/post.like --data "$gone" --wait
expect 0 "Run 0" "$cli" --url "$url" events send user/signed-up --data "$sign_up"
expect 0 "It triggered no run" "$cli" --url "$url" events send nobody/listens
once=(events send app/post.like --id like-77 --data '{"post_id":"77"}')
expect 0 "Run 0" "$cli" --url "$url" "${once[@]}"
expect 0 "It is a copy of 0" "$cli" --url "$url" "${once[@]}"
log_in='{"user_id":"u1"}'
expect 0 "ended a wait of run" "$cli" --url "$url" events send user/logged-in --data "$log_in"
expect 0 "← email-sequence" "$cli" --url "$url" events list --name user/logged-in
expect 3 "no function \"nope\"" "$cli" --url "$url" runs list --function nope
expect 3 "there is no run" "$cli" --url "$url" runs show 01JD0000000000000000000000
expect 2 "is no run id" "$cli" --url "$url" runs show nonsense
expect 2 "is no run id" "$cli" --url "$url" runs cancel 01JD0000000000000000000000 nonsense
expect 3 "there is no event \".\"" "$cli" --url "$url" events show .
expect 3 "there is no run" "$cli" --url "$url" runs cancel 01JD0000000000000000000000
expect 2 "no status \"sleepy\"" "$cli" --url "$url" runs list --status sleepy
expect 0 "post 666 is gone" "$cli" --url "$url" runs list --status failed
expect 0 "post 666 is gone" "$cli" --url "$url" runs list --query 'error.message.contains("666")'
expect 0 "No runs." "$cli" --url "$url" runs list --query 'event.data.post_id == "nobody"'
expect 2 $'===\'\n  event.name === 1\n' "$cli" --url "$url" runs list --query 'event.name === 1'
expect 2 "is no condition" "$cli" --url "$url" runs list --query 'output.ok'
expect 0 "No runs." "$cli" --url "$url" runs list --since 2099-01-01
expect 0 "user/signed-up" "$cli" --url "$url" events list
deep=$(printf '[%.0s' {1..126})$(printf ']%.0s' {1..126})
expect 0 "" "$cli" --url "$url" events send deep/event --data "{\"a\":$deep}"
expect 0 "deep/event" "$cli" --url "$url" events list
functions=("$cli" --url "$url" functions)
expect 0 "open runs  0 queued, 1 running" "${functions[@]}" show email-sequence
expect 3 'there is no function "nope"' "${functions[@]}" show nope
expect 3 'there is no function "nope"' "${functions[@]}" pause nope
expect 0 "Paused email-sequence" "${functions[@]}" pause email-sequence
expect 0 "is paused already" "${functions[@]}" pause email-sequence
expect 0 "paused since" "${functions[@]}" show email-sequence
expect 0 "Run 0" "$cli" --url "$url" events send user/signed-up --data "$sign_up"
expect 0 "email-sequence\" is paused" "$cli" --url "$url" runs list --status skipped
expect 0 "Resumed email-sequence" "${functions[@]}" resume email-sequence
expect 0 "is not paused" "${functions[@]}" resume email-sequence
open=$("$cli" --url "$url" runs list --status running -o jsonl | first_id)
ended=$("$cli" --url "$url" runs list --status failed -o jsonl | first_id)
expect 0 "Why it is not moving" "$cli" --url "$url" runs show "$open"
expect 0 "NonRetriableError" "$cli" --url "$url" runs show "$ended"
expect 1 "Failed in" "$cli" --url "$url" runs tail "$ended"
expect 6 "Failed" "$cli" --url "$url" runs cancel "$ended"
expect 1 "does again what" "$cli" --url "$url" runs rerun "$ended" --wait
rerun=("$cli" --url "$url" runs rerun)
expect 2 "would run again: say --yes" "${rerun[@]}" --function like-post --status failed
expect 0 "0 runs again" "${rerun[@]}" --function email-sequence --status failed --yes
expect 0 "2 runs again" "${rerun[@]}" --function like-post --status failed --yes
expect 2 'has no step "nope"; its steps: "log-start"' "${rerun[@]}" "$ended" --from-step nope
expect 1 "Failed in" "${rerun[@]}" "$ended" --from-step tell-deleted --wait
expect 0 "ok       journal (every page" "$cli" --url "$url" doctor --deep
expect 0 "ok       disk" "$cli" --url "$url" doctor
expect 0 "Published to post:1 a" "$cli" --url "$url" realtime publish post:1 a --data '{"n":1}'
exec 3< <(exec "$cli" --url "$url" realtime tail post:1 --since 5m)
tail=$!
# heard WORDS: the next line that the tail prints has the words.
heard() {
  local line=""
  if read -r -t 60 line <&3 && [[ $line == *"$1"* ]]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAILED: heard \"$line\" and not \"$1\""
  fi
}
heard "messages were missed"  # this server has not been there for five minutes
heard 'a {"n":1}'
expect 0 "" "$cli" --url "$url" realtime publish post:1 b --data "two words"
heard 'b "two words"'
kill "$tail"
exec 3<&-
expect 2 "topic is required" "$cli" --url "$url" realtime publish post:1
expect 6 "use --url instead of --db" "$cli" --db "$file" runs list

# The file after the server was killed.
kill -9 "$server"
wait "$server" 2>/dev/null || :
server=""
expect 0 "Sleeping" "$cli" --db "$file" runs list --function email-sequence
expect 0 "Sleeping" "${proxy[@]}" "$cli" --db "$file" runs list --function email-sequence
expect 0 "Cancelled" "$cli" --db "$file" runs cancel "$open"
expect 0 "Cancelled" "$cli" --db "$file" runs show "$open"
expect 0 "Run 0" "$cli" --db "$file" runs rerun "$open"
expect 2 "nothing to follow" "$cli" --db "$file" runs tail "$open"

# A file with runs of an app that is called over HTTP, which only a server does.
away=$folder/away.db
start_server "$cli" dev --db "$away" --port 0 --no-discovery || exit 1
app=http://127.0.0.1:1/api
cat >"$folder/app.json" <<END
{"url": "$app", "deployType": "ping", "appName": "shop", "sdk": "js:v4.24.0", "v": "0.1",
 "functions": [{"id": "shop-f", "name": "f", "triggers": [{"event": "shop/go"}],
   "steps": {"step": {"id": "step", "name": "step",
     "runtime": {"type": "http", "url": "$app?fnId=shop-f&stepId=step"}}}}]}
END
expect 0 '"ok":true' curl -sS --json "@$folder/app.json" "$url/fn/register"
expect 0 "Run 0" "$cli" --url "$url" events send shop/go
kill -9 "$server"
wait "$server" 2>/dev/null || :
server=""
expect 0 "Run 0" "$cli" --db "$away" events send shop/go
waiting=$("$cli" --db "$away" runs list --status scheduled -o jsonl | first_id)
expect 0 "none runs: start one on this file" "$cli" --db "$away" runs show "$waiting"
expect 0 "Cancelled" "$cli" --db "$away" runs cancel "$waiting"
expect 0 "ok       journal (every page" "$cli" --db "$away" doctor --deep

# A server with keys; what was begun without a server is still there.
export STEPWELL_EVENT_KEY=an-event-key STEPWELL_SIGNING_KEY=signkey-test-0011aabb
start_server "$cli" serve --db "$file" --port 0 || exit 1
expect 0 "Scheduled" "$cli" --url "$url" runs list --status scheduled
expect 0 "Sent 0" "$cli" --url "$url" events send nobody/listens
blind=(env -u STEPWELL_SIGNING_KEY "$cli" --url "$url" events send nobody/listens)
expect 0 "Sent 0" "${blind[@]}"
expect 0 "asks for its signing key" "${blind[@]}"
expect 0 "the event was accepted; what it started cannot be shown" "${blind[@]}"
expect 0 '{"event":{"internal_id":"0' "${blind[@]}" -o jsonl
expect 5 "the event was accepted" "${blind[@]}" --wait
expect 5 "asks for its signing key: set STEPWELL_SIGNING_KEY" \
  env -u STEPWELL_SIGNING_KEY "$cli" --url "$url" runs list
expect 5 "asks for its event key: set STEPWELL_EVENT_KEY" \
  env -u STEPWELL_EVENT_KEY "$cli" --url "$url" events send a
expect 5 "the signing key in --signing-key" "$cli" --url "$url" --signing-key 00 runs list
expect 5 "the signing key in INNGEST_SIGNING_KEY" env -u STEPWELL_SIGNING_KEY \
  INNGEST_SIGNING_KEY=00 "$cli" --url "$url" runs list
expect 5 "the event key in --event-key" "$cli" --url "$url" --event-key wrong events send a
expect 5 "the signing key in --signing-key" \
  "$cli" --url "$url" --signing-key 00 realtime tail post:1
evil=$'{"x":"\\u001b[31m\u202e"}'
"$cli" --url "$url" events send evil/event --data "$evil" >/dev/null
if "$cli" --url "$url" events list | grep -q $'\x1b\|\u202e'; then
  failed=$((failed + 1))
  echo "FAILED: an escape sequence went through"
else
  passed=$((passed + 1))
fi
expect 6 "in use" "$cli" serve --db "$file" --port 0
expect 6 "already in use" "$cli" serve --db "$folder/other.db" --port "${url##*:}"
expect 6 "already in use" "$bin/stepwell-examples" --db "$folder/other.db" --port "${url##*:}"
if compgen -G "$folder/other.db*" >/dev/null; then
  failed=$((failed + 1))
  echo "FAILED: a server whose port is taken left a file"
fi
expect 2 "--port \"x\" is no port" "$bin/stepwell-examples" --port x
expect 2 "--db needs a value" "$bin/stepwell-examples" --db

# Whoever follows a run is told when the server goes, and that the run does not.
begun=$("$cli" --url "$url" runs list --status scheduled -o jsonl | first_id)
"$cli" --url "$url" runs tail "$begun" >"$folder/tail.out" 2>"$folder/tail.err" &
follower=$!
deadline=$((SECONDS + 60))
until [ -s "$folder/tail.out" ] || [ "$SECONDS" -ge "$deadline" ]; do sleep 0.05; done
stop_server
result=0
wait "$follower" || result=$?
if [ "$result" -eq 4 ] && grep -q "the run goes on when it is back" "$folder/tail.err"; then
  passed=$((passed + 1))
else
  failed=$((failed + 1))
  echo "FAILED: tail ended with $result: $(cat "$folder/tail.err")"
fi

printf '%s passed, %s failed, 0 skipped\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
