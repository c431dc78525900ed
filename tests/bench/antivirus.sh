#!/usr/bin/env bash
# Times antivirus, in its sandbox, against the same calls of libclamav in a plain loop, in paired runs, and prints the
# ratio of what each gets done in a second.
#
#     tests/bench/antivirus.sh [RUNS [FILES [SIGNATURES]]]
#
# RUNS pairs (default 5) over FILES programs and libraries (default 2000), and over as many small texts, with SIGNATURES
# hashes (default 100000) that none of them has. Needs a release build (tools/quickstart.sh makes one). Loading the
# signatures is not counted on either side; both read the files from the page cache and have their temporary files in
# memory. Other work on the machine shows in the spread: quote the median.
set -euo pipefail
cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/../.."

runs=${1:-5}
files=${2:-2000}
signatures=${3:-100000}
programs=$PWD/build/release/tests
scratch=$(mktemp -d -p /dev/shm)
trap 'rm -rf -- "$scratch"' EXIT
cmake --build build/release --target plain_clamav caged_clamav rebus_clamav_program > "$scratch/build.log" ||
  { tail -20 "$scratch/build.log" >&2; echo "antivirus.sh: no release build: run tools/quickstart.sh first" >&2; exit 2; }

make_signatures() {
  mkdir "$scratch/signatures"
  awk -v n="$signatures" 'BEGIN { srand(1); for (i = 0; i < n; i++) {
      hash = ""; for (j = 0; j < 4; j++) hash = hash sprintf("%08x", int(rand() * 4294967295));
      printf "%s:%d:Bench-%d\n", hash, 1000 + i, i } }' > "$scratch/signatures/bench.hdb"
}

make_lists() {
  find /usr/bin /usr/lib -type f -size +0 -size -4000k -print0 | xargs -0 file -N --mime-type --print0 -- 2>/dev/null |
    grep -aE 'application/x-(pie-executable|executable|sharedlib)' | cut -d '' -f 1 | head -n "$files" > "$scratch/programs" || true
  find /usr/share/doc /usr/include -type f -size +0 -size -16k 2>/dev/null | head -n "$files" > "$scratch/texts" || true
}

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

compare() {
  local list=$scratch/$1 i plain caged
  xargs -d '\n' cat -- < "$list" > /dev/null
  for ((i = 0; i < runs; i++)); do
    plain=$(cd "$scratch" && "$programs/plain_clamav" "$scratch/signatures" < "$list")
    caged=$("$programs/caged_clamav" "$scratch/signatures" < "$list")
    [[ ${plain% *} == "${caged% *}" ]] || { echo "antivirus.sh: they found different things" >&2; exit 1; }
    echo "${plain#* }" >> "$scratch/plain"
    echo "${caged#* }" >> "$scratch/caged"
    awk -v p="${plain#* }" -v c="${caged#* }" 'BEGIN { printf "%.3f\n", p / c }' >> "$scratch/ratios"
  done
  printf '%-10s %6d files %8s s  %8s s  %6s\n' "$1" "$(wc -l < "$list")" "$(median < "$scratch/caged")" \
    "$(median < "$scratch/plain")" "$(median < "$scratch/ratios")"
  rm -f "$scratch/plain" "$scratch/caged" "$scratch/ratios"
}

make_signatures
make_lists
printf '%-23s %10s  %10s  %6s\n' "" "sandbox" "plain" "ratio"
compare programs
compare texts
