#include "agents/support/pattern.h"

#include <re2/re2.h>

#include "descriptor/escape.h"

namespace rebus {

Pattern::Pattern(std::unique_ptr<re2::RE2> regex) : regex_(std::move(regex)) {}
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

Result<Pattern> Pattern::compile(const std::string& text) { return compile_as(text, false); }

Result<Pattern> Pattern::compile_bytes(const std::string& text) { return compile_as(text, true); }

Result<Pattern> Pattern::compile_as(const std::string& text, bool is_bytes) {
  RE2::Options options;
  if (is_bytes) options.set_encoding(RE2::Options::EncodingLatin1);
  options.set_log_errors(false);
  auto regex = std::make_unique<RE2>(text, options);
  if (!regex->ok()) {
    return Error{Code::kInvalid,
                 "not a regular expression (RE2): '" + escape(text) + "': " + escape(regex->error())};
  }
  return Pattern(std::move(regex));
}

bool Pattern::is_in(std::string_view text) const {
  return regex_->Match({text.data(), text.size()}, 0, text.size(), RE2::UNANCHORED, nullptr, 0);
}

bool Pattern::begins(std::string_view text) const {
  return regex_->Match({text.data(), text.size()}, 0, text.size(), RE2::ANCHOR_START, nullptr, 0);
}

}  // namespace rebus
