#!/usr/bin/env bash
# The simulator: every scenario with a crash at each commit boundary and in the recovery from it,
# then random plays. Says at the end how many plays passed.
set -euo pipefail
cd "$(dirname "$0")/../.."
exec "$STEPWELL_BIN/stepwell-sim" --sweep --seeds 3000
