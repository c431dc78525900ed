#include "tools/bus_watch.h"

namespace rebus {
namespace {

constexpr std::chrono::milliseconds kPause(250);   // between two questions
constexpr std::chrono::milliseconds kLinger(100);  // the master may have ended before us

}  // namespace

BusWatch::BusWatch(std::string address) : address_(std::move(address)), thread_([this] { run(); }) {}

BusWatch::~BusWatch() {
  end_.close();
  {
    std::lock_guard lock(mutex_);
    if (bus_) bus_->interrupt();
  }
  thread_.join();
}

void BusWatch::run() {
  while (!is_ended()) {
    auto bus = join();
    if (bus) {
      ask_while_it_answers(**bus);
    } else {
      news_.put(bus.error());
    }
    end_.take(kPause);
  }
}

Result<std::shared_ptr<Bus>> BusWatch::join() {
  SessionTimes times;
  times.linger = kLinger;
  auto channel = ZmqConnector(address_, times).connect();
  if (!channel) return channel.error();
  auto bus = std::make_shared<Bus>(*std::move(channel));
  {
    std::lock_guard lock(mutex_);
    bus_ = bus;
    if (is_ended()) return Error{Code::kStopped, "stopped"};
  }
  Hello hello;
  hello.role = Role::kClient;
  hello.agent = "rebus_infra";
  auto welcome = bus->join(hello);
  if (!welcome) return welcome.error();
  return bus;
}

// What could not be told is lost: the master notices the silence.
Result<void> BusWatch::tell_ends(Bus& bus) {
  for (ProcessEnd& end : ends_.take_all()) {
    auto told = bus.report(std::move(end));
    if (!told) return told;
  }
  return {};
}

// The channel itself joins a master again that was restarted.
void BusWatch::ask_while_it_answers(Bus& bus) {
  while (!is_ended()) {
    auto told = tell_ends(bus);
    const auto asked = std::chrono::steady_clock::now();
    auto status = told ? bus.status() : told.error();
    if (!status) {
      news_.put(status.error());
      break;
    }
    news_.put(BusNews{asked, *std::move(status)});
    end_.take(kPause);
  }
  bus.leave();
}

}  // namespace rebus
