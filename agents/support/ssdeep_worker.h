// SsdeepWorker: ssdeep hashes, computed by the program rebus_ssdeep.
#pragma once

#include <string>
#include <vector>

#include "agents/support/sandbox/parser_process.h"

namespace rebus {

// libfuzzy is under the GPL: it stays in a program of its own, which runs in a cage. One process serves for
// many values; it is started when it is needed first, and again after it died. One thread.
class SsdeepWorker {
 public:
  SsdeepWorker();

  // As the program ssdeep prints it. kLimit: the value is too large (192 GiB); kFailed: it ended the worker,
  // and how; kUnavailable: there can be no worker. Errors of reading the value as they are.
  Result<std::string> hash(const Value& value);

  // Whether there can be one, and the layers of its cage; kUnavailable says what is missing.
  static Result<std::vector<std::string>> check();
  static Error not_installed();
  // The program: beside the one that runs, or in $PATH.
  static std::string program();

 private:
  Result<std::string> ask(const Value& value);

  ParserProcess process_;
};

}  // namespace rebus
