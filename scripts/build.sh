#!/usr/bin/env bash
# Builds one preset, installing what is missing first: scripts/build.sh [preset] [target...]
# The default is everything of "release". Programs land in build/<preset>/bin/.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${1:-release}
targets=("${@:2}")

scripts/ensure-packages.sh
started=$SECONDS
echo "build: configuring preset $preset"
cmake --preset "$preset" >/dev/null
echo "build: compiling into build/$preset/bin (the first time takes some minutes)"
if [ ${#targets[@]} -eq 0 ]; then
  cmake --build --preset "$preset"
else
  cmake --build --preset "$preset" --target "${targets[@]}"
fi
echo "build: done in $((SECONDS - started)) s"
