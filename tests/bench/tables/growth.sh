# Whether a bus slows down as it grows, in descriptors and in agents; and a picture of that.

table_growth() {
  local count agents
  printf '| | at the start | at the end | ratio | memory of the master | aim |\n| --- | --- | --- | --- | --- | --- |\n'
  rm -f -- "$scratch/samples"
  for ((count = 1000; count <= most; count *= 10)); do "$programs/growth" "$count" 3 "$scratch/samples"; done
  for agents in 1 4 16 64; do "$programs/growth" 10000 "$agents" "$scratch/samples"; done
  if [[ $writes == yes ]]; then
    gnuplot -e "samples='$scratch/samples'; picture='docs/growth.svg'" tests/bench/growth.gp
  fi
}
