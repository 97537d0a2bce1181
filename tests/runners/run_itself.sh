#!/usr/bin/env bash
# tests/run.sh on made-up runners: it must count what they count, and notice the broken ones.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$STEPWELL_BUILD/run_itself
passed=0 failed=0
rm -rf "$work"
mkdir -p "$work/bin" "$work/runners"

# make_runner FILE COMMAND...
make_runner() {
  printf '#!/usr/bin/env bash\n%s\n' "$2" >"$work/$1"
  chmod +x "$work/$1"
}

# expect NAME STATUS LAST_LINE [pattern]: runs those whose name contains the pattern.
expect() {
  local status=0 last
  STEPWELL_BUILD=$work STEPWELL_RUNNERS=$work/runners tests/run.sh "${@:4}" \
    >"$work/$1.log" 2>&1 || status=$?
  last=$(tail -n 1 "$work/$1.log")
  if [ "$status" -eq "$2" ] && [ "$last" = "$3" ]; then
    passed=$((passed + 1))
  else
    echo "FAILED: $1: exit code $status, last line '$last'; expected $2 and '$3'"
    failed=$((failed + 1))
  fi
}

summary='[doctest] test cases:'
make_runner bin/unit_good "echo '$summary  6 |  5 passed | 0 failed | 1 skipped'"
make_runner bin/unit_bad "echo '$summary 3 | 1 passed | 2 failed | 0 skipped'; exit 1"
make_runner bin/unit_crash "echo '$summary 3 | 3 passed | 0 failed | 0 skipped'; kill -SEGV \$\$"
make_runner bin/unit_empty "echo '$summary 0 | 0 passed | 0 failed | 0 skipped'"
printf 'unit_good\nunit_bad\nunit_crash\nunit_empty\nunit_absent\n' >"$work/doctest_programs.txt"
make_runner runners/script_good.sh "echo 2 passed, 0 failed, 1 skipped"
make_runner runners/script_silent.sh "echo 2 passed, 0 failed, 0 skipped; echo and more"
make_runner runners/script_lost.sh "echo 2 passed, 0 failed, 0 skipped; exit 3"

expect sum 0 "7 passed, 0 failed, 2 skipped" good
expect failing_test 1 "1 passed, 2 failed, 0 skipped" unit_bad
expect crash_after_summary 1 "3 passed, 1 failed, 0 skipped" unit_crash
expect runs_nothing 1 "0 passed, 1 failed, 0 skipped" unit_empty
expect program_missing 1 "0 passed, 1 failed, 0 skipped" unit_absent
expect summary_not_last 1 "0 passed, 1 failed, 0 skipped" script_silent
expect exit_code_counts 1 "2 passed, 1 failed, 0 skipped" script_lost
expect several_patterns 1 "8 passed, 2 failed, 2 skipped" good unit_bad
expect unknown_name 2 "tests/run.sh: no runner's name contains: nothing" nothing
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
