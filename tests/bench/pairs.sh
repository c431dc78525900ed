# The clock of tools/bench.sh.

# Runs a function, its output in $scratch/lines, and gives its seconds. What goes before it and what goes after it, untimed, are
# functions of its name with prepare_ and finish_.
seconds() {
  local begin end
  if declare -F "prepare_$1" > /dev/null; then "prepare_$1" > /dev/null; fi
  begin=$EPOCHREALTIME
  "$1" > "$scratch/lines"
  end=$EPOCHREALTIME
  if declare -F "finish_$1" > /dev/null; then "finish_$1" > /dev/null; fi
  time_taken=$(awk -v a="$begin" -v b="$end" 'BEGIN { printf "%.4f", b - a }')
}

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# Both sides in turns; times in $scratch/ours and $scratch/others. They must print as many lines.
time_both() {
  local one=$1 other=$2 i ours lines
  : > "$scratch/ours"
  : > "$scratch/others"
  for ((i = 0; i <= rounds; i++)); do
    seconds "$one"
    ours=$time_taken
    lines=$(wc -l < "$scratch/lines")
    seconds "$other"
    if [[ $lines != "$(wc -l < "$scratch/lines")" ]]; then
      echo "bench.sh: $one prints $lines lines, $other $(wc -l < "$scratch/lines")" >&2
      exit 1
    fi
    [[ $i -gt 0 ]] || continue  # the first warms up
    echo "$ours" >> "$scratch/ours"
    echo "$time_taken" >> "$scratch/others"
  done
}

median_of_pairs() { paste "$scratch/ours" "$scratch/others" | awk "{ print $1 }" | median; }

# A row of a table: its words, both sides, and what the ratio should be.
pair() {
  time_both "$2" "$3"
  printf '| %s | %.2f s | %.2f s | %.2f | %s |\n' "$1" "$(median < "$scratch/ours")" "$(median < "$scratch/others")" \
    "$(median_of_pairs '$1 / $2')" "${4:-}"
}

# head_of_pairs [OTHER]
head_of_pairs() {
  printf '| | rebus | %s | ratio | aim |\n| --- | --- | --- | --- | --- |\n' "${1:-the other}"
}
