#!/usr/bin/env bash
# The simulator: the plans that were kept, every scenario with a crash at each commit boundary and
# in the recovery from it, and random plays of them on one core; random worlds on the other. Says at
# the end how many passed.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"$STEPWELL_BIN/stepwell-sim" --replay tests/seeds --sweep --plays 3000 \
  >"$folder/first" 2>&1 &
first=$!
"$STEPWELL_BIN/stepwell-sim" --seeds 750 >"$folder/second" 2>&1 &
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
