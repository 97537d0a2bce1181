#!/usr/bin/env bash
# What must not compile: tests/compile_fail/*.cc, two at a time.
#
# A file with a line "// expect: text" must fail to compile, with that text in the diagnostics (each
# such line is looked for); a line "// flags: …" adds options of the compiler. With STEPWELL_CONTROL
# defined and without those flags it must compile: the same code with the mistake mended, so that no
# file fails for a reason of its own. A file without such a line is a control for all and must
# compile as it is.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$STEPWELL_BUILD/compile_fail
compile=("${CXX:-g++}" -std=c++20 -fsyntax-only -Wall -Wextra -Werror -I. -Iapi)

check_compiles() {
  local name=$1 log=$work/$1.control.log
  if "${compile[@]}" -DSTEPWELL_CONTROL "tests/compile_fail/$name.cc" >"$log" 2>&1; then
    echo "passed $name: the control compiles"
  else
    echo "failed $name: the control does not compile"
    sed -n 1,20p "$log"
  fi
}

check_refused() {
  local name=$1 log=$work/$1.log expected
  local -a flags
  mapfile -t flags < <(sed -nE 's|^// flags: ||p' "tests/compile_fail/$name.cc" | tr ' ' '\n')
  if "${compile[@]}" "${flags[@]}" "tests/compile_fail/$name.cc" >"$log" 2>&1; then
    echo "failed $name: it compiles"
    return
  fi
  while IFS= read -r expected; do
    if ! grep -qF -- "$expected" "$log"; then
      echo "failed $name: the compiler does not say '$expected'"
      sed -n 1,20p "$log"
      return
    fi
  done < <(sed -nE 's|^// expect: ||p' "tests/compile_fail/$name.cc")
  echo "passed $name: refused as expected"
}

check_file() {
  check_compiles "$1"
  if grep -q '^// expect: ' "tests/compile_fail/$1.cc"; then
    check_refused "$1"
  fi
}

rm -rf "$work"
mkdir -p "$work"
running=0
for file in tests/compile_fail/*.cc; do
  name=$(basename "$file" .cc)
  if [ "$running" -eq 2 ]; then
    wait -n
    running=$((running - 1))
  fi
  check_file "$name" >"$work/$name.result" &
  running=$((running + 1))
done
wait
cat "$work"/*.result
cat "$work"/*.result | awk '/^passed / { ++passed } /^failed / { ++failed }
  END { printf "%d passed, %d failed, 0 skipped\n", passed, failed; exit failed > 0 }'
