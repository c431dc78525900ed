// What both uses of libyara need.
#pragma once

#include <yara.h>

#include <memory>
#include <string>
#include <string_view>

namespace rebus {

struct FreeYaraRules {
  void operator()(YR_RULES* rules) const { yr_rules_destroy(rules); }
};
using LoadedRules = std::unique_ptr<YR_RULES, FreeYaraRules>;

// Rules as yr_rules_save() writes them. YARA's error number if they are none.
int load_yara_rules(std::string_view bytes, LoadedRules& rules);
int save_yara_rules(YR_RULES& rules, std::string& bytes);

}  // namespace rebus
