#!/usr/bin/env bash
# The simulator: every scenario with a crash at each commit boundary and in the recovery from it,
# then random plays of them, then random worlds. Says at the end how many passed.
set -euo pipefail
cd "$(dirname "$0")/../.."
exec "$STEPWELL_BIN/stepwell-sim" --sweep --plays 3000 --seeds 300
