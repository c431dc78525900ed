#include "tests/support/fake_master.h"

#include <gtest/gtest.h>

namespace rebus {

FakeMaster::FakeMaster(const std::string& address) : socket_(context_, zmq::socket_type::router) {
  socket_.set(zmq::sockopt::router_mandatory, true);
  socket_.set(zmq::sockopt::linger, 0);
  socket_.set(zmq::sockopt::rcvhwm, 16);
  socket_.set(zmq::sockopt::rcvtimeo, static_cast<int>(kPatience.count()));
  socket_.bind(address);
  address_ = socket_.get(zmq::sockopt::last_endpoint);
}

Heard FakeMaster::hear() {
  zmq::message_t id, bytes;
  if (!socket_.recv(id) || !socket_.recv(bytes)) throw std::runtime_error("nothing was heard for a minute");
  EXPECT_FALSE(bytes.more());
  auto frame = open_frame(bytes.to_string_view());
  if (!frame) throw std::runtime_error(frame.error().message);
  auto message = decode(*frame);
  if (!message) throw std::runtime_error(message.error().message);
  return {id.to_string(), frame->header.session, *std::move(message)};
}

bool FakeMaster::hears_something(std::chrono::milliseconds time) {
  zmq::pollitem_t item{socket_, 0, ZMQ_POLLIN, 0};
  return zmq::poll(&item, 1, time) > 0;
}

bool FakeMaster::answer(const Heard& heard, Body body) {
  return say(heard, {heard.message.request, std::move(body)}, heard.session);
}

bool FakeMaster::say(const Heard& heard, Message message, SessionKey session) {
  auto frame = encode(message);
  if (!frame) throw std::runtime_error(frame.error().message);
  seal_frame(*frame, session);
  try {
    socket_.send(zmq::buffer(heard.routing_id), zmq::send_flags::sndmore);
    socket_.send(zmq::buffer(*frame), zmq::send_flags::none);
    return true;
  } catch (const zmq::error_t&) {
    return false;
  }
}

Heard FakeMaster::welcome(uint64_t token) {
  Heard hello = hear_until<Hello>();
  say(hello, {hello.message.request, Welcome{token, 1, "bus", 0, {}}}, key(token));
  hello.session = key(token);
  return hello;
}

}  // namespace rebus
