// What an agent and a worker that tries YARA rules on files say to each other, in frames of parser_link.h.
#pragma once

#include <string>
#include <vector>

#include "descriptor/pack.h"

namespace rebus {

// Of one answer.
inline constexpr size_t kMostRules = 1000;           // that match
inline constexpr size_t kMostPlaces = 5000;          // where strings of them occur
inline constexpr size_t kMostPlacesOfString = 50;    // where one of them does
inline constexpr size_t kMostRuleText = 1 << 20;     // bytes of names, tags and metadata
inline constexpr size_t kMostBusyStrings = 20;       // RuleAnswer::busy
inline constexpr uint64_t kMostMatches = 1'000'000;  // of a string; YARA's own limit (YR_MAX_STRING_MATCHES)

// What was read, said by whoever compiled it.
struct RuleSource {
  std::string digest;        // 64 hex digits: SHA-256 over the files, one after the other as they were read
  uint64_t rules = 0;        // how many
  std::string version;       // of YARA
  std::string trouble = {};  // why they cannot be used, with file and line; empty: they can
  template <class A>
  void fields(A& a) {
    a(1, digest), a(2, rules), a(3, version), a(4, trouble);
  }
};

// An external variable of rules, of a text.
struct RuleVariable {
  std::string name, text;
  template <class A>
  void fields(A& a) {
    a(1, name), a(2, text);
  }
};

// The file is in the memory that is shared.
struct RuleCall {
  uint64_t seconds = 0;                 // to take for it
  std::vector<RuleVariable> variables;  // that have another value for each file; rules may know others only
  template <class A>
  void fields(A& a) {
    a(1, seconds), a(2, variables);
  }
};

struct RuleMeta {
  enum class Type : uint8_t { kText, kNumber, kTruth };
  std::string name;
  Type type = Type::kText;
  std::string text;
  int64_t number = 0;
  template <class A>
  void fields(A& a) {
    a(1, name), a(2, type), a(3, text), a(4, number);
  }
};

// Where a string of a rule occurs.
struct StringPlace {
  std::string name;  // "$a"
  uint64_t offset = 0, size = 0;
  template <class A>
  void fields(A& a) {
    a(1, name), a(2, offset), a(3, size);
  }
};

// A rule that matches.
struct RuleMatch {
  std::string name, space;  // and its namespace
  std::vector<std::string> tags;
  std::vector<RuleMeta> metas;
  std::vector<StringPlace> places;
  uint64_t more_places = 0;  // that were not told
  template <class A>
  void fields(A& a) {
    a(1, name), a(2, space), a(3, tags), a(4, metas), a(5, places), a(6, more_places);
  }
};

struct RuleAnswer {
  std::vector<RuleMatch> rules;
  bool has_more_rules = false;                            // that were not told
  bool is_out_of_time = false, is_out_of_memory = false;  // then not all rules were tried
  std::vector<std::string> busy;  // strings that occur too often ("$a of NAME"): not counted on
  bool is_too_complex = false;    // a regular expression: then no rule was tried to its end
  std::string complex;            // which, if that is known
  uint64_t error = 0;             // of YARA: its number; 0: none
  template <class A>
  void fields(A& a) {
    a(1, rules), a(2, has_more_rules), a(3, is_out_of_time), a(4, is_out_of_memory), a(5, busy), a(6, error),
        a(7, is_too_complex), a(8, complex);
  }
};

}  // namespace rebus
