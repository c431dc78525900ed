// Everything that may be said between an agent (peer) and the master. docs/protocol.md tells each on the
// wire.
//
// Peer and master send single messages over a Channel. A call carries a request number that its answer
// repeats; Task, Lost, Withdrawn and Held come unasked. Calls are idempotent: a peer that got no answer
// repeats them.
#pragma once

#include <numeric>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "descriptor/record.h"

namespace rebus {

inline constexpr uint16_t kProtocolVersion = 1;
// Values up to this size ride inside messages, in bytes; larger ones move by ValueAppend and Read.
inline constexpr uint64_t kMaxInlineValue = 64 << 10;
// Value bytes of one message together.
inline constexpr uint64_t kMaxMessageValues = 1 << 20;

// Children of one Finish whose values are larger than kMaxInlineValue.
inline constexpr size_t kMaxLargeChildren = 128;

// Seconds for which an instance may be at work on one task without a sign of its own thread.
inline constexpr uint32_t kClaimLife = 300;

// Who a peer is. Numbers are on the wire.
enum class Role : uint8_t {
  kProducer = 1,  // pushes of its own accord; an open one keeps the bus from being idle
  kConsumer = 2,  // handles descriptors; its progress is stored
  kReader = 3,    // gets descriptors and origins in log order from a position it keeps itself; only looks
  kClient = 4,    // asks
};

// --- peer to master ---

// First message of a session. Answer: Welcome, or Failure.
struct Hello {
  static constexpr uint16_t kType = 1;
  uint16_t protocol = kProtocolVersion;
  Role role = Role::kClient;
  std::string agent;    // name; stamped on what the peer pushes
  std::string config;   // canonical JSON of the options that alter the output
  std::string version;  // of the agent
  std::string host;
  Domain domain;                      // "default" serves every domain, unless own_domain
  bool own_domain = false;            // only this domain, even if it is "default"
  std::vector<std::string> prefixes;  // type paths it may care about; "/" is all
  std::string selector_regex;         // RE2, searched anywhere in the selector; empty: all
  bool objects_only = false;          // no results, no /submission
  uint32_t credit = 1;                // tasks it holds at most; slow ones hold 4 (master/pace.h)
  Seq from = 1;                       // readers: first position wanted
  uint64_t token = 0;                 // of a session to take up again, else 0
  SubmissionId submission = 0;        // producers, clients: the open injection to go on with, else 0
  uint32_t claim_life = 0;            // consumers: seconds; 0: kClaimLife
  std::optional<Mode> mode;           // consumers: that was asked for when it was started
  std::vector<Mode> modes;            // consumers: those that it has, its default first; none: automatic
  std::vector<std::string> yields;    // type paths below which it may push; for people who check a pipeline
  uint64_t process = 0;               // its number on `host`; see ProcessEnd
  std::vector<std::string> sandbox;   // as Descriptor::sandbox, on which it is stamped
  template <class A>
  void fields(A& a) {
    a(1, protocol), a(2, role), a(3, agent), a(4, config), a(5, version), a(6, host), a(7, domain);
    a(8, own_domain), a(9, prefixes), a(10, selector_regex), a(11, objects_only), a(12, credit), a(13, from);
    a(14, token), a(15, submission), a(16, claim_life), a(17, mode), a(18, modes), a(19, yields);
    a(20, process), a(21, sandbox);
  }
};

// The peer leaves; its claims are free at once. No answer.
struct Goodbye {
  static constexpr uint16_t kType = 2;
  template <class A>
  void fields(A&) {}
};

// Session life; sent every 2 s by the channel's thread. Answer: Alive, or Lost.
struct Heartbeat {
  static constexpr uint16_t kType = 3;
  template <class A>
  void fields(A&) {}
};

// Begins an injection: stores its /submission descriptor. Answer: Opened. Repeated with the same note it
// gives the same submission.
struct OpenSubmission {
  static constexpr uint16_t kType = 4;
  Descriptor note;
  Lane lane = Lane::kNormal;
  template <class A>
  void fields(A& a) {
    a(1, note), a(2, lane);
  }
};

// Nothing more will be injected. Answer: Done.
struct CloseSubmission {
  static constexpr uint16_t kType = 5;
  SubmissionId submission = 0;
  template <class A>
  void fields(A& a) {
    a(1, submission);
  }
};

// Where a pushed object comes from.
struct OriginClaim {
  Selector container;  // empty: injected
  std::string name;
  uint64_t ordinal = 0;
  bool replaces = false;  // as Origin::replaces
  template <class A>
  void fields(A& a) {
    a(1, container), a(2, name), a(3, ordinal), a(4, replaces);
  }
};

// One new descriptor.
struct NewDescriptor {
  Descriptor descriptor;              // agent, version and host of the producer are stamped by the master
  std::optional<OriginClaim> origin;  // objects only
  uint64_t upload = 0;                // 0: the value is in the message; else it came by ValueAppend
  template <class A>
  void fields(A& a) {
    a(1, descriptor), a(2, origin), a(3, upload);
  }
};

// Stores a descriptor, and results of it in the same step. Answer: Pushed, of the item, or Failure (kLoop,
// kLimit, kConflict, kNotFound for a missing parent) of the first that is refused.
struct Push {
  static constexpr uint16_t kType = 6;
  NewDescriptor item;
  SubmissionId submission = 0;  // of an injection; 0: the submission of its container or first parent
  std::vector<NewDescriptor> results = {};  // small ones, without an upload
  template <class A>
  void fields(A& a) {
    a(1, item), a(2, submission), a(3, results);
  }
};

// Bytes of a value too large for one message; `bytes` is the message's value part. Uploads are numbered by
// the peer. Answer: Done; kUnavailable when an earlier part is missing (the master restarted): begin again.
struct ValueAppend {
  static constexpr uint16_t kType = 7;
  uint64_t upload = 0;
  uint64_t offset = 0;
  std::string bytes;
  template <class A>
  void fields(A& a) {
    a(1, upload), a(2, offset);
  }
};

// Ends a task, with its children, as one atomic step; gives back one credit. No answer: a task whose Finish
// is lost is handed out again. From a reader: only the credit.
struct Finish {
  static constexpr uint16_t kType = 8;
  Seq seq = 0;
  Outcome outcome = Outcome::kDone;
  std::string message;  // of a failure, one line
  std::vector<NewDescriptor> children;
  Seq next = 0;           // the task that is begun now, as Started would tell; 0: none
  uint32_t later_ms = 0;  // of a failure: try again after so long, milliseconds; 0: it is final
  uint32_t retries = 0;   // with later_ms: at most so many times
  std::optional<AgentState> state = {};  // what the consumer keeps from now on, if that changes
  template <class A>
  void fields(A& a) {
    a(1, seq), a(2, outcome), a(3, message), a(4, children), a(5, next), a(6, later_ms), a(7, retries);
    a(8, state);
  }
};

// A task is begun: from now on the end of the session is blamed on it. Before a byte of it is looked at. No
// answer, and nobody waits for it, unless the task is suspect: then the answer is Done, and it is awaited.
struct Started {
  static constexpr uint16_t kType = 17;
  Seq seq = 0;
  template <class A>
  void fields(A& a) {
    a(1, seq);
  }
};

// The agent's own thread is at work still, and asks nothing of the bus for now. No answer.
struct Progress {
  static constexpr uint16_t kType = 18;
  template <class A>
  void fields(A&) {}
};

// Bytes of a stored value. Answer: Data.
struct Read {
  static constexpr uint16_t kType = 9;
  Seq seq = 0;
  uint64_t offset = 0;
  uint32_t length = 0;  // at most kMaxMessageValues
  template <class A>
  void fields(A& a) {
    a(1, seq), a(2, offset), a(3, length);
  }
};

// What to look for. Numbers are on the wire.
enum class By : uint8_t {
  kSelector = 1,  // `text`: a selector with identity or version; kNotFound if there is none
  kRegex = 2,     // `text`: RE2 from the start of the selector; newest first
  kPrefix = 3,    // `text`: type path prefix; oldest first
  kUuid = 4,      // `text`: uuid; oldest first
  kDigest = 5,    // `text`: 4 to 64 hex digits, begin of an identity or of a value's SHA-256
  kName = 6,  // `text`: a name under which an object came in; whole, its last path component, or either with
              // * at the end
  kSeq = 7,   // `seq`
  kChildren = 8,     // of `seq`: what has it as precursor
  kDescendants = 9,  // of `seq`: children, their children, …; each once, breadth first
  kContents = 10,    // of `seq`: objects extracted from it
  kRoots = 11,       // of submission `seq`: objects injected by it
};

// Searches what is stored. Answer: Items; more than one page: ask again with `cursor` = Items::cursor.
struct Find {
  static constexpr uint16_t kType = 10;
  By by = By::kSelector;
  Domain domain;
  bool all_domains = false;
  std::string text;
  Seq seq = 0;
  uint64_t cursor = 0;
  uint32_t limit = 256;  // items of this page, at most 256
  std::string agent;     // only what this agent made
  int64_t since_ns = 0;  // only what was stored at or after this time (UTC, since 1970)
  template <class A>
  void fields(A& a) {
    a(1, by), a(2, domain), a(3, all_domains), a(4, text), a(5, seq), a(6, cursor), a(7, limit), a(8, agent);
    a(9, since_ns);
  }
};

// The origins of an object known at log position `upto` (0: all), by position. Answer: Origins; more than one
// page: ask again with `cursor` = Origins::cursor.
struct ListOrigins {
  static constexpr uint16_t kType = 11;
  Seq object = 0;
  Seq container = 0;  // instead of `object`: the origins that this container gave
  Seq upto = 0;
  Seq cursor = 0;
  template <class A>
  void fields(A& a) {
    a(1, object), a(2, container), a(3, upto), a(4, cursor);
  }
};

// Who handled a descriptor, and how it ended. Answer: Marks.
struct ListMarks {
  static constexpr uint16_t kType = 12;
  Seq seq = 0;
  template <class A>
  void fields(A& a) {
    a(1, seq);
  }
};

// Uuids of a domain with their labels. Answer: Uuids; an empty page is behind the last one.
struct ListUuids {
  static constexpr uint16_t kType = 13;
  Domain domain;
  Uuid after;             // page: the last one seen; zero: from the start
  uint32_t limit = 1000;  // of this page, at most 1000
  template <class A>
  void fields(A& a) {
    a(1, domain), a(2, after), a(3, limit);
  }
};

// Consumers with their progress, and counts. Answer: Status; more than one page: ask again with `after` =
// Status::cursor.
struct GetStatus {
  static constexpr uint16_t kType = 14;
  ConsumerId after = 0;
  template <class A>
  void fields(A& a) {
    a(1, after);
  }
};

// A submission's record, and what is known of those it depends on. With `wait`, answered when it is complete.
// Answer: SubmissionStatus.
struct GetSubmission {
  static constexpr uint16_t kType = 15;
  SubmissionId submission = 0;
  bool wait = false;
  template <class A>
  void fields(A& a) {
    a(1, submission), a(2, wait);
  }
};

// Answered with Idle when the bus is idle: no open producer, every live automatic consumer has handled all. A
// reader gets it after everything up to that point.
struct WaitIdle {
  static constexpr uint16_t kType = 16;
  template <class A>
  void fields(A&) {}
};

// Tasks that ended as failures, by consumer and position. Answer: FailedTasks; more than one page: ask again
// with `consumer` and `after` of the last one.
struct ListFailures {
  static constexpr uint16_t kType = 19;
  std::string agent;        // only of this one; empty: of all
  ConsumerId consumer = 0;  // page: of the last one seen
  Seq after = 0;            // page: position of the last one seen
  template <class A>
  void fields(A& a) {
    a(1, agent), a(2, consumer), a(3, after);
  }
};

// Tasks that are still to be handled, by consumer and position. Answer: PendingTasks; more than one page: ask
// again with `consumer` and `after` of that answer.
struct ListPending {
  static constexpr uint16_t kType = 29;
  std::string agent;        // only of this one; empty: of all
  ConsumerId consumer = 0;  // page
  Seq after = 0;            // page
  template <class A>
  void fields(A& a) {
    a(1, agent), a(2, consumer), a(3, after);
  }
};

// From whoever started it: a process ended. Its sessions end now, not when their silence is noticed, and
// people read why. Answer: Done, also if it had none.
struct ProcessEnd {
  static constexpr uint16_t kType = 30;
  std::string host;      // as in its Hello
  uint64_t process = 0;  // likewise
  std::string how;       // "was killed by signal 11 (Segmentation fault)"; 1,024 bytes of it are kept
  template <class A>
  void fields(A& a) {
    a(1, host), a(2, process), a(3, how);
  }
};

// Has tasks that ended as failures handed out again, as if they had never been tried. Answer: Retried; more
// than one page: ask again with `consumer` and `after` of that answer.
struct Retry {
  static constexpr uint16_t kType = 20;
  std::string agent;        // of all its consumers; empty: of all agents
  Seq seq = 0;              // only this descriptor; 0: all
  ConsumerId consumer = 0;  // page
  Seq after = 0;            // page
  template <class A>
  void fields(A& a) {
    a(1, agent), a(2, seq), a(3, consumer), a(4, after);
  }
};

// What a BulkTask is about, by submission and position. Answer: Items, as that of Find.
struct ListBulk {
  static constexpr uint16_t kType = 21;
  uint64_t cursor = 0;  // how many to skip
  template <class A>
  void fields(A& a) {
    a(1, cursor);
  }
};

// What the consumer of this session keeps. Answer: State.
struct GetState {
  static constexpr uint16_t kType = 22;
  template <class A>
  void fields(A&) {}
};

// Has an agent process descriptors that wait for somebody to ask. Answer: Asked.
struct Ask {
  static constexpr uint16_t kType = 23;
  std::string agent;      // all its consumers that take them
  std::vector<Seq> seqs;  // at most kMaxAsked
  bool force = false;     // also those that it has handled
  template <class A>
  void fields(A& a) {
    a(1, agent), a(2, seqs), a(3, force);
  }
};
inline constexpr size_t kMaxAsked = 256;

// Changes when an agent works, for all its consumers. Answer: Done; kInvalid if it does not have the mode.
struct SetMode {
  static constexpr uint16_t kType = 24;
  std::string agent;
  Mode mode = Mode::kAutomatic;
  template <class A>
  void fields(A& a) {
    a(1, agent), a(2, mode);
  }
};

// Ends a submission before it is complete: what is queued of it is dropped, whoever works on it is told by
// Withdrawn. What another submission that is not cancelled brought too is still handled. Stored. Answer:
// Cancelled; the same again is no error.
struct Cancel {
  static constexpr uint16_t kType = 25;
  SubmissionId submission = 0;
  template <class A>
  void fields(A& a) {
    a(1, submission);
  }
};

// Nothing more is handed out to the consumers of an agent, or again. Stored. Answer: Paused, or Failure
// (kNotFound: no consumer of that name is known).
struct Pause {
  static constexpr uint16_t kType = 26;
  std::string agent;
  bool paused = false;  // false: resume
  template <class A>
  void fields(A& a) {
    a(1, agent), a(2, paused);
  }
};

// Removes a consumer without instances, with its marks, a page at a time. Answer: Forgotten; ask again until
// it is done. Failure: kConflict while it has instances, kNotFound.
struct Forget {
  static constexpr uint16_t kType = 27;
  ConsumerId consumer = 0;
  Seq cursor = 0;  // page
  template <class A>
  void fields(A& a) {
    a(1, consumer), a(2, cursor);
  }
};

// Removes files, with their results, whose last injection is older than a time; or only their values. A page
// at a time. Answer: Pruned; ask again with `cursor` of that answer, until it is 0.
struct Prune {
  static constexpr uint16_t kType = 28;
  int64_t before_ns = 0;  // injected before this time (UTC, since 1970)
  Domain domain;
  bool all_domains = false;
  bool values_only = false;  // what is known of them stays
  uint64_t cursor = 0;
  template <class A>
  void fields(A& a) {
    a(1, before_ns), a(2, domain), a(3, all_domains), a(4, values_only), a(5, cursor);
  }
};

// --- master to peer ---

struct Welcome {
  static constexpr uint16_t kType = 64;
  uint64_t token = 0;   // names the session
  uint64_t epoch = 0;   // of the master's start
  std::string bus;      // the store's own name, 32 hex digits
  Seq head = 0;         // last position of the log
  std::string profile;  // its budgets: agents that were not told otherwise keep to it, too
  template <class A>
  void fields(A& a) {
    a(1, token), a(2, epoch), a(3, bus), a(4, head), a(5, profile);
  }
};

struct Alive {
  static constexpr uint16_t kType = 65;
  template <class A>
  void fields(A&) {}
};

// The master does not know the session (it restarted, or gave it up): say Hello on a new connection.
struct Lost {
  static constexpr uint16_t kType = 66;
  template <class A>
  void fields(A&) {}
};

// A call was refused.
struct Failure {
  static constexpr uint16_t kType = 67;
  Code code = Code::kInvalid;
  std::string message;
  template <class A>
  void fields(A& a) {
    a(1, code), a(2, message);
  }
};

struct Done {
  static constexpr uint16_t kType = 68;
  template <class A>
  void fields(A&) {}
};

struct Opened {
  static constexpr uint16_t kType = 69;
  SubmissionId submission = 0;
  template <class A>
  void fields(A& a) {
    a(1, submission);
  }
};

struct Pushed {
  static constexpr uint16_t kType = 70;
  Seq seq = 0;
  bool fresh = false;  // false: known already
  template <class A>
  void fields(A& a) {
    a(1, seq), a(2, fresh);
  }
};

// Work. To a reader also an origin that came later than its object: then `origin` is set and the record is
// the object's.
struct Task {
  static constexpr uint16_t kType = 71;
  Record record;
  std::optional<Origin> origin;
  uint32_t tries = 0;     // that ended without a result
  bool is_offer = false;  // only whether it is of interest is asked: kProcessable or kFiltered
  bool is_asked = false;  // somebody asked for it
  // An instance ended that had it, and did not live to tell what it was at work on: see Started.
  bool is_suspect = false;
  template <class A>
  void fields(A& a) {
    a(1, record), a(2, origin), a(3, tries), a(4, is_offer), a(5, is_asked), a(6, is_suspect);
  }
};

struct Data {
  static constexpr uint16_t kType = 72;
  std::string bytes;  // the message's value part
  template <class A>
  void fields(A&) {}
};

struct Items {
  static constexpr uint16_t kType = 73;
  std::vector<Record> records;
  uint64_t cursor = 0;  // 0: no more
  template <class A>
  void fields(A& a) {
    a(1, records), a(2, cursor);
  }
};

struct Origins {
  static constexpr uint16_t kType = 74;
  std::vector<Origin> origins;
  Seq cursor = 0;  // 0: no more
  template <class A>
  void fields(A& a) {
    a(1, origins), a(2, cursor);
  }
};

struct NamedMark {
  std::string agent;
  std::string config;
  Outcome outcome = Outcome::kDone;
  std::string message;
  template <class A>
  void fields(A& a) {
    a(1, agent), a(2, config), a(3, outcome), a(4, message);
  }
};

struct Marks {
  static constexpr uint16_t kType = 75;
  std::vector<NamedMark> marks;
  template <class A>
  void fields(A& a) {
    a(1, marks);
  }
};

struct LabelledUuid {
  Uuid uuid;
  std::string label;
  template <class A>
  void fields(A& a) {
    a(1, uuid), a(2, label);
  }
};

struct Uuids {
  static constexpr uint16_t kType = 76;
  std::vector<LabelledUuid> uuids;
  template <class A>
  void fields(A& a) {
    a(1, uuids);
  }
};

struct ConsumerStatus {
  Consumer consumer;
  uint32_t instances = 0;
  std::vector<std::string> prefixes;  // of the live instances
  uint64_t claims = 0;                // being worked on
  uint64_t offered = 0;               // tasks handed out since the master started
  uint64_t delayed = 0;               // waiting for their next try
  std::vector<std::string> yields;    // of the live instances
  // Descriptors that wait to be handled, or are being so, by lane; at most so many while some of them are of
  // cancelled submissions, or do not match its regex. Empty: not known.
  std::vector<uint64_t> pending;
  std::optional<uint64_t> backlog() const {
    return pending.empty() ? std::nullopt
                           : std::optional(std::accumulate(pending.begin(), pending.end(), uint64_t{0}));
  }
  template <class A>
  void fields(A& a) {
    a(1, consumer), a(2, instances), a(3, prefixes), a(4, claims), a(5, offered), a(6, delayed);
    a(7, yields), a(8, pending);
  }
};

struct Status {
  static constexpr uint16_t kType = 77;
  std::vector<ConsumerStatus> consumers;  // by id
  Seq head = 0;
  uint64_t descriptors = 0;
  uint32_t producers = 0;  // open ones
  bool idle = false;
  ConsumerId cursor = 0;  // the last of `consumers`; 0: no more
  template <class A>
  void fields(A& a) {
    a(1, consumers), a(2, head), a(3, descriptors), a(4, producers), a(5, idle), a(6, cursor);
  }
};

struct SubmissionStatus {
  static constexpr uint16_t kType = 78;
  Submission submission;  // without `depends`
  bool complete = false;  // as far as there is anybody to do the work
  uint64_t known_failures =
      0;  // of submissions that brought some of its files before; they may be of other files
  uint64_t known_limits = 0;
  std::vector<std::string> gone;    // agents that ended without a word and have left work undone
  std::vector<std::string> paused;  // agents that have work left and are paused
  uint64_t known_from = 0;          // submissions that brought some of its files before
  template <class A>
  void fields(A& a) {
    a(1, submission), a(2, complete), a(3, known_failures), a(4, known_limits), a(5, gone), a(6, paused);
    a(7, known_from);
  }
};

struct Idle {
  static constexpr uint16_t kType = 79;
  Seq head = 0;
  template <class A>
  void fields(A& a) {
    a(1, head);
  }
};

struct FailedTask {
  Seq seq = 0;
  ConsumerId consumer = 0;
  NamedMark mark;
  template <class A>
  void fields(A& a) {
    a(1, seq), a(2, consumer), a(3, mark);
  }
};

struct FailedTasks {
  static constexpr uint16_t kType = 80;
  std::vector<FailedTask> tasks;  // none: no more
  template <class A>
  void fields(A& a) {
    a(1, tasks);
  }
};

enum class PendingState : uint8_t {
  kQueued = 0,
  kHandedOut = 1,  // an instance has it and has not begun
  kAtWork = 2,
  kDelayed = 3,  // waits for its next try
};

struct PendingTask {
  Seq seq = 0;
  ConsumerId consumer = 0;
  std::string agent;
  std::string config;
  PendingState state = PendingState::kQueued;
  std::string host;      // of the instance that has it
  uint64_t wait_ms = 0;  // kDelayed: until its next try
  uint32_t tries = 0;    // that ended without a result
  std::string reason;    // of the last of them
  template <class A>
  void fields(A& a) {
    a(1, seq), a(2, consumer), a(3, agent), a(4, config), a(5, state), a(6, host), a(7, wait_ms), a(8, tries);
    a(9, reason);
  }
};

struct PendingTasks {
  static constexpr uint16_t kType = 91;
  std::vector<PendingTask> tasks;  // none, though there is more: one call looks at so much only
  ConsumerId consumer = 0;         // where to go on; 0: no more
  Seq after = 0;
  template <class A>
  void fields(A& a) {
    a(1, tasks), a(2, consumer), a(3, after);
  }
};

struct Retried {
  static constexpr uint16_t kType = 81;
  uint64_t count = 0;       // tasks that are due again now; 0: no more
  ConsumerId consumer = 0;  // of the last of them
  Seq after = 0;            // position of the last of them
  template <class A>
  void fields(A& a) {
    a(1, count), a(2, consumer), a(3, after);
  }
};

// Work on all that a consumer collected: see ListBulk. Ended by one Finish of `seq`, its first.
struct BulkTask {
  static constexpr uint16_t kType = 82;
  Seq seq = 0;
  SubmissionId submission = 0;  // that is complete; 0: the bus is idle
  uint64_t count = 0;           // of descriptors
  uint32_t tries = 0;           // that ended without a result
  bool is_suspect = false;      // as that of Task
  template <class A>
  void fields(A& a) {
    a(1, seq), a(2, submission), a(3, count), a(4, tries), a(5, is_suspect);
  }
};

struct State {
  static constexpr uint16_t kType = 83;
  AgentState state;
  template <class A>
  void fields(A& a) {
    a(1, state);
  }
};

struct Asked {
  static constexpr uint16_t kType = 84;
  uint64_t due = 0;        // will be processed
  uint64_t handled = 0;    // were already: they are left alone without `force`
  uint64_t not_taken = 0;  // are not of a kind that the agent takes
  template <class A>
  void fields(A& a) {
    a(1, due), a(2, handled), a(3, not_taken);
  }
};

struct Cancelled {
  static constexpr uint16_t kType = 85;
  uint64_t at_work = 0;  // tasks that were being worked on, whose instances are told
  template <class A>
  void fields(A& a) {
    a(1, at_work);
  }
};

struct Paused {
  static constexpr uint16_t kType = 86;
  uint64_t consumers = 0;  // of this agent
  uint64_t in_hand = 0;    // tasks that their instances have still
  template <class A>
  void fields(A& a) {
    a(1, consumers), a(2, in_hand);
  }
};

struct Forgotten {
  static constexpr uint16_t kType = 87;
  uint64_t marks = 0;  // removed by this call
  Seq cursor = 0;      // 0: it is forgotten
  template <class A>
  void fields(A& a) {
    a(1, marks), a(2, cursor);
  }
};

// What one page of Prune did.
struct Pruned {
  static constexpr uint16_t kType = 88;
  uint64_t files = 0;        // removed, or without their value now
  uint64_t results = 0;      // likewise
  uint64_t value_bytes = 0;  // of these; equal bytes that something else has stay
  uint64_t unhandled = 0;    // files that are old enough and stay: their injection is not handled yet
  uint64_t cursor = 0;       // 0: that was all
  template <class A>
  void fields(A& a) {
    a(1, files), a(2, results), a(3, value_bytes), a(4, unhandled), a(5, cursor);
  }
};

// To a consumer, unasked: its task is cancelled. What it pushes for it is refused; Finish gives back the
// credit.
struct Withdrawn {
  static constexpr uint16_t kType = 89;
  Seq seq = 0;
  template <class A>
  void fields(A& a) {
    a(1, seq);
  }
};

// To a peer whose call waits for completeness or idleness, unasked: agents that have work left are paused.
struct Held {
  static constexpr uint16_t kType = 90;
  std::vector<std::string> agents;
  template <class A>
  void fields(A& a) {
    a(1, agents);
  }
};

using Bodies = std::variant<Hello, Goodbye, Heartbeat, OpenSubmission, CloseSubmission, Push, ValueAppend,
                            Finish, Read, Find, ListOrigins, ListMarks, ListUuids, GetStatus, GetSubmission,
                            WaitIdle, Started, Progress, ListFailures, ListPending, ProcessEnd, Retry,
                            ListBulk, GetState, Ask, SetMode, Cancel, Pause, Forget, Prune, Welcome, Alive,
                            Lost, Failure, Done, Opened, Pushed, Task, Data, Items, Origins, Marks, Uuids,
                            Status, SubmissionStatus, Idle, FailedTasks, PendingTasks, Retried, BulkTask,
                            State, Asked, Cancelled, Paused, Forgotten, Pruned, Withdrawn, Held>;

// What of it must know every one of them is compiled once, in message.cpp: it is much, and this header is
// read by nearly all.
struct Body : Bodies {
  using Bodies::Bodies;
  Body();
  Body(const Body& other);
  Body(Body&& other) noexcept;
  Body& operator=(const Body& other);
  Body& operator=(Body&& other) noexcept;
  ~Body();
};

struct Message {
  uint64_t request = 0;  // repeated by the answer; 0: wants none
  Body body;
};

}  // namespace rebus
