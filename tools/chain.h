// Chain: runs the stages of a command line on a bus, to their end.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <variant>
#include <vector>

#include "bus/mailbox.h"
#include "tools/bus_access.h"
#include "tools/closing.h"
#include "tools/exit_status.h"
#include "tools/instance.h"
#include "tools/terminal.h"

namespace rebus {

// A stage is over when its producers and clients have returned, its readers were given everything and the bus
// is idle. Consumers of earlier stages stay. On a networked bus without --until-idle, consumers and readers
// of the last stage stay until the user stops them. An agent that stays, in one process, ends when the user
// first asks for an end; then the chain goes on to its own.
class Chain {
 public:
  explicit Chain(const CommandLine& line);

  // Gives the exit code.
  int run();
  // From any thread: the user wants an end. False before anything runs: there is nothing to stop.
  bool ask_stop();

 private:
  struct AgentEnded {
    Instance* instance;
  };
  struct UserStop {};
  struct EndOfWatching {};
  struct PipeClosed {};
  struct AgentsPaused {
    std::vector<std::string> names;
  };
  using Event = std::variant<AgentEnded, UserStop, EndOfWatching, PipeClosed, AgentsPaused>;

  Result<void> check_calls() const;
  Result<void> open();
  Result<void> run_stage(const Stage& stage, bool is_last);
  Result<void> join_stage(const Stage& stage);
  void start_agents(size_t first);
  void await(bool is_last);
  bool is_awaited(const Instance& instance, bool is_last) const;
  void handle(const Event& event);
  void take_result(Instance& instance);
  Result<void> wait_idle();

  void stop_for(Event reason);
  void fail(const Error& error);
  void close();
  void tell_what_came_of_it();
  bool tell_failed_tasks();
  std::vector<ConsumerCall> consumers() const;
  std::vector<Hello> vain_readers() const;
  void stop_agents();
  void name_working();
  void name_paused(const std::vector<std::string>& agents);
  void report(const Error& error, const std::string& who);

  bool ends_by_itself() const { return !line_.globals.networked || line_.globals.until_idle; }
  bool is_serving_only() const;
  Result<void> hold_open(const Stage& stage);
  void end_watching();

  const CommandLine& line_;
  Mailbox<Event> events_;
  Terminal out_;
  ExitStatus status_;
  std::unique_ptr<BusAccess> access_;
  std::unique_ptr<Bus> control_;   // the chain's own session
  std::unique_ptr<Bus> open_end_;  // keeps the bus from being idle while an agent stays
  std::atomic<bool> running_ = false;
  std::atomic<bool> is_watching_ = false;  // and a stop ends that first
  bool stopped_ = false;
  bool bus_gone_ = false;
  std::vector<std::unique_ptr<Instance>> instances_;
  std::set<const Instance*> working_;  // whose threads run
  std::set<std::string> reported_;
  std::vector<std::string> paused_;  // told last
};

}  // namespace rebus
