// Instance: one agent of a chain on its own session, in its own thread.
#pragma once

#include <functional>
#include <memory>
#include <thread>

#include "bus/runner.h"
#include "tools/command_line.h"

namespace rebus {

class Instance {
 public:
  // Says Hello. `call` and `out` must outlive the instance. `head`: the last position of the log by now.
  static Result<std::unique_ptr<Instance>> join(const AgentCall& call, const Globals& globals,
                                                Connector& connector, Output& out, Seq head);
  ~Instance();

  // `on_end` is called by the instance's thread as its last act.
  void start(bool until_idle, std::function<void()> on_end);
  // Ends its waiting for the bus.
  void interrupt() { bus_.interrupt(); }
  // Before start(): who is told, in the instance's thread, that a paused agent holds it up.
  void on_held(Bus::OnHeld told) { bus_.on_held(std::move(told)); }
  // Waits for the thread; then result() holds.
  Result<void> end();

  const AgentCall& call() const { return call_; }
  const Hello& hello() const { return bus_.hello(); }
  const RunCounts& counts() const { return counts_; }
  // Producers, clients and some readers end by themselves.
  bool is_one_shot() const;
  bool is_reader() const { return call_.spec->role == Role::kReader; }
  bool is_consumer() const { return call_.spec->role == Role::kConsumer; }

 private:
  Instance(const AgentCall& call, const Globals& globals, Output& out, bool networked,
           std::unique_ptr<Channel> channel);

  const AgentCall& call_;
  Setting setting_;
  Bus bus_;
  RunCounts counts_;
  Result<void> result_;
  std::thread thread_;
};

// The Hello of a call. kInvalid: its options contradict each other.
Result<Hello> hello_of(const AgentCall& call, const Globals& globals);

}  // namespace rebus
