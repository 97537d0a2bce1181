#!/usr/bin/env bash
# Installs the packages of packages.txt that this machine misses. Probes first: when nothing is
# missing, no package manager is called, so a machine without a network works too.
# With the word "demo" also those of the demo's TypeScript examples, with "tests" all.
# Exit codes: 0 all there, 2 something is missing and cannot be installed from here.
set -euo pipefail
cd "$(dirname "$0")/.."

wanted=${1:-}
read -ra compiler <<<"${CXX:-g++}"  # it may have words behind it, as CMake takes them

# Prints "package kind argument" for each package of packages.txt that is wanted.
list_packages() {
  local rest
  case $wanted in
    tests) rest="" ;;
    demo) rest='/^\[tests\]/,$d' ;;
    *) rest='/^\[/,$d' ;;
  esac
  sed "$rest" packages.txt |
    sed -nE 's/^([a-z0-9][^ ]*) +([a-z]+):([^ ]+).*/\1 \2 \3/p'
}

# Prints the packages whose header the compiler does not find; one call of it asks for all.
list_missing_headers() {
  list_packages |
    awk '$2 == "header" { printf "#if !__has_include(<%s>)\nMISSING %s\n#endif\n", $3, $1 }' |
    "${compiler[@]}" -std=c++20 -E -P -x c++ - |
    awk '$1 == "MISSING" { print $2 }'
}

# any_exists FILE,FILE...
any_exists() {
  local files file
  IFS=, read -ra files <<<"$1"
  for file in "${files[@]}"; do
    [ -e "$file" ] && return 0
  done
  return 1
}

list_missing() {
  list_packages | while read -r package kind argument; do
    case $kind in
      command) command -v "$argument" >/dev/null || echo "$package" ;;
      file) any_exists "$argument" || echo "$package" ;;
    esac
  done
  if command -v "${compiler[0]}" >/dev/null; then
    list_missing_headers
  else
    list_packages | awk '$2 == "header" { print $1 }'
  fi
}

give_up() {
  {
    echo "$1"
    echo "missing here: $missing"
    echo "Stepwell needs these (Debian's names; other systems have them under similar ones):"
    sed -nE 's/^([a-z0-9][^ ]*) .*# (.*)/  \1: \2/p' packages.txt
  } >&2
  exit 2
}

missing=$(list_missing | sort -u | paste -sd ' ' -)
if [ -z "$missing" ]; then
  echo "packages: everything is here"
  exit 0
fi
echo "packages: missing $missing"
command -v apt-get >/dev/null || give_up "there is no apt-get on this system: install them yourself"

# Debian's tools, as root; sudo may ask for a password only where somebody can answer.
as_root=(env DEBIAN_FRONTEND=noninteractive)
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || give_up "not root, and there is no sudo: run as root
  apt-get install --no-install-recommends $missing"
  as_root=(sudo env DEBIAN_FRONTEND=noninteractive)
  [ -t 0 ] || as_root=(sudo -n env DEBIAN_FRONTEND=noninteractive)
fi
# apt-get talks a lot: its words go to a log, which is shown when it fails.
log=build/apt.log
mkdir -p build
run_apt() {
  "${as_root[@]}" apt-get -q -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" >>"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    give_up "apt-get $1 failed; all of its output is in $log"
  }
}

read -ra names <<<"$missing"
started=$SECONDS
echo "packages: installing them with apt-get (output in $log)"
: >"$log"
run_apt update
run_apt install -y --no-install-recommends "${names[@]}"
echo "packages: installed in $((SECONDS - started)) s"

missing=$(list_missing | sort -u | paste -sd ' ' -)
[ -z "$missing" ] || give_up "apt-get ran, but something is still missing"
echo "packages: everything is here"
