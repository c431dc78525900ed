// What an agent and a worker that parses for it say to each other, in frames of parser_link.h. Both are of
// one build: there are no versions. The worker is not trusted: whatever it says is as hostile as the bytes
// that it reads.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agents/parsers/container.h"

namespace rebus {

// The exit code of a worker that wants more memory than it may have.
constexpr int kWorkerOutOfMemory = 12;

enum class ParserWord : uint32_t {
  // From the agent.
  kIdentify = 1,     // the file that came along, or else what is in the shared memory: kType
  kOpenArchive = 2,  // Subject: kOpened; instead of what was open
  kOpenContent = 3,  // Subject: kOpened; likewise
  kNext = 4,         // kMember
  kRead = 5,         // kBlock, any number of them, kReadEnd
  kStop = 6,         // Stop: no more blocks
  kEndedEarly = 7,   // kEarly
  kRest = 8,         // kRestPart
  kBeginAgain = 11,  // Again: kOpened; the archive once more
  kTellAbout = 10,   // kAbout, before the first kNext
  kPart = 9,         // WindowPart: what was wanted is in the window (value_window.h)
  kScan = 10,        // what is in the shared memory: kScanned
  kTellRules = 11,   // kRules
  kTryRules = 12,    // RuleCall (yara_messages.h): kTried
  kSign = 13,        // SignatureCall (signature_messages.h): kSigned
  kTaken = 14,       // Taken: there is room in the ring (block_ring.h)
  kFile = 15,        // the value spoken of next is in the file that comes along (parser_link.h)

  // From the worker.
  kHello = 20,     // WorkerHello, once, from inside the cage
  kType = 21,      // FileType
  kOpened = 22,    // ReaderState
  kMember = 23,    // MemberAnswer
  kBlock = 24,     // Block
  kReadEnd = 25,   // ReadEnd
  kEarly = 26,     // Early
  kRestPart = 27,  // RestPart
  kWant = 28,      // Want: kPart
  kAbout = 30,     // About
  kTrouble = 29,   // Trouble, instead of an answer
  kScanned = 30,   // ScanAnswer (scan_messages.h)
  kRules = 31,     // RuleSource
  kTried = 32,     // RuleAnswer
  kSigned = 33,    // SignatureAnswer
};

// A container. As much of its begin as fits is in the window; for more the worker asks.
struct Subject {
  uint64_t size = 0;  // bytes
  std::vector<std::string> passwords;
  // After kNext the worker goes on by itself, as if kRead and kNext had been said: the member, its blocks,
  // their end, the next member. Until there is no member, or an end that is kBroken or kStopped.
  bool runs_ahead = false;
  template <class A>
  void fields(A& a) {
    a(1, size), a(2, passwords), a(3, runs_ahead);
  }
};

// Of which reading of a member, from 1: the worker may be at the next one already.
struct Stop {
  uint64_t reading = 0;
  template <class A>
  void fields(A& a) {
    a(1, reading);
  }
};

struct WorkerHello {
  std::vector<std::string> layers;  // of the cage, as enter_cage() gives them
  std::string trouble;              // why it cannot work; empty: it can
  template <class A>
  void fields(A& a) {
    a(1, layers), a(2, trouble);
  }
};

struct Trouble {
  bool is_limit = false;  // too many compressions over each other
  std::string message;
  template <class A>
  void fields(A& a) {
    a(1, is_limit), a(2, message);
  }
};

// What a reader can be asked at any time.
struct ReaderState {
  bool is_compressed = false;
  bool has_own_end = false, has_trailing = false, is_compressed_zip = false, has_directory = false;
  std::string damage;
  template <class A>
  void fields(A& a) {
    a(1, is_compressed), a(2, has_own_end), a(3, has_trailing), a(4, is_compressed_zip), a(5, has_directory);
    a(6, damage);
  }
};

struct MemberAnswer {
  ReaderState state;
  std::optional<ArchiveMember> member;
  std::optional<Trouble> trouble;
  template <class A>
  void fields(A& a) {
    a(1, state), a(2, member), a(3, trouble);
  }
};

struct Again {
  std::string password;
  template <class A>
  void fields(A& a) {
    a(1, password);
  }
};

struct About {
  std::vector<TextField> texts;
  template <class A>
  void fields(A& a) {
    a(1, texts);
  }
};

// Bytes of a member, the next ones in the ring.
struct Block {
  uint64_t offset = 0, size = 0;  // in the member
  template <class A>
  void fields(A& a) {
    a(1, offset), a(2, size);
  }
};

struct Taken {
  uint64_t count = 0;  // bytes, since it was said last
  template <class A>
  void fields(A& a) {
    a(1, count);
  }
};

struct ReadEnd {
  ReaderState state;
  ContainedBytes::End end = ContainedBytes::End::kWhole;
  std::string message;
  template <class A>
  void fields(A& a) {
    a(1, state), a(2, end), a(3, message);
  }
};

struct Early {
  bool is_early = false;
  template <class A>
  void fields(A& a) {
    a(1, is_early);
  }
};

struct RestPart {
  ReaderState state;
  uint64_t size = 0;
  bool is_zero = false;
  template <class A>
  void fields(A& a) {
    a(1, state), a(2, size), a(3, is_zero);
  }
};

// Bytes of the container, at most kWindow.
struct Want {
  uint64_t offset = 0, size = 0;
  template <class A>
  void fields(A& a) {
    a(1, offset), a(2, size);
  }
};

// What the window begins with now; 0 bytes: it cannot be read.
struct WindowPart {
  uint64_t size = 0;
  template <class A>
  void fields(A& a) {
    a(1, size);
  }
};

}  // namespace rebus
