// AnyBus: a bus of any kind with its master, and agents that run on it in threads.
#pragma once

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <sstream>
#include <thread>

#include "bus/runner.h"
#include "bus/zmq_channel.h"
#include "master/inproc_server.h"
#include "master/router_server.h"
#include "tests/support/scratch_folder.h"

namespace rebus {

struct BusKind {
  std::string bus;
  std::string storage;
};

// A bus with its master, of any kind.
class AnyBus {
 public:
  AnyBus(const BusKind& kind, const ScratchFolder& folder) {
    storage_ = *open_storage({kind.storage, kind.storage == "ram" ? "" : folder.at("store")});
    if (kind.bus == "inproc") {
      inproc_ = *InprocServer::start(*storage_, {});
      return;
    }
    std::string address = kind.bus == "ipc" ? "ipc://" + folder.at("bus/socket") : "tcp://127.0.0.1:*";
    master_ = *Master::start(*storage_, {}, {std::chrono::steady_clock::now(), 0});
    auto server = RouterServer::listen(*Address::parse(address));
    if (!server) throw std::runtime_error(server.error().message);
    router_ = *std::move(server);
    connector_ = std::make_unique<ZmqConnector>(router_->endpoint());
    thread_ = std::thread([this] { EXPECT_TRUE(router_->serve(*master_, stop_fd_).ok()); });
  }
  ~AnyBus() {
    eventfd_write(stop_fd_, 1);
    if (thread_.joinable()) thread_.join();
    inproc_.reset();
    router_.reset();
    master_.reset();
    close(stop_fd_);
  }
  AnyBus(const AnyBus&) = delete;
  AnyBus& operator=(const AnyBus&) = delete;
  Connector& connector() { return inproc_ ? inproc_->connector() : *connector_; }

 private:
  int stop_fd_ = eventfd(0, EFD_CLOEXEC);
  std::unique_ptr<Storage> storage_;
  std::unique_ptr<InprocServer> inproc_;
  std::unique_ptr<Master> master_;
  std::unique_ptr<RouterServer> router_;
  std::unique_ptr<ZmqConnector> connector_;
  std::thread thread_;
};

class Recorder final : public Output {
 public:
  void write(std::string_view bytes) override {
    std::lock_guard lock(mutex_);
    text_ += bytes;
  }
  void note(const std::string&) override {}
  void progress(const std::string&) override {}
  void input_failed() override { ADD_FAILURE() << "an input could not be read"; }
  void incomplete() override {}
  void submitted(SubmissionId id) override { submission_ = id; }
  SubmissionId submission() const { return submission_; }
  std::vector<std::string> lines() {
    std::vector<std::string> lines;
    std::istringstream in(text_);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    std::sort(lines.begin(), lines.end());
    return lines;
  }

 private:
  std::mutex mutex_;
  std::string text_;
  std::atomic<SubmissionId> submission_ = 0;
};

// One agent in its thread, joined before the constructor returns.
class RunningAgent {
 public:
  RunningAgent(AnyBus& bus, const AgentSpec& spec, Options options, Output& out)
      : spec_(spec),
        options_(std::move(options)),
        setting_{options_, Domain(), "text", false, false, bus.connector().networked(), {}, out},
        bus_(*bus.connector().connect()) {
    auto joined = bus_.join(*make_hello(spec_, options_, Domain(), false));
    if (!joined) throw std::runtime_error(joined.error().message);
    thread_ = std::thread([this] {
      ended_ = run_agent(spec_, setting_, bus_, counts_, true);
      bus_.leave();
    });
  }
  ~RunningAgent() {
    bus_.interrupt();
    if (thread_.joinable()) thread_.join();
  }
  RunningAgent(const RunningAgent&) = delete;
  RunningAgent& operator=(const RunningAgent&) = delete;
  void wait() {
    thread_.join();
    EXPECT_TRUE(ended_.ok()) << ended_.error().message;
  }
  void wait_for(Code code) {
    thread_.join();
    ASSERT_FALSE(ended_.ok());
    EXPECT_EQ(ended_.error().code, code);
  }
  const RunCounts& counts() const { return counts_; }

 private:
  const AgentSpec& spec_;
  Options options_;
  Setting setting_;
  Bus bus_;
  RunCounts counts_;
  Result<void> ended_;
  std::thread thread_;
};

inline Options with_arguments(std::vector<std::string> arguments) {
  Options options;
  options.set_arguments(std::move(arguments));
  return options;
}

inline Options printing(const std::string& regex) {
  Options options = with_arguments({regex});
  options.set("short", {});
  return options;
}

inline std::unique_ptr<Bus> join_client(AnyBus& bus) {
  auto client = std::make_unique<Bus>(*bus.connector().connect());
  Hello hello;
  hello.agent = "test";
  if (auto joined = client->join(hello); !joined) throw std::runtime_error(joined.error().message);
  return client;
}

// Tests that are played on every bus and every storage.
class OnEveryBus : public testing::TestWithParam<BusKind> {
 protected:
  ScratchFolder folder_;
  Recorder out_;
};

inline auto every_bus() {
  return testing::Values(BusKind{"inproc", "ram"}, BusKind{"inproc", "rocksdb"}, BusKind{"ipc", "ram"},
                         BusKind{"ipc", "rocksdb"}, BusKind{"tcp", "ram"}, BusKind{"tcp", "rocksdb"});
}
inline std::string name_of_bus(const testing::TestParamInfo<BusKind>& info) {
  return info.param.bus + "_" + info.param.storage;
}

inline const AgentSpec& agent(const std::string& name) { return *find_agent(name); }

}  // namespace rebus
