#!/usr/bin/env bash
# Replays the corpus of each fuzz target, tests/fuzz/fuzz_*.cc: one test a target.
set -euo pipefail
cd "$(dirname "$0")/../.."
passed=0 failed=0

for source in tests/fuzz/fuzz_*.cc; do
  name=$(basename "$source" .cc)
  # The last line that a broken target printed is the input that broke it.
  if "$STEPWELL_BIN/$name" "tests/fuzz/corpus/$name" >"$STEPWELL_BUILD/$name.log" 2>&1; then
    echo "$name: $(tail -n 1 "$STEPWELL_BUILD/$name.log")"
    passed=$((passed + 1))
  else
    echo "FAILED: $name"
    tail -n 20 "$STEPWELL_BUILD/$name.log"
    failed=$((failed + 1))
  fi
done

echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
