// The least that a broker of such a bus could do, with libzmq and RocksDB alone: what ours is measured
// against.
//
//   bare_broker ADDRESS ANSWER_SIZE TASK_SIZE [DIRECTORY]
//
// Each push is answered, and handed to every consumer, each of which says that it has finished: 2 + 2K
// messages for K consumers. With a directory every push and every finish is written to RocksDB, with sync,
// before anything of that round is sent. Nothing is checked, nothing can be asked for afterwards, and queues
// are as long as memory is.
#include <rocksdb/db.h>

#include <deque>
#include <iostream>
#include <memory>
#include <vector>
#include <zmq.hpp>

#include "tests/bench/bare_message.h"

namespace rebus {
namespace {

constexpr size_t kRoundMessages = 512;

class BareBroker {
 public:
  BareBroker(const std::string& address, size_t answer_size, size_t task_size)
      : answer_size_(answer_size), task_size_(task_size) {
    router_.set(zmq::sockopt::sndhwm, 0);
    router_.set(zmq::sockopt::rcvhwm, 0);
    router_.bind(address);
  }

  bool open(const std::string& directory) {
    rocksdb::Options options;
    options.create_if_missing = true;
    rocksdb::DB* db = nullptr;
    if (!rocksdb::DB::Open(options, directory, &db).ok()) return false;
    db_.reset(db);
    return true;
  }

  void serve() {
    while (true) {
      zmq::pollitem_t item{router_, 0, ZMQ_POLLIN, 0};
      zmq::poll(&item, 1, std::chrono::milliseconds(-1));
      for (size_t i = 0; i < kRoundMessages && take_one(); i++) continue;
      commit();
      for (Outgoing& out : outbox_) {
        router_.send(zmq::buffer(out.to), zmq::send_flags::sndmore);
        router_.send(out.bytes, zmq::send_flags::none);
      }
      outbox_.clear();
    }
  }

 private:
  struct Outgoing {
    std::string to;
    zmq::message_t bytes;
  };

  bool take_one() {
    zmq::message_t id, message;
    if (!router_.recv(id, zmq::recv_flags::dontwait)) return false;
    (void)router_.recv(message);
    BareMessage header = read_header(message.data());
    if (header.kind == BareKind::kHello) consumers_.push_back(id.to_string());
    if (header.kind == BareKind::kPush) push(message);
    if (header.kind == BareKind::kFinish) {
      note_finish(id.to_string(), header.number);
    } else {
      answer(id.to_string(), header);
    }
    return true;
  }

  void answer(std::string to, BareMessage header) {
    header.kind = BareKind::kAnswer;
    outbox_.push_back({std::move(to), zmq::message_t(bare_bytes(header, answer_size_))});
  }

  void push(const zmq::message_t& message) {
    std::string task = message.to_string();
    BareMessage header = read_header(task.data());
    if (db_) batch_.Put(key(header.number), task);
    header.kind = BareKind::kTask;
    task.resize(std::max(task_size_, kBareHeader));
    write_header(task, header);
    zmq::message_t once(task);
    for (const std::string& consumer : consumers_) {
      outbox_.push_back({consumer, {}});
      outbox_.back().bytes.copy(once);  // the bytes themselves are shared
    }
  }

  void note_finish(const std::string& consumer, uint64_t number) {
    if (db_) batch_.Put(key(number) + consumer, "1");
  }

  void commit() {
    if (!db_ || batch_.Count() == 0) return;
    rocksdb::WriteOptions durable;
    durable.sync = true;
    if (!db_->Write(durable, &batch_).ok()) std::exit(1);
    batch_.Clear();
  }

  static std::string key(uint64_t number) {
    std::string bytes;
    for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift);
    return bytes;
  }

  const size_t answer_size_, task_size_;
  zmq::context_t context_;
  zmq::socket_t router_{context_, zmq::socket_type::router};
  std::vector<std::string> consumers_;
  std::vector<Outgoing> outbox_;
  std::unique_ptr<rocksdb::DB> db_;
  rocksdb::WriteBatch batch_;
};

}  // namespace
}  // namespace rebus

int main(int count, char** words) {
  if (count < 4) return 2;
  rebus::BareBroker broker(words[1], std::strtoul(words[2], nullptr, 10),
                           std::strtoul(words[3], nullptr, 10));
  if (count > 4 && !broker.open(words[4])) return 1;
  broker.serve();
}
