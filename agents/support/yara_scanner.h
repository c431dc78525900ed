// YaraScanner: YARA rules, tried on values by a worker in a cage.
#pragma once

#include <chrono>
#include <memory>

#include "agents/support/sandbox/parser_process.h"
#include "agents/support/yara_rules.h"

namespace rebus {

// One thread.
class YaraScanner {
 public:
  // Of a larger value only so many bytes are looked at.
  static constexpr uint64_t kMostBytes = 256ULL << 20;

  // `time`: for one value. The worker keeps to it, but there are steps of YARA in which it does not look at
  // the clock: after `grace` more it is killed.
  static Result<std::unique_ptr<YaraScanner>> make(std::shared_ptr<const YaraRules> rules,
                                                   std::chrono::seconds time,
                                                   std::chrono::seconds grace = std::chrono::seconds(10));
  // Whether there can be a worker.
  Result<void> start() { return process_.start(); }
  // What the rules say of it, with these values of external variables; texts in it are hostile, places lie in
  // the value. kFailed: it ended its worker, and how; kUnavailable: there can be no worker. Errors of reading
  // the value as they are.
  Result<RuleAnswer> scan(const Value& value, const std::vector<RuleVariable>& variables);
  const RuleSource& source() const { return rules_->source(); }
  // Of the cage that the worker is in.
  const std::vector<std::string>& layers() const { return process_.layers(); }

 private:
  YaraScanner(std::shared_ptr<const YaraRules> rules, SharedFile file, std::chrono::seconds time,
              std::chrono::seconds grace);
  Result<RuleAnswer> ask(uint64_t size, const std::vector<RuleVariable>& variables);

  const std::shared_ptr<const YaraRules> rules_;
  const std::chrono::seconds time_;
  SharedFile file_;
  ParserProcess process_;
};

}  // namespace rebus
