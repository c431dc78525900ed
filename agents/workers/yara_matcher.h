// YaraMatcher: YARA rules, tried on files.
#pragma once

#include <string>
#include <vector>

#include "agents/parsers/yara_messages.h"
#include "agents/workers/yara_library.h"
#include "descriptor/result.h"

namespace rebus {

// One thread. Once loaded it opens nothing more.
class YaraMatcher {
 public:
  // From an open file that YaraCompiler wrote.
  static Result<YaraMatcher> load(int file);
  // On what is in this open file, whatever that is by then.
  RuleAnswer match(int file, const RuleCall& call) const;

 private:
  void match_set(YR_RULES& rules, std::string_view bytes, const RuleCall& call,
                 struct MatchNotes& notes) const;
  std::vector<LoadedRules> sets_;
};

}  // namespace rebus
