#include "bus/zmq_channel.h"

#include "bus/codec.h"

namespace rebus {

ZmqChannel::ZmqChannel(std::shared_ptr<zmq::context_t> context, std::string address, SessionTimes times)
    : context_(std::move(context)), address_(std::move(address)), times_(times) {}

ZmqChannel::~ZmqChannel() {
  boxes_.out.close();
  if (thread_.joinable()) thread_.join();
}

Result<Welcome> ZmqChannel::join(Hello hello) {
  thread_ = std::thread([this, hello = std::move(hello)]() mutable {
    ZmqSession(*context_, address_, times_, std::move(hello), boxes_).run();
  });
  auto joined = boxes_.welcome.take();
  if (!joined) return Error{Code::kStopped, "interrupted while joining the bus"};
  return *std::move(joined);
}

Result<void> ZmqChannel::send(Message message) {
  auto frame = encode(message);
  if (!frame) return frame.error();
  auto type = std::visit([](const auto& body) { return body.kType; }, message.body);
  boxes_.out.put({type, message.request, losses_, std::make_shared<std::string>(*std::move(frame))});
  return {};
}

std::optional<Message> ZmqChannel::receive(std::optional<std::chrono::milliseconds> timeout) {
  auto message = boxes_.in.take(timeout);
  if (message && std::holds_alternative<Lost>(message->body)) losses_++;
  return message;
}

void ZmqChannel::interrupt() {
  boxes_.in.close();
  boxes_.welcome.close();
}

ZmqConnector::ZmqConnector(std::string address, SessionTimes times)
    : address_(std::move(address)), times_(times), context_(std::make_shared<zmq::context_t>()) {}

Result<std::unique_ptr<Channel>> ZmqConnector::connect() {
  return std::unique_ptr<Channel>(std::make_unique<ZmqChannel>(context_, address_, times_));
}

}  // namespace rebus
