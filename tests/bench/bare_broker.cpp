#include "tests/bench/bare_broker.h"

#include <rocksdb/db.h>

#include <algorithm>

namespace rebus {
namespace {

constexpr size_t kRoundMessages = 512;

std::string key_of(uint64_t number) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift);
  return bytes;
}

}  // namespace

BareBroker::BareBroker(zmq::context_t& context, const std::string& address, size_t answer_size,
                       size_t task_size)
    : answer_size_(answer_size), task_size_(task_size), router_(context, zmq::socket_type::router) {
  router_.set(zmq::sockopt::sndhwm, 0);
  router_.set(zmq::sockopt::rcvhwm, 0);
  router_.bind(address);
}

BareBroker::~BareBroker() = default;

void BareBroker::open(const std::string& directory) {
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* db = nullptr;
  if (!rocksdb::DB::Open(options, directory, &db).ok()) std::exit(1);
  db_.reset(db);
  batch_ = std::make_unique<rocksdb::WriteBatch>();
}

void BareBroker::serve() {
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

bool BareBroker::take_one() {
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

void BareBroker::answer(std::string to, BareMessage header) {
  header.kind = BareKind::kAnswer;
  outbox_.push_back({std::move(to), zmq::message_t(bare_bytes(header, answer_size_))});
}

void BareBroker::push(const zmq::message_t& message) {
  std::string task = message.to_string();
  BareMessage header = read_header(task.data());
  if (db_) batch_->Put(key_of(header.number), task);
  header.kind = BareKind::kTask;
  task.resize(std::max(task_size_, kBareHeader));
  write_header(task, header);
  zmq::message_t once(task);
  for (const std::string& consumer : consumers_) {
    outbox_.push_back({consumer, {}});
    outbox_.back().bytes.copy(once);  // the bytes themselves are shared
  }
}

void BareBroker::note_finish(const std::string& consumer, uint64_t number) {
  if (db_) batch_->Put(key_of(number) + consumer, "1");
}

void BareBroker::commit() {
  if (!db_ || batch_->Count() == 0) return;
  rocksdb::WriteOptions durable;
  durable.sync = true;
  if (!db_->Write(durable, batch_.get()).ok()) std::exit(1);
  batch_->Clear();
}

}  // namespace rebus
