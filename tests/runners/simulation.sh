#!/usr/bin/env bash
# The simulator: the plans that were kept, every scenario with a crash at each commit boundary and
# in the recovery from it, random plays of them and 600 random worlds on one core; 1,400 random
# worlds on the other. Says at the end how many passed.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

first() {
  "$STEPWELL_BIN/stepwell-sim" --replay tests/seeds --sweep --plays 3000
  "$STEPWELL_BIN/stepwell-sim" --seed 1401 --seeds 600
}
first >"$folder/first" 2>&1 &
first=$!
"$STEPWELL_BIN/stepwell-sim" --seeds 1400 >"$folder/second" 2>&1 &
second=$!
status=0
wait "$first" || status=1
wait "$second" || status=1
cat "$folder/first" "$folder/second"
awk -v status="$status" '
  /^[0-9]+ passed, [0-9]+ failed, 0 skipped$/ { passed += $1; failed += $3 }
  END {
    if (status && !failed) failed = 1  # one died without a word
    print passed " passed, " failed " failed, 0 skipped"
    exit failed > 0
  }' "$folder/first" "$folder/second"
