#!/usr/bin/env bash
# Runs the test runners of a build and sums them up: tests/run.sh [part of a name...]
#
# Runners are the doctest programs that CMake listed in build/<preset>/doctest_programs.txt, two at
# a time, and then, one by one, the scripts tests/runners/*.sh, whose last line is
# "N passed, N failed, N skipped". STEPWELL_PRESET chooses the build (default: release).
# A runner that crashes, hangs, runs nothing or prints no summary counts as one failure more.
set -euo pipefail
cd "$(dirname "$0")/.."

preset=${STEPWELL_PRESET:-release}
export STEPWELL_BUILD=${STEPWELL_BUILD:-$PWD/build/$preset}
export STEPWELL_BIN=$STEPWELL_BUILD/bin
runners_folder=${STEPWELL_RUNNERS:-tests/runners}  # another one when this script is under test
logs=$STEPWELL_BUILD/test-logs
time_limit=1200  # seconds for one runner
rm -rf "$logs"
mkdir -p "$logs"
patterns=("$@")
runners=0

is_wanted() {
  [ ${#patterns[@]} -eq 0 ] && return 0
  local pattern
  for pattern in "${patterns[@]}"; do
    [[ $1 == *"$pattern"* ]] && return 0
  done
  return 1
}

# Reads a runner's log, prints "passed failed skipped", or nothing if it has no summary.
read_summary() {
  case $1 in
    doctest) awk '/^\[doctest\] test cases:/ { print $6, $9, $12 }' "$2" | tail -n 1 ;;
    script) tail -n 1 "$2" |
      sed -nE 's/^([0-9]+) passed, ([0-9]+) failed, ([0-9]+) skipped$/\1 \2 \3/p' ;;
  esac
}

# run_one KIND NAME COMMAND...: runs it, prints one line (and the log if it failed), records counts.
run_one() {
  local kind=$1 name=$2 status=0 started=$SECONDS passed failed skipped note=""
  local log=$logs/$name.log
  timeout --kill-after=10 "$time_limit" "${@:3}" </dev/null >"$log" 2>&1 || status=$?
  read -r passed failed skipped < <(read_summary "$kind" "$log"; echo)
  if [ -z "$skipped" ]; then
    passed=0 failed=1 skipped=0 note=" (no summary, exit code $status)"
  elif [ "$((passed + failed + skipped))" -eq 0 ]; then
    failed=1 note=" (ran no test)"
  elif [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then
    failed=1 note=" (exit code $status)"
  fi
  [ "$status" -eq 124 ] && note=" (stopped after $time_limit s)"
  echo "$passed $failed $skipped" >"$logs/$name.counts"
  [ "$failed" -eq 0 ] || sed 's/^/    /' "$log" | tail -n 200
  echo "$name: $passed passed, $failed failed, $skipped skipped in $((SECONDS - started)) s$note"
}

run_doctest_programs() {
  local name running=0
  while read -r name; do
    is_wanted "$name" || continue
    runners=$((runners + 1))
    if [ "$running" -eq 2 ]; then
      wait -n
      running=$((running - 1))
    fi
    run_one doctest "$name" "$STEPWELL_BIN/$name" &
    running=$((running + 1))
  done <"$STEPWELL_BUILD/doctest_programs.txt"
  wait
}

run_scripts() {
  local script name
  for script in "$runners_folder"/*.sh; do
    name=$(basename "$script" .sh)
    if is_wanted "$name"; then
      runners=$((runners + 1))
      run_one script "$name" "$script"
    fi
  done
}

run_doctest_programs
run_scripts
if [ "$runners" -eq 0 ]; then
  echo "tests/run.sh: no runner's name contains: $*" >&2
  exit 2
fi
counts=("$logs"/*.counts)
if [ ${#counts[@]} -ne "$runners" ]; then
  echo "tests/run.sh: $runners runners were started, ${#counts[@]} left their counts" >&2
  exit 1
fi
echo "all runners: $SECONDS s; logs in ${logs#"$PWD"/}"
awk '{ passed += $1; failed += $2; skipped += $3 }
     END { printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
           exit failed > 0 }' \
  "${counts[@]}"
