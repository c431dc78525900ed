// What the bus keeps: descriptors with their place in the log, origins, marks, consumers, submissions.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "descriptor/descriptor.h"

namespace rebus {

// Position in the log, from 1; 0 is none.
using Seq = uint64_t;
using SubmissionId = uint64_t;  // from 1
using ConsumerId = uint32_t;    // from 1

enum class Lane : uint8_t { kUrgent = 0, kNormal = 1, kBulk = 2 };
inline constexpr size_t kLanes = 3;

// Derivations (results of results) allowed under one object.
inline constexpr uint32_t kMaxDepth = 64;
// A type path may stand at most this often among the ancestors of a new descriptor (the original's rule).
inline constexpr uint32_t kMaxRepeats = 2;

// How often a type path stands on the worst path from a root to a descriptor, itself included.
struct PathCount {
  std::string path;
  uint32_t count = 0;
  bool operator==(const PathCount&) const = default;
  template <class A>
  void fields(A& a) {
    a(1, path), a(2, count);
  }
};

// A stored descriptor.
struct Record {
  Seq seq = 0;
  Descriptor descriptor;
  Seq object = 0;               // the object it derives from (itself, if it is one)
  SubmissionId submission = 0;  // the one whose work it first was
  Lane lane = Lane::kNormal;
  uint32_t depth = 0;               // derivations from the object
  uint32_t level = 0;               // nesting of an object: 0 injected, 1 in an archive, …
  uint64_t value_size = 0;          // bytes
  Digest value_digest;              // SHA-256
  std::vector<PathCount> ancestry;  // sorted by path; the loop rule reads it
  template <class A>
  void fields(A& a) {
    a(1, seq), a(2, descriptor), a(3, object), a(4, submission), a(5, lane), a(6, depth), a(7, level);
    a(8, value_size), a(9, value_digest), a(10, ancestry);
  }
};

// Why an object is here: injected under a name, or extracted from a container. Idempotent.
struct Origin {
  Seq seq = 0;  // its place in the log; equal to `object` for the first origin of a new object
  Seq object = 0;
  Seq container = 0;  // 0: injected
  SubmissionId submission = 0;
  std::string name;      // injected: the label; extracted: the full path inside the container. Any bytes.
  uint64_t ordinal = 0;  // position in the container, or in the injection
  std::string agent;
  bool replaces = false;  // the name takes the place of the container's last name component: bash.gz -> bash
  int64_t stored_at_ns = 0;  // since 1970, by the clock of the master; 0: by one that did not note it
  template <class A>
  void fields(A& a) {
    a(1, seq), a(2, object), a(3, container), a(4, submission), a(5, name), a(6, ordinal), a(7, agent);
    a(8, replaces), a(9, stored_at_ns);
  }
};

// When a consumer works. Numbers are on disk and wire.
enum class Mode : uint8_t {
  kAutomatic = 1,    // on each descriptor as it comes
  kInteractive = 2,  // on those that somebody asks for
  kIdle = 3,         // on all that it collected, when the bus is idle
  kComplete = 4,     // on all that it collected of a submission, when that is complete
};
const char* mode_name(Mode mode);
std::optional<Mode> mode_named(std::string_view name);

// How a consumer ended with a descriptor. Numbers are on disk and wire.
enum class Outcome : uint8_t {
  kDone = 1,
  kFiltered = 2,
  kFailed = 3,
  kQuarantined = 4,  // the master's: too many instances ended while they worked on it
  kProcessable = 5,  // not ended with: it is of interest, and collected until its time comes
};
inline constexpr size_t kOutcomes = 6;  // and an unused 0
const char* outcome_name(Outcome outcome);
// Whether a person should look at it; it may be tried again.
inline bool is_failure(Outcome outcome) {
  return outcome == Outcome::kFailed || outcome == Outcome::kQuarantined;
}

struct Mark {
  Seq seq = 0;
  ConsumerId consumer = 0;
  Outcome outcome = Outcome::kDone;
  std::string message;  // of a failure
  template <class A>
  void fields(A& a) {
    a(1, seq), a(2, consumer), a(3, outcome), a(4, message);
  }
};

// What is known of a consumer's tries on a descriptor that it has not ended with.
struct Attempt {
  Seq seq = 0;
  ConsumerId consumer = 0;
  uint32_t deaths = 0;         // instances that ended, or fell silent for too long, at work on it
  uint32_t interruptions = 0;  // the same, but the master ended too: whose fault it was cannot be told
  uint32_t delays = 0;         // times that the agent asked for another try
  bool is_again = false;       // it was marked, and is due again; it may be below the watermark
  std::string reason;          // of the last of them
  bool is_suspect = false;     // an instance ended that had it, and could not tell what it was at work on
  bool empty() const { return deaths + interruptions + delays == 0 && !is_again && !is_suspect; }
  template <class A>
  void fields(A& a) {
    a(1, seq), a(2, consumer), a(3, deaths), a(4, interruptions), a(5, delays), a(6, is_again), a(7, reason);
    a(8, is_suspect);
  }
};

// What a consumer has collected: a descriptor whose mark is kProcessable.
struct Collected {
  ConsumerId consumer = 0;
  SubmissionId submission = 0;
  Seq seq = 0;
  auto operator<=>(const Collected&) const = default;
};

// Bytes that a consumer keeps between its tasks, in a form of its own.
inline constexpr size_t kMaxState = 64 << 10;
struct AgentState {
  uint32_t version = 0;  // of the form; 0: nothing is kept
  std::string bytes;     // at most kMaxState
  template <class A>
  void fields(A& a) {
    a(1, version), a(2, bytes);
  }
};

// What an instance of a consumer is at work on.
struct Running {
  ConsumerId consumer = 0;
  uint32_t slot = 0;   // of the instance: numbers are used again
  Seq seq = 0;         // 0: on nothing
  uint64_t token = 0;  // of its session
};

// A consumer: agent name, output-altering options and domain, and how far it is.
struct Consumer {
  ConsumerId id = 0;
  std::string agent;
  std::string config;  // canonical JSON of the options that alter the output
  // Per lane: every descriptor up to here that concerns it is handled. Above it marks decide.
  std::array<Seq, kLanes> watermark{};
  std::array<uint64_t, kOutcomes> outcomes{};  // indexed by Outcome
  bool is_live = false;    // has an instance; one that has when the master dies is waited for
  Domain domain;           // whose descriptors it handles; "default": of all domains
  std::string takes;       // canonical JSON of what it declared, or its SHA-256; the watermarks are of that
  bool paused = false;     // nothing is handed out to it
  bool forgotten = false;  // being removed: only its marks are still there
  Mode mode = Mode::kAutomatic;
  std::vector<Mode> modes;  // those that the agent has; the first is its default
  // Per lane: descriptors of the kinds that it takes with which it is through, handled or passed over. What
  // the storage has of these kinds beyond that waits for it.
  std::array<uint64_t, kLanes> passed{};

