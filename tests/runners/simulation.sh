#!/usr/bin/env bash
# The simulator: the plans that were kept, every scenario with a crash at each commit boundary and
# in the recovery from it, random plays of them and 600 random worlds on one core; 1,400 random
# worlds on the other. Says at the end how many passed.
set -euo pipefail
cd "$(dirname "$0")/../.."
source tests/side_by_side.bash

scenarios() {
  "$STEPWELL_BIN/stepwell-sim" --replay tests/seeds --sweep --plays 3000 &&
    "$STEPWELL_BIN/stepwell-sim" --seed 1401 --seeds 600
}
worlds() { "$STEPWELL_BIN/stepwell-sim" --seeds 1400; }
side_by_side scenarios worlds
