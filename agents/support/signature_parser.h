// SignatureParser: signatures of files, computed by a worker in a cage.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agents/support/sandbox/parser_process.h"

namespace rebus {

struct Signatures {
  std::string tlsh;                    // empty: there is none
  std::optional<std::string> imphash;  // empty: it imports nothing; nothing: it is neither PE nor ELF
  std::optional<Error> damage;         // of its imports: then there is no imphash
};

// One thread.
class SignatureParser {
 public:
  SignatureParser();
  // Whether there can be a worker, and the layers of its cage.
  static Result<std::vector<std::string>> check();
  // Those that are wanted. kFailed: the value ended its worker, and how; kUnavailable: there can be no
  // worker. Errors of reading the value as they are.
  Result<Signatures> parse(const Value& value, bool with_tlsh, bool with_imphash);

 private:
  Result<Signatures> ask(const Value& value, bool with_tlsh, bool with_imphash);

  static constexpr std::chrono::seconds kPatience{60};
  ParserProcess process_;
};

}  // namespace rebus
