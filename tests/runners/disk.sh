#!/usr/bin/env bash
# The real SQLite journal on a simulated disk: random plays, and each fault at each call of the disk
# in two scenarios. Says at the end how many plays passed.
set -euo pipefail
cd "$(dirname "$0")/../.."
source tests/side_by_side.bash

plays_and_wait() { "$STEPWELL_BIN/stepwell-disk" --seeds 300 --sweep --scenario wait; }
parallel() { "$STEPWELL_BIN/stepwell-disk" --sweep --scenario parallel/evict; }
side_by_side plays_and_wait parallel
