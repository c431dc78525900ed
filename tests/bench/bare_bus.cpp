#include "tests/bench/bare_bus.h"

#include "tests/bench/measuring.h"

namespace rebus {
namespace {

constexpr std::chrono::milliseconds kForEver(-1), kLook(100);

std::vector<std::string> broker_words(const std::string& address, const MessageSizes& sizes,
                                      const std::string& directory) {
  std::vector<std::string> words{REBUS_BENCH "/bare_broker", address, std::to_string(sizes.answer),
                                 std::to_string(sizes.task)};
  if (!directory.empty()) words.push_back(directory);
  return words;
}

}  // namespace

BarePeer::BarePeer(const std::string& address) {
  socket_.set(zmq::sockopt::sndhwm, 0);
  socket_.set(zmq::sockopt::rcvhwm, 0);
  socket_.set(zmq::sockopt::linger, 0);
  socket_.set(zmq::sockopt::reconnect_ivl, 10);  // the broker may not be there yet
  socket_.connect(address);
}

void BarePeer::send(const BareMessage& message, size_t size) {
  zmq::message_t bytes(std::max(size, kBareHeader));
  std::memset(bytes.data(), 0, bytes.size());
  std::memcpy(bytes.data(), &message, kBareHeader);
  socket_.send(bytes, zmq::send_flags::none);
}

std::optional<BareMessage> BarePeer::receive(std::chrono::milliseconds wait) {
  zmq::message_t bytes;
  if (!socket_.recv(bytes, zmq::recv_flags::dontwait)) {
    zmq::pollitem_t item{socket_, 0, ZMQ_POLLIN, 0};
    if (zmq::poll(&item, 1, wait) == 0 || !socket_.recv(bytes, zmq::recv_flags::dontwait)) return {};
  }
  return read_header(bytes.data());
}

BareBus::BareBus(const MessageSizes& sizes, bool is_durable)
    : sizes_(sizes), broker_(broker_words(address_, sizes, is_durable ? folder_.at("db") : "")) {}

BareConsumer::BareConsumer(const BareBus& bus, std::function<void(const BareMessage&)> handle)
    : peer_(bus.address()), finish_size_(bus.sizes().finish) {
  peer_.send({}, 0);
  (void)peer_.receive(kForEver);  // it is known from now on
  thread_ = std::thread([this, handle = std::move(handle)] { run(handle); });
}

BareConsumer::~BareConsumer() {
  ends_ = true;
  thread_.join();
}

void BareConsumer::run(const std::function<void(const BareMessage&)>& handle) {
  while (!ends_) {
    auto task = peer_.receive(kLook);
    if (!task) continue;
    handle(*task);
    task->kind = BareKind::kFinish;
    peer_.send(*task, finish_size_);
  }
}

}  // namespace rebus
