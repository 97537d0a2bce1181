#!/usr/bin/env bash
# Fifty SIGKILLs under load on the real server: see tests/crash/crash_test.cc.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
status=0
"$STEPWELL_BIN/crash-test" "$STEPWELL_BIN/crash-app" "$folder" 50 1000 || status=$?
if [ "$status" -ne 0 ]; then tail -n 20 "$folder/app.log"; fi
exit "$status"
