#include "master/filter.h"

#include <re2/re2.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "descriptor/escape.h"

namespace rebus {
namespace {

constexpr size_t kMaxPrefixes = 256;
constexpr size_t kMaxRegex = 4096;         // bytes
constexpr int64_t kRegexMemory = 8 << 20;  // bytes, for RE2's program and caches

}  // namespace

Result<Filter> Filter::of(const Hello& hello) {
  Filter filter;
  filter.prefixes_ = hello.prefixes;
  filter.domain_ = hello.domain;
  filter.every_domain_ = hello.domain.is_default() && !hello.own_domain;
  filter.objects_only_ = hello.objects_only;
  if (hello.prefixes.size() > kMaxPrefixes) return Error{Code::kInvalid, "more than 256 type path prefixes"};
  for (const std::string& prefix : hello.prefixes) {
    if (!is_path_prefix(prefix))
      return Error{Code::kInvalid, "not a type path prefix: '" + escape(prefix) + "'"};
  }
  if (hello.selector_regex.empty()) return filter;
  if (hello.selector_regex.size() > kMaxRegex) return Error{Code::kInvalid, "regex of more than 4096 bytes"};
  re2::RE2::Options options(re2::RE2::Quiet);
  options.set_max_mem(kRegexMemory);
  filter.regex_ = std::make_shared<re2::RE2>(hello.selector_regex, options);
  if (!filter.regex_->ok()) return Error{Code::kInvalid, "bad regex: " + escape(filter.regex_->error())};
  return filter;
}

// The JSON of docs/protocol.md; of one that was too long there is only a hash.
std::optional<Filter> Filter::of(const Consumer& consumer) {
  auto json = nlohmann::json::parse(consumer.takes, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  Hello declared;
  declared.domain = consumer.domain;
  declared.own_domain = json.contains("own_domain");
  declared.objects_only = json.contains("objects_only");
  for (const auto& prefix : json.value("prefixes", nlohmann::json::array())) {
    if (prefix.is_string()) declared.prefixes.push_back(prefix);
  }
  auto filter = of(declared);
  return filter ? std::optional(*std::move(filter)) : std::nullopt;
}

bool Filter::in_domain(const Domain& domain) const { return every_domain_ || domain == domain_; }

bool Filter::matches(const LogEntry& entry) const {
  if (!in_domain(entry.domain) || (objects_only_ && !entry.is_object)) return false;
  return std::any_of(prefixes_.begin(), prefixes_.end(),
                     [&](const std::string& prefix) { return covers(prefix, entry.path); });
}

size_t Filter::cost() const {
  return regex_ == nullptr ? 1 : 1 + static_cast<size_t>(std::max(regex_->ProgramSize(), 0)) / 64;
}

bool Filter::matches_selector(const Selector& selector) const {
  return regex_ == nullptr || re2::RE2::PartialMatch(selector.str(), *regex_);
}

}  // namespace rebus
