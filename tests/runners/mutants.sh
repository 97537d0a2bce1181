#!/usr/bin/env bash
# The test of the tests: engines with a bug built in, each of which the simulator must catch within
# 300 seeds. Before, a canary shows that a failure is reported, and a world that fails is made
# smaller, kept, and played again.
set -euo pipefail
cd "$(dirname "$0")/../.."
mutants=$STEPWELL_BIN/stepwell-mutants
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
passed=0
failed=0

# check WHAT COMMAND...: whether the command succeeds.
check() {
  if "${@:2}" >"$folder/said" 2>&1; then
    passed=$((passed + 1))
    return
  fi
  failed=$((failed + 1))
  echo "FAILED: $1"
  cat "$folder/said"
}

is_reported() {
  ! "$mutants" --mutant canary --seed 1 >"$folder/canary" 2>&1 &&
    grep -q "seed=1 FAIL S-6 .* a canary sings" "$folder/canary"
}
fails_again() { ! "$mutants" --mutant end-without-event --replay "$folder/seed-1.txt"; }

check "the canary is reported" is_reported
check "without a mutant all is well" "$mutants" --seeds 10
check "a failing world is made smaller" \
  "$mutants" --mutant end-without-event --seed 1 --shrink --keep "$folder"
check "what is left of hundreds has one function and ten actions at most" \
  awk '/^function/ { functions++ } /^action/ { actions++ }
       END { exit !(functions == 1 && actions <= 10) }' "$folder/seed-1.txt"
check "it still fails with the mutant" fails_again
check "and not without" "$mutants" --replay "$folder/seed-1.txt"

if ! "$mutants" --hunt --seeds 300 >"$folder/hunt"; then echo "FAILED: not all were caught"; fi
cat "$folder/hunt"
read -r caught _ missed _ < <(tail -n 1 "$folder/hunt")
echo "$((passed + caught)) passed, $((failed + missed)) failed, 0 skipped"
[ "$((failed + missed))" -eq 0 ]
