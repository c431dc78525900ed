// BareBroker: the least that a broker of such a bus could do, with libzmq and RocksDB alone: what ours is
// measured against.
#pragma once

#include <memory>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "tests/bench/bare_message.h"

namespace rocksdb {
class DB;
class WriteBatch;
}  // namespace rocksdb

namespace rebus {

// Each push is answered, and handed to every consumer, each of which says that it has finished: 2 + 2K
// messages for K consumers. With a directory every push and every finish is written to RocksDB, with sync,
// before anything of that round is sent. Nothing is checked, nothing can be asked for afterwards, and queues
// are as long as memory is.
class BareBroker {
 public:
  // Sizes of an answer and of a task, in bytes.
  BareBroker(zmq::context_t& context, const std::string& address, size_t answer_size, size_t task_size);
  ~BareBroker();
  void open(const std::string& directory);
  // Until the context ends, by zmq::error_t.
  void serve();

 private:
  struct Outgoing {
    std::string to;
    zmq::message_t bytes;
  };
  bool take_one();
  void answer(std::string to, BareMessage header);
  void push(const zmq::message_t& message);
  void note_finish(const std::string& consumer, uint64_t number);
  void commit();

  const size_t answer_size_, task_size_;
  zmq::socket_t router_;
  std::vector<std::string> consumers_;
  std::vector<Outgoing> outbox_;
  std::unique_ptr<rocksdb::DB> db_;
  std::unique_ptr<rocksdb::WriteBatch> batch_;
};

}  // namespace rebus
