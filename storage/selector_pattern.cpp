#include "storage/selector_pattern.h"

#include <re2/re2.h>

#include <algorithm>

#include "descriptor/escape.h"

namespace rebus {
namespace {

re2::RE2::Options options() {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxPatternMemory);
  return options;
}

std::string common_prefix(const std::string& a, const std::string& b) {
  auto [end, other] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  return {a.begin(), end};
}

}  // namespace

SelectorPattern::SelectorPattern(std::unique_ptr<re2::RE2> regex) : regex_(std::move(regex)) {}
SelectorPattern::~SelectorPattern() = default;
SelectorPattern::SelectorPattern(SelectorPattern&&) noexcept = default;
SelectorPattern& SelectorPattern::operator=(SelectorPattern&&) noexcept = default;

Result<SelectorPattern> SelectorPattern::compile(const std::string& text) {
  if (text.size() > kMaxPattern) {
    return Error{Code::kInvalid, "a regular expression may have " + std::to_string(kMaxPattern) + " bytes"};
  }
  auto regex = std::make_unique<re2::RE2>(text, options());
  if (!regex->ok()) {
    return Error{Code::kInvalid, "bad regular expression '" + escape(text) + "': " + escape(regex->error())};
  }
  SelectorPattern pattern(std::move(regex));
  pattern.find_range(text);
  return pattern;
}

// RE2 gives the range of what the pattern matches whole; selectors may go on after it.
void SelectorPattern::find_range(const std::string& text) {
  constexpr int kRangeBytes = 64;
  re2::RE2 whole("(?:" + text + ")(?s:.*)", options());
  has_range_ = whole.ok() && whole.PossibleMatchRange(&min_, &max_, kRangeBytes);
  if (!has_range_) return;
  path_prefix_ = common_prefix(min_, max_);
  path_prefix_.erase(std::min(path_prefix_.find('%'), path_prefix_.size()));
  while (path_prefix_.ends_with('/')) path_prefix_.pop_back();
}

size_t SelectorPattern::size() const { return static_cast<size_t>(std::max(regex_->ProgramSize(), 1)); }

bool SelectorPattern::matches(std::string_view selector) const {
  return regex_->Match({selector.data(), selector.size()}, 0, selector.size(), re2::RE2::ANCHOR_START,
                       nullptr, 0);
}

bool SelectorPattern::may_match(std::string_view path) const {
  if (!has_range_) return true;
  std::string first = std::string(path) + "/%", beyond = std::string(path) + "/%g";
  return beyond > min_ && first <= max_;
}

}  // namespace rebus
