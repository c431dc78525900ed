#include "agents/parsers/pattern_set.h"

namespace rebus {
namespace {

constexpr int64_t kMemory = 32 << 20;  // bytes

RE2::Options options() {
  RE2::Options out;
  out.set_posix_syntax(true);
  out.set_one_line(false);
  out.set_encoding(RE2::Options::EncodingLatin1);
  out.set_log_errors(false);
  out.set_max_mem(kMemory);
  return out;
}

}  // namespace

PatternSet::PatternSet() : set_(std::make_unique<RE2::Set>(options(), RE2::UNANCHORED)) {}

std::optional<size_t> PatternSet::add(const std::string& pattern) {
  const int number = set_->Add(pattern, nullptr);
  if (number < 0) return std::nullopt;
  is_found_.resize(static_cast<size_t>(number) + 1);
  return static_cast<size_t>(number);
}

bool PatternSet::find(std::string_view text) {
  for (int number : found_) is_found_[static_cast<size_t>(number)] = false;
  found_.clear();
  RE2::Set::ErrorInfo error;
  if (!set_->Match(text, &found_, &error) && error.kind != RE2::Set::kNoError) return false;
  for (int number : found_) is_found_[static_cast<size_t>(number)] = true;
  return true;
}

}  // namespace rebus
