#!/bin/bash
# Times rebus against what people would write or run instead, in paired runs, and prints tables of medians and ratios.
#
#   tools/bench.sh [ROUNDS]           pairs of each (default 5): some ten minutes
#   tools/bench.sh --write [ROUNDS]   the same, into docs/performance.md, in place of the tables that are there
#
# Installs what is missing and builds the preset release. The files are those of this machine, archived in build/bench
# and read from the page cache. Both sides of a pair print the same lines, or the run ends. Other work on the machine
# shows in the figures.
set -euo pipefail
cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.."

writes=no
if [[ ${1:-} == --write ]]; then
  writes=yes
  shift
fi
rounds=${1:-5}
if [[ ! $rounds =~ ^[1-9][0-9]*$ || $# -gt 1 ]]; then
  echo "bench.sh: usage: tools/bench.sh [--write] [ROUNDS]" >&2
  exit 2
fi

corpora=$PWD/build/bench
agent=$PWD/build/release/bin/rebus_agent
native=$PWD/build/release/tests/native_chain
scratch=$(mktemp -d)

trap 'jobs -p | xargs -r kill; wait; rm -rf -- "$scratch"' EXIT

build() {
  tools/packages.sh build test bench >&2
  cmake --preset release -DBUILD_TESTING=ON >&2
  cmake --build --preset release --parallel "$(nproc)" --target programs native_chain >&2
}

# --- what is worked on ---

names_of_programs() {
  find /usr/bin /usr/lib -type f -size -4000k -print0 |
    xargs -0 file -N --mime-type --print0 -- 2>/dev/null |
    grep -aE 'application/x-(pie-executable|executable|sharedlib)' | cut -d '' -f 1 | head -n 2000 || true
}

# Five zip files of five tar.gz of 200 sources each, in a tar.gz.
make_nested() {
  local dir=$scratch/nested i
  mkdir "$dir"
  find /usr/include /usr/share/perl /usr/lib/python3 -type f -size +0 -size -40k | head -n 5000 > "$dir/all" || true
  split -d -a 2 -l 200 "$dir/all" "$dir/part."
  for part in "$dir"/part.*; do tar -czf "$dir/inner${part##*.}.tgz" -T "$part" 2>/dev/null; done
  for i in 0 1 2 3 4; do
    (cd "$dir" && find . -name 'inner*.tgz' | sort | sed -n "$((i * 5 + 1)),$((i * 5 + 5))p" | zip -q -0 "zip$i.zip" -@)
  done
  (cd "$dir" && tar -czf "$corpora/nested.tgz" zip?.zip)
  rm -rf -- "$dir"
}

make_corpora() {
  mkdir -p "$corpora"
  if [[ ! -e $corpora/programs.tgz ]]; then
    names_of_programs > "$scratch/programs"
    tar -czf "$corpora/programs.tgz" --hard-dereference -T "$scratch/programs" 2>/dev/null
  fi
  [[ -e $corpora/nested.tgz ]] || make_nested
  if [[ ! -e $corpora/texts ]]; then
    find /usr/share /usr/include /usr/lib -type f -size +0 -size -60k -print0 |
      xargs -0 file -N --mime-type --print0 --print0 -- 2>/dev/null | tr '\0\n' '\n\0' |
      awk 'NR % 2 { name = $0; next } /^text/ { n = split(name, parts, "/"); if (!seen[parts[n]]++) print name }' |
      head -n 20000 | tr '\n' '\0' > "$corpora/texts" || true
  fi
}

# --- the rivals; all print "LABEL = SHA-256" ---

main_job() { "$agent" "$@" -- return --short signature/sha256; }
memory() { main_job hasher --algorithms sha256 --selector-prefix "$1" unarchive file_id inject "$2"; }
programs_in_memory() { memory /binary "$corpora/programs.tgz"; }
nested_in_memory() { memory / "$corpora/nested.tgz" | grep -vE '\.(tgz|zip) = '; }  # archives have hashes, too
texts_in_memory() {
  main_job hasher --algorithms sha256 --selector-prefix / file_id inject --files-from "$corpora/texts"
}
programs_on_disk() {
  main_job --storage rocksdb --path "$scratch/store" \
    hasher --algorithms sha256 unarchive file_id inject "$corpora/programs.tgz"
  rm -rf -- "$scratch/store"
}

native_programs() { "$native" "$corpora/programs.tgz"; }
native_nested() { "$native" "$corpora/nested.tgz"; }
native_texts() { "$native" --files-from "$corpora/texts"; }
python_programs() { /usr/bin/python3 tests/bench/python_chain.py "$corpora/programs.tgz"; }


shell_programs() {
  mkdir "$scratch/out"
  bsdtar -xf "$corpora/programs.tgz" -C "$scratch/out"
  (cd "$scratch/out" && find . -type f -print0 | xargs -0 -P 2 -n 100 file -b > /dev/null &&
    find . -type f -print0 | xargs -0 -P 2 -n 100 sha256sum | sed 's,^\([0-9a-f]*\)  \./\(.*\),programs.tgz:\2 = \1,')
  rm -rf -- "$scratch/out"
}

# --- the clock ---

seconds() {
  local begin=$EPOCHREALTIME
  "$@" > "$scratch/lines"
  awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.3f", b - a }'
}

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# A row of the table: its words, and both sides, which must print as many lines.
pair() {
  local words=$1 one=$2 other=$3 i a b lines=
  : > "$scratch/a"
  : > "$scratch/b"
  : > "$scratch/ratios"
  for ((i = 0; i <= rounds; i++)); do
    a=$(seconds "$one")
    lines=$(wc -l < "$scratch/lines")
    b=$(seconds "$other")
    if [[ $lines != "$(wc -l < "$scratch/lines")" ]]; then
      echo "bench.sh: $one prints $lines lines, $other $(wc -l < "$scratch/lines")" >&2
      exit 1
    fi
    [[ $i -gt 0 ]] || continue  # the first warms up
    echo "$a" >> "$scratch/a"
    echo "$b" >> "$scratch/b"
    awk -v a="$a" -v b="$b" 'BEGIN { printf "%.3f\n", a / b }' >> "$scratch/ratios"
  done
  printf '| %s | %.2f s | %.2f s | %.2f |\n' "$words" "$(median < "$scratch/a")" "$(median < "$scratch/b")" \
    "$(median < "$scratch/ratios")"
}

tables() {
  printf 'Medians of %s pairs on %s processors, %s.\n\n' "$rounds" "$(nproc)" "$(date -u +%F)"
  printf '| | rebus | the other | ratio |\n| --- | --- | --- | --- |\n'
  pair '2,000 programs in a tar.gz; native program, 2 threads' programs_in_memory native_programs
  pair '5,000 small sources in tar.gz in zip in tar.gz; the same' nested_in_memory native_nested
  pair '20,000 small texts as files; the same' texts_in_memory native_texts
  pair 'the programs, RocksDB, durable; the same' programs_on_disk native_programs
  pair 'the programs; 30 lines of Python' programs_in_memory python_programs
  pair 'the programs; bsdtar, file, sha256sum, two at a time' programs_in_memory shell_programs
}

build
make_corpora
tables | tee "$scratch/tables"
if [[ $writes == yes ]]; then
  awk -v tables="$scratch/tables" '
    /<!-- end of the tables -->/ { inside = 0 }
    !inside { print }
    /<!-- tables of tools\/bench.sh -->/ { inside = 1; while ((getline line < tables) > 0) print line }
  ' docs/performance.md > "$scratch/page"
  cp -- "$scratch/page" docs/performance.md
fi
