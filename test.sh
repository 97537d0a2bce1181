#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test: ./test.sh
# With words, only the runners whose name contains one of them: ./test.sh core tidy
# The last line is "N passed, N failed, N skipped"; exits 1 when a test failed or a runner broke.
set -euo pipefail
cd "$(dirname "$0")"
scripts/ensure-packages.sh tests
scripts/build.sh release
exec tests/run.sh "$@"
