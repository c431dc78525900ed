#include "agents/support/taking.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "descriptor/escape.h"

namespace rebus {

Taking Taking::of(const ConsumerStatus& status) {
  Taking taking;
  taking.domain_ = status.consumer.domain;
  taking.read(status.consumer.takes);
  if (taking.prefixes_.empty()) taking.prefixes_ = {"/"};
  return taking;
}

// The JSON of docs/protocol.md; of one that was too long there is only a hash.
void Taking::read(const std::string& declared) {
  auto json = nlohmann::json::parse(declared, nullptr, false);
  if (!json.is_object()) return;
  own_domain_ = json.contains("own_domain");
  objects_only_ = json.contains("objects_only");
  for (const auto& prefix : json.value("prefixes", nlohmann::json::array())) {
    if (prefix.is_string()) prefixes_.push_back(prefix);
  }
  auto regex = json.find("selector_regex");
  if (regex == json.end() || !regex->is_string()) return;
  auto pattern = Pattern::compile(unescape(unescape(regex->get<std::string>())));  // escaped, then made JSON
  if (pattern) regex_ = std::move(*pattern);
}

bool Taking::serves(const Domain& domain) const {
  return domain == domain_ || (domain_.is_default() && !own_domain_);
}

bool Taking::includes(const Descriptor& d) const {
  if (objects_only_ && !d.is_object()) return false;
  if (regex_ && !regex_->is_in(d.selector.str())) return false;
  return std::ranges::any_of(prefixes_,
                             [&](const std::string& prefix) { return covers(prefix, d.selector.path()); });
}

}  // namespace rebus
