#include "tools/bus_access.h"

#include <spdlog/spdlog.h>

#include "bus/address.h"
#include "bus/zmq_channel.h"
#include "master/inproc_server.h"

namespace rebus {
namespace {

// The process ends soon, and what was in memory goes with it at once: to free a million small things one by
// one takes as long as many a job.
void leave_to_the_end(std::unique_ptr<Storage> storage) {
  [[maybe_unused]] static const Storage* last = nullptr;  // which still reaches it
  last = storage.release();
}

class LocalBus final : public BusAccess {
 public:
  LocalBus(std::unique_ptr<Storage> storage, bool is_in_memory, std::unique_ptr<InprocServer> server)
      : storage_(std::move(storage)), is_in_memory_(is_in_memory), server_(std::move(server)) {}
  ~LocalBus() override {
    server_.reset();
    if (is_in_memory_) leave_to_the_end(std::move(storage_));
  }
  LocalBus(const LocalBus&) = delete;
  LocalBus& operator=(const LocalBus&) = delete;
  Connector& connector() override { return server_->connector(); }
  void stop() override { server_->stop(); }
  std::optional<Error> failure() override { return server_->failure(); }

 private:
  std::unique_ptr<Storage> storage_;  // outlives its server
  const bool is_in_memory_;
  std::unique_ptr<InprocServer> server_;
};

Result<std::unique_ptr<BusAccess>> open_local(const Globals& globals) {
  auto storage = open_storage(globals.storage);
  if (!storage) return storage.error();
  MasterOptions options;
  options.limits = globals.limits;
  options.expire_sessions = false;
  auto server = InprocServer::start(**storage, options);
  if (!server) return server.error();
  return std::unique_ptr<BusAccess>(
      new LocalBus(std::move(*storage), globals.storage.kind == "ram", std::move(*server)));
}

class NetworkedBus final : public BusAccess {
 public:
  explicit NetworkedBus(std::string address) : connector_(std::move(address)) {}
  Connector& connector() override { return connector_; }
  void stop() override {}  // it is not ours
  std::optional<Error> failure() override { return {}; }

 private:
  ZmqConnector connector_;
};

Result<std::unique_ptr<BusAccess>> open_networked(const Globals& globals) {
  auto address = globals.bus_address.empty() ? Address::usual() : Address::parse(globals.bus_address);
  if (!address) return address.error();
  if (auto allowed = check_allowed(*address, globals.insecure_tcp); !allowed) return allowed.error();
  if (std::string danger = danger_of(*address); !danger.empty()) spdlog::warn("{}", danger);
  return std::unique_ptr<BusAccess>(new NetworkedBus(address->str()));
}

}  // namespace

Result<std::unique_ptr<BusAccess>> open_bus(const Globals& globals) {
  return globals.networked ? open_networked(globals) : open_local(globals);
}

}  // namespace rebus