  uint64_t& count(Outcome outcome) { return outcomes[static_cast<size_t>(outcome)]; }
  uint64_t count(Outcome outcome) const { return outcomes[static_cast<size_t>(outcome)]; }
  uint64_t failures() const { return count(Outcome::kFailed) + count(Outcome::kQuarantined); }
  uint64_t handled() const { return count(Outcome::kDone) + count(Outcome::kFiltered) + failures(); }
  template <class A>
  void fields(A& a) {
    a(1, id), a(2, agent), a(3, config), a(4, watermark[0]), a(5, watermark[1]), a(6, watermark[2]);
    a(7, outcomes[1]), a(8, outcomes[2]), a(9, outcomes[3]), a(10, is_live), a(11, domain), a(12, takes);
    a(13, outcomes[4]), a(14, outcomes[5]), a(15, mode), a(16, modes), a(17, paused), a(18, forgotten);
    a(19, passed[0]), a(20, passed[1]), a(21, passed[2]);
  }
};

// One inject call or upload.
struct Submission {
  SubmissionId id = 0;
  Lane lane = Lane::kNormal;
  Domain domain;
  Seq note = 0;             // its /submission descriptor
  bool open = false;        // the producer may still push
  Seq first = 0, last = 0;  // log entries that are its work
  uint64_t roots = 0;       // files injected (each name counts)
  uint64_t root_bytes = 0;
  uint64_t files = 0;  // objects extracted: new ones, by budget rules
  uint64_t bytes = 0;  // their size
  uint64_t results = 0;
  uint64_t failures = 0;              // marks that are failures
  uint64_t limits = 0;                // /limit/… results
  std::vector<SubmissionId> depends;  // whose work covers objects that were known already
  bool cancelled = false;             // nothing of it is handled but what others brought, too
  bool shared = false;                // another one depends on it
  bool cut = false;                   // whoever injected ended before it said that this is all
  template <class A>
  void fields(A& a) {
    a(1, id), a(2, lane), a(3, domain), a(4, note), a(5, open), a(6, first), a(7, last), a(8, roots);
    a(9, root_bytes), a(10, files), a(11, bytes), a(12, results), a(13, failures), a(14, limits);
    a(15, depends), a(16, cancelled), a(17, shared), a(18, cut);
  }
};

}  // namespace rebus
