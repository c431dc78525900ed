// Infra: a bus and its agents as processes, from the first stage to the end.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tools/bus_watch.h"
#include "tools/infra_config.h"
#include "tools/ready_notice.h"
#include "tools/status_view.h"
#include "tools/supervisor.h"

namespace rebus {

// The master first; when it answers, stage after stage: consumers and readers, and when the bus knows all of
// the consumers, those that inject or ask. A stage is over when these have ended and the bus is idle.
// Consumers and readers stay. When no agent is left, the end comes by itself.
class Infra {
 public:
  // `folder` holds the programs. SIGINT, SIGTERM, SIGHUP and SIGWINCH must be blocked in every thread.
  Infra(InfraConfig config, std::string title, std::string folder);
  ~Infra();

  // Gives the exit code.
  int run();

 private:
  enum class State { kAwaitsMaster, kJoining, kWorking, kServing };
  // An agent of the configuration that was begun.
  struct Crew {
    const AgentPlan* plan = nullptr;
    RateMeter rate;
  };

  void turn();
  void take_signal();
  void take_ready();
  void take_news();
  void take_status(const BusNews& news);

  void advance();
  bool has_lost_master();
  void report(pid_t process, std::string how);
  void begin_stage();
  void begin_one_shots();
  void end_stage();
  void start_agent(const AgentPlan& plan);
  void start_master();
  bool is_joined() const;
  bool is_working(Duty duty) const;
  bool is_idle() const;
  bool has_agents_left() const;
  bool is_unfinished() const;

  void tell();
  BusOverview overview() const;
  AgentRow row_of(size_t plan) const;
  void add_figures(const Crew& crew, AgentRow& row) const;
  const ConsumerStatus* status_of(const AgentPlan& plan) const;
  void say(const std::string& text) { screen_.line("rebus_infra: " + text); }

  const InfraConfig config_;
  const std::string title_;
  const std::string folder_;
  std::optional<SteadyTime> asked_to_stop_;
  const SteadyTime started_ = std::chrono::steady_clock::now();
  int signals_fd_;
  ExitStatus status_;
  Screen screen_;
  Supervisor supervisor_{screen_, status_,
                         [this](pid_t process, std::string how) { report(process, std::move(how)); }};
  ReadySocket ready_;                // of the master
  std::unique_ptr<BusWatch> watch_;  // once our own master listens: another one may be at its address
  std::optional<BusNews> news_;      // the last
  State state_ = State::kAwaitsMaster;
  size_t stage_ = 0;  // the one under way
  std::vector<Crew> crews_;
  SteadyTime next_view_{}, next_summary_ = started_;
  std::string last_summary_;
};

}  // namespace rebus
