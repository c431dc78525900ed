#include "tests/bench/bare_bus.h"

#include "tests/bench/small_descriptor.h"

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

// Any port that nobody has now.
std::string free_tcp_address() {
  zmq::context_t context;
  zmq::socket_t socket(context, zmq::socket_type::router);
  socket.bind("tcp://127.0.0.1:*");
  return socket.get(zmq::sockopt::last_endpoint);
}

std::string address_of(const std::string& transport, const ScratchFolder& folder) {
  if (transport == "tcp") return free_tcp_address();
  return transport == "inproc" ? "inproc://bus" : "ipc://" + folder.at("bus");
}

}  // namespace

BarePeer::BarePeer(const BareBus& bus)
    : context_(bus.shared_context() ? bus.shared_context() : std::make_shared<zmq::context_t>()),
      socket_(*context_, zmq::socket_type::dealer) {
  socket_.set(zmq::sockopt::sndhwm, 0);
  socket_.set(zmq::sockopt::rcvhwm, 0);
  socket_.set(zmq::sockopt::linger, 0);
  socket_.set(zmq::sockopt::reconnect_ivl, 10);  // the broker may not be there yet
  socket_.connect(bus.address());
}

void BarePeer::send(const BareMessage& message, size_t size) {
  zmq::message_t bytes(std::max(size, kBareHeader));
  std::memcpy(bytes.data(), filler(message.number, bytes.size()).data(), bytes.size());
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

BareBus::BareBus(const MessageSizes& sizes, bool is_durable, const std::string& transport)
    : sizes_(sizes), address_(address_of(transport, folder_)) {
  std::string directory = is_durable ? folder_.at("db") : "";
  if (transport != "inproc") {
    process_ = std::make_unique<Process>(broker_words(address_, sizes, directory));
    return;
  }
  context_ = std::make_shared<zmq::context_t>();
  auto broker = std::make_shared<BareBroker>(*context_, address_, sizes.answer, sizes.task);
  if (is_durable) broker->open(directory);
  thread_ = std::thread([broker = std::move(broker)]() mutable {
    try {
      broker->serve();
    } catch (const zmq::error_t&) {  // the context ended
      broker.reset();
    }
  });
}

BareBus::~BareBus() {
  if (context_) context_->shutdown();
  if (thread_.joinable()) thread_.join();
}

BareConsumer::BareConsumer(const BareBus& bus, std::function<void(const BareMessage&)> handle)
    : peer_(bus), finish_size_(bus.sizes().finish) {
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
