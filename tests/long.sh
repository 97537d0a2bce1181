#!/usr/bin/env bash
# The long runs, by hand, on a release build: tests/long.sh sim mutants disk crash overload fuzz
# (one, several, or all). SIM_SEEDS, MUTANT_SEEDS, DISK_SEEDS, KILLS and FUZZ_SECONDS change how
# long each takes.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=build/${STEPWELL_PRESET:-release}/bin
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# Random worlds, from SIM_FIRST on.
run_sim() {
  "$bin/stepwell-sim" --seed "${SIM_FIRST:-1}" --seeds "${SIM_SEEDS:-200000}"
}
# Every mutant.
run_mutants() {
  "$bin/stepwell-mutants" --hunt --seeds "${MUTANT_SEEDS:-10000}"
}
# Every scenario on a failing disk, at random and each fault at each call.
run_disk() {
  "$bin/stepwell-disk" --seeds "${DISK_SEEDS:-20000}"
  "$bin/stepwell-disk" --sweep --stride "${DISK_STRIDE:-7}"
}
run_crash() {
  "$bin/crash-test" "$bin/crash-app" "$folder" "${KILLS:-1000}" 20000
}
# 2,000 senders for five minutes: the memory that the server takes, its latency, its refusals.
run_overload() {
  "$bin/stepwell-bench" --check --reps 1 --dir "$folder" OVERLOAD
}
# With the preset "fuzz". What breaks is left in build/fuzz/found.
run_fuzz() {
  local target name
  mkdir -p build/fuzz/found
  for target in build/fuzz/bin/fuzz_*; do
    name=$(basename "$target")
    mkdir -p "build/fuzz/found/$name"
    "$target" -max_total_time="${FUZZ_SECONDS:-300}" -print_final_stats=1 \
      -artifact_prefix="build/fuzz/found/$name-" "build/fuzz/found/$name" \
      "tests/fuzz/corpus/$name"
  done
}

if [ $# -eq 0 ]; then set -- sim mutants disk crash overload fuzz; fi
for part in "$@"; do
  case $part in
    sim | mutants | disk | crash | overload | fuzz) "run_$part" ;;
    *)
      echo "usage: tests/long.sh [sim] [mutants] [disk] [crash] [overload] [fuzz]" >&2
      exit 2
      ;;
  esac
done
