// World: master, storage and cast in one thread, driven by a seed; faults between any two messages.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "master/filter.h"
#include "master/master.h"
#include "tests/simulation/actor.h"
#include "tests/simulation/crash_store.h"
#include "tests/simulation/operator.h"

namespace rebus::simulation {

class World {
 public:
  // `faults` false: the undisturbed run. `operated`: somebody cancels, pauses, prunes and forgets, too.
  World(uint64_t seed, bool faults, bool operated = false);
  ~World();

  // Plays to the end. Empty: every law held; else the law that was broken.
  std::string run();
  // What is stored at the end, of the parts whose output is promised: "domain selector" lines.
  std::set<std::string> outcome();

 private:
  void start_master();
  void crash_master();
  void step();
  void fault();
  void master_turn();
  void connect(Actor& actor);
  void disconnect(Actor& actor, bool noticed);
  void act(Actor& actor);
  void receive(Actor& actor, Message message);
  bool has_innocent_in_quarantine();
  void retry_innocents();
  std::string check_quarantine();
  void answered(Actor& actor, const Body& call, const Body& answer);
  void work(Actor& actor);
  void call(Actor& actor, Body body);
  bool at_rest() const;
  std::string check_laws();
  std::string check_progress();
  std::string check_consumer(const Hello& hello, ConsumerId id);
  std::string check_count(const Hello& hello, ConsumerId id, uint64_t taken);
  std::string check_effects();
  std::string check_bulks(const std::string& agent);
  void work_on_bulk(Actor& actor);
  void say_started(Actor& actor, Seq task, bool is_suspect);
  std::string check_reader(const Actor& reader);
  bool may_be_refused(Actor& actor, const Body& call, const Failure& failure);
  bool is_seen(const Actor& reader, const LogEntry& entry);
  void hire(Part part, const std::string& name, uint64_t number);

  bool faults_, operated_;
  bool hasty_poison_;  // it ends an instance before its note of what it begins has left
  Random random_;
  CrashStore storage_;
  Operator operator_{storage_};
  std::unique_ptr<Master> master_;
  std::vector<std::unique_ptr<Actor>> cast_;
  uint64_t next_peer_ = 1;
  Moment now_;
  std::set<std::string> acknowledged_;                 // selectors whose push was answered
  std::map<std::pair<std::string, Seq>, int> deaths_;  // of an agent at work on a descriptor
  std::string broken_law_;
};

}  // namespace rebus::simulation
