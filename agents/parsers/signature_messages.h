// What an agent and a worker that computes signatures of files for it say to each other, in frames of
// parser_link.h.
#pragma once

#include <optional>

#include "agents/parsers/parser_messages.h"

namespace rebus {

// Of a file. As much of its begin as fits is in the window; for more the worker asks.
struct SignatureCall {
  uint64_t size = 0;  // bytes
  bool with_tlsh = false, with_imphash = false;
  template <class A>
  void fields(A& a) {
    a(1, size), a(2, with_tlsh), a(3, with_imphash);
  }
};

struct SignatureAnswer {
  std::string tlsh;               // as tlsh_hash() gives it
  bool is_program = false;        // it is PE or ELF
  std::string imphash;            // as import_hash() gives it
  std::string ssdeep;             // of rebus_ssdeep, which gives nothing else
  std::optional<Trouble> damage;  // why there is no imphash, or ssdeep
  template <class A>
  void fields(A& a) {
    a(1, tlsh), a(2, is_program), a(3, imphash), a(4, damage), a(5, ssdeep);
  }
};

}  // namespace rebus
