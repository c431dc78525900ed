#!/bin/bash
# Measures rebus against what people would write or run instead, in paired runs, and prints tables of medians and ratios.
#
#   tools/bench.sh [--write] [--rounds N] [--large GIB] [--most N] [TABLE…]
#
#   --write      also into docs/performance.md, in place of the tables that are there
#   --rounds N   pairs of each (default 5)
#   --large GIB  size of the large file (default 1)
#   --most N     descriptors in the longest run of growth (default 100000)
#   TABLE        only these: chains, native, descriptors, storage, steps, single, growth
#
# Installs what is missing and builds the preset release. The files are those of this machine. Both sides of a pair print
# the same lines, or the run ends. Other work on the machine shows in the figures.
set -euo pipefail
cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.."

all_tables=(chains native descriptors storage steps single growth)
writes=no
rounds=5
large=1
most=100000
tables=()

usage() {
  echo "bench.sh: $1; usage: tools/bench.sh [--write] [--rounds N] [--large GIB] [--most N] [TABLE...], of: ${all_tables[*]}" >&2
  exit 2
}

while [[ $# -gt 0 ]]; do
  case $1 in
    --write) writes=yes ;;
    --rounds | --large | --most)
      [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || usage "$1 takes a number"
      declare "${1#--}=$2"
      shift
      ;;
    *)
      [[ " ${all_tables[*]} " == *" $1 "* ]] || usage "there is no table '$1'"
      tables+=("$1")
      ;;
  esac
  shift
done
[[ ${#tables[@]} -gt 0 ]] || tables=("${all_tables[@]}")

corpora=$PWD/build/bench
programs=$PWD/build/release/tests
PATH=$PWD/build/release/bin:$PATH
scratch=$(mktemp -d)
trap 'jobs -p | xargs -r kill; wait; rm -rf -- "$scratch"' EXIT

for part in tests/bench/{corpora,pairs,local_bus}.sh tests/bench/tables/*.sh; do
  # shellcheck source=/dev/null
  source "$part"
done

build() {
  tools/packages.sh build test bench >&2
  cmake --preset release -DBUILD_TESTING=ON >&2
  cmake --build --preset release --parallel "$(nproc)" --target programs benchmarks >&2
}

# Puts $scratch/table into the page, between the marks of that name.
write_table() {
  awk -v name="$1" -v table="$scratch/table" '
    $0 == "<!-- end of " name " -->" { inside = 0 }
    !inside { print }
    $0 == "<!-- " name ", of tools/bench.sh -->" { inside = 1; while ((getline line < table) > 0) print line }
  ' docs/performance.md > "$scratch/page"
  cp -- "$scratch/page" docs/performance.md
}

build
make_corpora
for name in "${tables[@]}"; do
  {
    if [[ $name == growth ]]; then how='Single runs'; else how="Medians of $rounds rounds"; fi
    printf '%s on %s processors, %s.\n\n' "$how" "$(nproc)" "$(date -u +%F)"
    "table_$name"
  } > "$scratch/table"
  printf '\n%s\n' "$name" && cat "$scratch/table"
  if [[ $writes == yes ]]; then write_table "$name"; fi
done
