# What the bus costs a small descriptor: one producer and three consumers, and one hop, over ipc; against a broker that does the
# least that could be done.

table_descriptors() {
  head_of_pairs 'bare broker'
  "$programs/tiny_descriptors" ram 16 100000 "$rounds"
  "$programs/tiny_descriptors" rocksdb 4096 20000 "$rounds"
  "$programs/hop" 300 "$rounds"
}
