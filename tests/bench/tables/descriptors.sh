# What the bus costs a small descriptor: one producer and three consumers, and one hop; against a broker that does the least that
# could be done.

table_descriptors() {
  local transport
  head_of_pairs 'bare broker'
  "$programs/tiny_descriptors" ipc ram 16 100000 "$rounds"
  "$programs/tiny_descriptors" ipc rocksdb 4096 20000 "$rounds"
  "$programs/tiny_descriptors" tcp ram 16 50000 "$rounds"
  "$programs/tiny_descriptors" inproc ram 16 100000 "$rounds"
  for transport in ipc tcp inproc; do "$programs/hop" "$transport" 300 "$rounds"; done
}
