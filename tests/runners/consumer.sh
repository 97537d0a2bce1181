#!/usr/bin/env bash
# Installs Stepwell into an empty prefix, builds tests/consumer against nothing but that, once with
# find_package and once with pkg-config, and runs both programs.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$STEPWELL_BUILD/consumer
prefix=$work/prefix
passed=0 failed=0

# check NAME COMMAND...: counts whether the command succeeds, and goes on.
check() {
  echo "--- $1"
  if "${@:2}"; then
    passed=$((passed + 1))
  else
    echo "FAILED: $1"
    failed=$((failed + 1))
  fi
}

install_package() {
  cmake --install "$STEPWELL_BUILD" --prefix "$prefix" >"$work/install.log"
}

# The first program in the README, as a user would copy it.
copy_from_readme() {
  awk '/^```cpp$/ { inside = 1; next } /^```$/ && inside { exit } inside' README.md \
    >"$work/hello.cc"
  grep -q 'int main' "$work/hello.cc"
}

build_with_find_package() {
  cmake -S tests/consumer -B "$work/cmake" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_PREFIX_PATH="$prefix" -DHELLO="$work/hello.cc" >"$work/cmake.log" &&
    cmake --build "$work/cmake"
}

# CMake says which version it found and did not accept.
refuse_other_minor_version() {
  echo 'find_package(stepwell 0.999 REQUIRED)' >"$work/other_version.cmake"
  ! cmake -DCMAKE_PREFIX_PATH="$prefix" -P "$work/other_version.cmake" 2>"$work/version.log" &&
    grep -q 'stepwellConfig.cmake, version: 0\.' "$work/version.log"
}

# build_with_pkg_config PROGRAM MODULE
build_with_pkg_config() {
  local flags
  mkdir -p "$work/pkg-config"
  flags=$(PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name stepwell.pc)") \
    pkg-config --cflags --libs "$2") || return 1
  # shellcheck disable=SC2086 # the flags are words
  "${CXX:-g++}" -std=c++20 -O1 -o "$work/pkg-config/$1" "tests/consumer/$1.cc" $flags
}

# The run begins in one process and ends in another.
run_consumer() {
  local run
  run=$("$1" "$1.db" begin) && "$1" "$1.db" finish "$run"
}

run_hello() {
  (cd "$work" && "$work/cmake/hello" && "$work/cmake/hello")
}

rm -rf "$work"
mkdir -p "$work"
check "install into an empty prefix" install_package
check "find_package refuses another minor version" refuse_other_minor_version
check "copy the first program of the README" copy_from_readme
check "build with find_package" build_with_find_package
check "run what find_package built" run_consumer "$work/cmake/consumer"
check "run the README's program" run_hello
check "serve with what find_package built" "$work/cmake/serve"
check "build with pkg-config" build_with_pkg_config consumer stepwell
check "run what pkg-config built" run_consumer "$work/pkg-config/consumer"
check "build a server with pkg-config" build_with_pkg_config serve stepwell-server
check "serve with what pkg-config built" "$work/pkg-config/serve"
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
