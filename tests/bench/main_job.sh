#!/usr/bin/env bash
# Times the main job against the shell's way of doing the same work, in paired runs, and prints the ratio.
#
#     tests/bench/main_job.sh [RUNS [FILES]]
#
# RUNS pairs (default 5) over a tar.gz of FILES real ELF files (default 2000) of this machine. Needs a release build
# (tools/quickstart.sh makes one). Both sides read the archive from the page cache. Other work on the machine
# shows in the spread: quote the median.
set -euo pipefail
cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/../.."

runs=${1:-5}
files=${2:-2000}
agent=build/release/bin/rebus_agent
scratch=$(mktemp -d)
trap 'rm -rf -- "$scratch"' EXIT
[[ -x $agent ]] || { echo "main_job.sh: no $agent: run tools/quickstart.sh first" >&2; exit 2; }

make_archive() {
  find /usr/bin /usr/lib -type f -size -4000k -print0 |
    xargs -0 file -N --mime-type --print0 -- 2>/dev/null | grep -aE 'application/x-(pie-executable|executable|sharedlib)' |
    cut -d '' -f 1 | head -n "$files" > "$scratch/list" || true
  tar -czf "$scratch/apt1.tgz" --files-from="$scratch/list" 2>/dev/null
  printf 'corpus: %s files, %s MB packed\n' "$(wc -l < "$scratch/list")" \
    "$(($(stat -c %s "$scratch/apt1.tgz") / 1000000))"
}

# What an analyst types without rebus: no types, no nesting, no second tool.
shell_way() {
  mkdir "$scratch/out"
  tar -xzf "$scratch/apt1.tgz" -C "$scratch/out"
  (cd "$scratch/out" && find . -type f -print0 | xargs -0 md5sum) > "$scratch/shell.txt"
  rm -rf "$scratch/out"
}

chain() {
  "$agent" "$@" hasher unarchive inject "$scratch/apt1.tgz" -- return --short md5_hash > "$scratch/chain.txt"
}
in_memory() { chain; }
on_disk() {
  chain --storage rocksdb --path "$scratch/store"
  rm -rf "$scratch/store"
}

seconds() {
  local begin=$EPOCHREALTIME
  "$@"
  awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.3f", b - a }'
}

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

compare() {
  local name=$1 way=$2 i a b
  : > "$scratch/ratios"
  "$way"
  shell_way
  for ((i = 0; i < runs; i++)); do
    a=$(seconds "$way")
    b=$(seconds shell_way)
    echo "$a" >> "$scratch/a"
    echo "$b" >> "$scratch/b"
    awk -v a="$a" -v b="$b" 'BEGIN { printf "%.3f\n", a / b }' >> "$scratch/ratios"
  done
  printf '%-34s %8s s  %8s s  %6s\n' "$name" "$(median < "$scratch/a")" "$(median < "$scratch/b")" \
    "$(median < "$scratch/ratios")"
  rm -f "$scratch/a" "$scratch/b"
}

make_archive
printf '%-34s %10s  %10s  %6s\n' "" "rebus" "tar|md5sum" "ratio"
compare "one process, memory" in_memory
compare "one process, RocksDB, durable" on_disk
