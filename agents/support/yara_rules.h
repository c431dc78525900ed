// YaraRules: rules, compiled once for all workers of an agent.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agents/parsers/yara_messages.h"
#include "agents/support/sandbox/shared_file.h"

namespace rebus {

// Any thread.
class YaraRules {
 public:
  // Of these files and folders, as they are when this process asks first; `variables`: external ones.
  // kInvalid says what is wrong with them, with file and line; kUnavailable that there is no rebus_yara.
  static Result<std::shared_ptr<const YaraRules>> read(const std::vector<std::string>& places,
                                                       const std::vector<RuleVariable>& variables = {});

  const RuleSource& source() const { return source_; }
  // To be handed to a worker.
  int readable() const { return file_.readable(); }

 private:
  YaraRules(SharedFile file, RuleSource source) : file_(std::move(file)), source_(std::move(source)) {}
  static Result<std::shared_ptr<const YaraRules>> compile(std::vector<std::string> words);

  SharedFile file_;
  RuleSource source_;
};

}  // namespace rebus
