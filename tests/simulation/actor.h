// The cast: peers that behave like agents, one message at a time, and may be crashed at any moment.
#pragma once

#include <deque>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "bus/message.h"

namespace rebus::simulation {

using Random = std::mt19937_64;

// What a character does with its tasks.
enum class Part {
  kInject,  // opens a submission and pushes files and containers
  kUnpack,  // streams the members of containers as it goes: deterministic
  kHash,    // one result at finish: deterministic
  kClock,   // one result that differs from run to run: may be stored once only
  kChain,   // results of results, until the master's rules stop it
  kFussy,   // fails on some, filters others, asks for another try of a third kind
  kFrail,   // its process dies of some files, always
  kGather,  // collects files, and works on all of them when the bus is idle
  kDigest,  // the same for each submission, when that is complete
  kRead,    // a reader: looks at everything, in order
};

// One peer. Its messages wait in `outbox`, what the master sent in `inbox`.
struct Actor {
  Part part = Part::kHash;
  std::string name;
  uint64_t number = 0;  // tells instances and injectors apart
  uint64_t peer = 0;    // 0: not connected
  bool joined = false;
  uint64_t token = 0;  // of the last session
  std::deque<Message> inbox, outbox;
  std::deque<Task> tasks;
  std::optional<Task> current;  // as-it-goes: its pushes are under way
  std::deque<BulkTask> bulks;
  std::optional<BulkTask> bulk;         // its pages are asked for
  std::vector<Record> collected;        // of them so far
  std::map<uint64_t, Body> unanswered;  // calls, repeated after a reconnect
  uint64_t next_request = 1;
  // injector
  SubmissionId submission = 0;
  std::deque<NewDescriptor> plan;
  Lane lane = Lane::kNormal;
  bool closed = false;
  // reader
  Seq position = 0;
  std::vector<Seq> seen;
};

// The calls of the bus an actor makes; deterministic in (seed, part, input) except for kClock.
Hello hello_of(const Actor& actor);
// The files of an injector, containers among them: a container's value lists its members.
std::deque<NewDescriptor> plan_of(uint64_t seed, uint64_t injector);
std::vector<NewDescriptor> members_of(const Descriptor& container);
// Whether the file ends every kFrail that looks at it.
bool is_poison(const Task& task);
Finish finish_of(const Actor& actor, const Task& task, Random& random);
// Its child tells what it was about: positions, each with a space behind it.
Finish finish_of_bulk(const Actor& actor);
Descriptor note_of(uint64_t injector);

}  // namespace rebus::simulation
