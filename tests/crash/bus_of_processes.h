// BusOfProcesses: a master on RocksDB and agents, each a process that a test may kill and start again.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/crash/stored_state.h"
#include "tests/support/process.h"
#include "tests/support/scratch_folder.h"

namespace rebus {

// Any end of a process that nobody asked for fails the test, and so do raw control bytes in what it says.
class BusOfProcesses {
 public:
  using Words = std::vector<std::string>;

  // One of its processes.
  struct Member {
    Words words;        // behind the options of all
    Words place = {};   // a command before the program's: where it runs
    std::string point;  // where it shall die by itself, "NAME:N"; "" for nowhere
    std::unique_ptr<Process> process;
    int signal = 0;  // sent to it
  };

  // Without an address: one of its own, ipc.
  explicit BusOfProcesses(const std::string& address = "");

  // A process of consumers.
  void add_worker(const Words& words, const Words& place = {});

  Member& master() { return master_; }
  std::vector<Member>& workers() { return workers_; }
  Member& producer() { return producer_; }

  // Ends it, if it runs, and starts it again at once.
  void replace(Member& member, int signal, const std::string& point = "");
  // Waits until the master answers or is dead.
  void await_master();
  // Starts what died.
  void revive();
  static bool is_alive(Member& member) { return member.process && member.process->is_running(); }

  // Starts to inject the next archive, or again the one whose injection died.
  void inject_next(const std::string& point = "");
  // Waits until the injection is acknowledged.
  void finish_injecting();
  // What an agent answers.
  Finished ask(const Words& words) const;
  // Waits until nothing is left to do, or `condition` holds, or the master is gone.
  void await_idle_or(const std::function<bool()>& condition) const;
  // Sees to it that something is injected.
  void keep_injecting();

  // Nothing dies any more: waits until the bus is idle, has quarantined tasks done again (three coincidences
  // look like poison), and stops everything. Gives how many tasks those were.
  uint64_t settle();
  // After settle(): what is stored must be what one process stores that nobody disturbs. Gives how many facts
  // were compared.
  size_t expect_undisturbed_result();

  // What died by itself at its point.
  const std::set<std::string>& points_reached() const { return reached_; }
  int deaths() const { return deaths_; }
  size_t injected() const { return injected_; }  // archives

 private:
  void start(Member& member, const std::string& point);
  void end(Member& member, int signal);
  void judge(Member& member);
  void look_after_producer();
  Words command(const Member& member) const;
  Words agent(const Words& words) const;
  std::set<Words> kinds() const;
  std::string archive(size_t number) const;
  void expect_nothing_left();

  ScratchFolder folder_;
  std::string address_;
  Member master_;
  std::vector<Member> workers_;
  Member producer_;
  size_t injected_ = 0;  // archives whose injection was acknowledged
  std::set<std::string> reached_;
  int deaths_ = 0;
};

}  // namespace rebus
