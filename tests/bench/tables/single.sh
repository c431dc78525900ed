# One file, small or large, and a bus that has nothing to do.

repeats=20  # of what takes milliseconds

repeated() {
  local i
  for ((i = 0; i < repeats; i++)); do "$@" > /dev/null; done
}
hash_by_us() { repeated rebus_agent hasher inject /bin/ls -- return md5_hash; }
hash_by_md5sum() { repeated md5sum /bin/ls; }

row_of_small_file() {
  time_both hash_by_us hash_by_md5sum
  printf '| one small file: `hasher inject /bin/ls -- return md5_hash`; `md5sum` | %.1f ms | %.1f ms | %.1f ms more | ≤ 30 ms more |\n' \
    "$(median_of_pairs "\$1 * 1000 / $repeats")" "$(median_of_pairs "\$2 * 1000 / $repeats")" \
    "$(median_of_pairs "(\$1 - \$2) * 1000 / $repeats")"
}

# Of the largest process of those that the function started, in MiB, in $scratch/peaks.
with_peak() { /usr/bin/time -a -o "$scratch/peaks" -f '%M' -- "$@"; }

prepare_store_large_file() { sync; }
store_large_file() {
  with_peak rebus_agent --storage rocksdb --path "$scratch/store" inject "$corpora/large" > /dev/null 2>&1
}
finish_store_large_file() { rm -rf -- "$scratch/store"; }
prepare_copy_large_file() { sync; }
copy_large_file() { cp "$corpora/large" "$scratch/copy" && sync; }
finish_copy_large_file() { rm -f -- "$scratch/copy"; }

row_of_large_file() {
  local bytes=$((large << 30))
  if [[ $(stat -c %s "$corpora/large" 2> /dev/null) != "$bytes" ]]; then
    head -c "$bytes" /dev/urandom > "$corpora/large"
  fi
  : > "$scratch/peaks"
  pair "a file of $large GiB into RocksDB; \`cp F G && sync\`" store_large_file copy_large_file '≤ 1.5'
  printf '| the same, memory of the largest process | %s MiB | | | ≤ 128 MiB |\n' \
    "$(sort -n "$scratch/peaks" | awk 'END { printf "%d", $1 / 1024 }')"
}

switches_of() { cat /proc/"$1"/task/*/status | awk '/^voluntary_ctxt_switches/ { sum += $2 } END { print sum }'; }

rows_of_idle_bus() {
  local i before=() words=('the master, RocksDB' 'an agent (hasher)')
  start_bus rocksdb hasher
  sleep 3
  for i in 0 1; do before[i]=$(switches_of "${bus_processes[i]}"); done
  sleep 10
  for i in 0 1; do
    printf '| an idle bus: %s | %s MiB, %s wake-ups/s | | | ≤ 40 MiB, ≤ 5/s |\n' "${words[i]}" \
      "$(awk '/^VmRSS/ { printf "%d", $2 / 1024 }' /proc/"${bus_processes[i]}"/status)" \
      "$(awk -v a="${before[i]}" -v b="$(switches_of "${bus_processes[i]}")" 'BEGIN { printf "%.1f", (b - a) / 10 }')"
  done
  stop_bus
}

table_single() {
  head_of_pairs
  row_of_small_file
  row_of_large_file
  rows_of_idle_bus
}
