// BenchBus: a bus to be measured, and who joins it.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

#include "bus/bus.h"
#include "bus/runner.h"
#include "master/inproc_server.h"
#include "tests/bench/measuring.h"
#include "tests/bench/small_descriptor.h"
#include "tests/support/process.h"
#include "tests/support/scratch_folder.h"

namespace rebus {

class BenchBus {
 public:
  // `storage`: "ram" or "rocksdb". `transport`: "ipc" or "tcp" to a rebus_master in a process of its own, or
  // "inproc", in a thread of this one. Waits until it answers.
  explicit BenchBus(const std::string& storage, const std::string& transport = "ipc");
  // A connection with a context, and so a thread, of its own.
  std::unique_ptr<Bus> join(const Hello& hello) const;
  std::unique_ptr<Bus> join(Role role) const;
  // The process that the master is in.
  pid_t master() const;
  // Kills the process, and starts anew on the same store.
  void restart();

 private:
  void start();

  const std::string storage_, transport_;
  ScratchFolder folder_;
  std::string address_;
  std::unique_ptr<Process> master_;
  std::unique_ptr<Storage> own_storage_;
  std::unique_ptr<InprocServer> own_server_;
};

// An injection that goes on until its end.
class BenchProducer {
 public:
  explicit BenchProducer(const BenchBus& bus, Lane lane = Lane::kNormal);
  // Does not wait for the answer; finish() waits for all.
  void push(Descriptor d);
  SubmissionId finish();
  Bus& bus() { return *bus_; }

 private:
  std::unique_ptr<Bus> bus_;
  SubmissionId submission_;
};

// An agent as any other, in a thread; process() calls `handle`.
class BenchConsumer {
 public:
  using Handle = std::function<void(const Work&)>;
  BenchConsumer(const BenchBus& bus, const std::string& name, const std::string& prefix, Handle handle);
  ~BenchConsumer();
  BenchConsumer(const BenchConsumer&) = delete;
  BenchConsumer& operator=(const BenchConsumer&) = delete;

 private:
  const AgentSpec spec_;
  const Options options_;
  const Handle handle_;
  RunCounts counts_;
  std::unique_ptr<Bus> bus_;
  std::thread thread_;
};

}  // namespace rebus
