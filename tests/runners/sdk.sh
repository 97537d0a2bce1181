#!/usr/bin/env bash
# Unmodified SDKs on the real server: tests/sdk/cases/*.test.mjs with each major version of the
# TypeScript SDK. Installs their packages when they are not there.
set -euo pipefail
cd "$(dirname "$0")/../sdk"
STEPWELL_BIN=$(cd ../.. && realpath "${STEPWELL_BIN:-build/${STEPWELL_PRESET:-release}/bin}")
export STEPWELL_BIN
passed=0 failed=0

# What is installed is what the lock files say.
for folder in . v3 v4 ../../examples/typescript; do
  if ! cmp -s "$folder/package-lock.json" "$folder/node_modules/.stepwell-lock"; then
    (cd "$folder" && npm ci --no-audit --no-fund --loglevel=error >/dev/null)
    cp "$folder/package-lock.json" "$folder/node_modules/.stepwell-lock"
  fi
done

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# run_cases VERSION FILES_AT_ONCE FILE...: adds what came of them to $passed and $failed.
run_cases() {
  local version=$1 at_once=$2 result=0 ok total
  SDK_VERSION=$version node_modules/.bin/node --test --test-concurrency="$at_once" \
    --test-timeout=180000 --test-reporter=tap "${@:3}" >"$log" 2>&1 || result=$?
  ok=$(sed -nE 's/^# pass ([0-9]+)$/\1/p' "$log")
  total=$(sed -nE 's/^# tests ([0-9]+)$/\1/p' "$log")
  if [ -z "$ok" ] || [ "$total" -eq 0 ] || { [ "$result" -ne 0 ] && [ "$ok" -eq "$total" ]; }; then
    cat "$log"
    failed=$((failed + 1))
    return
  fi
  passed=$((passed + ok))
  failed=$((failed + total - ok))
  [ "$ok" -eq "$total" ] || { echo "== SDK version $version"; grep -A 25 '^ *not ok' "$log"; }
}

# Those that start a server again, on the port that it had, must be alone: nobody else may get it.
together=() alone=()
for file in {cases,realtime}/*.test.mjs; do
  if grep -q 'server\.restart()' "$file"; then alone+=("$file"); else together+=("$file"); fi
done
for version in 3 4; do
  run_cases "$version" 3 "${together[@]}"
  run_cases "$version" 1 "${alone[@]}"
done
echo "$passed passed, $failed failed, 0 skipped"
