# What single steps take, without any input or output.

table_steps() {
  printf '| | each takes | per second |\n| --- | --- | --- |\n'
  "$programs/micro" --benchmark_format=csv --benchmark_min_time=0.1 --benchmark_repetitions="$rounds" 2> /dev/null |
    tr -d '"' | awk -F, '
    sub("_median$", "", $1) {
      sub("/0$", "", $1)
      if (sub("/", ", ", $1)) $1 = $1 " bytes"
      gsub("_", " ", $1)
      printf "| %s | %.2f µs | %d |\n", $1, 1e6 / $7, $7
    }'
}
