# What the storage adds to the engine below it: the same bytes and the same syncs in a plain loop.

table_storage() {
  head_of_pairs 'plain loop'
  "$programs/storage_rates" 16 1 2000 "$rounds"
  "$programs/storage_rates" 16 64 20000 "$rounds"
  "$programs/storage_rates" 4096 64 10000 "$rounds"
}
