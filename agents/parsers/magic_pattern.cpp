#include "agents/parsers/magic_pattern.h"

#include <algorithm>

namespace rebus {
namespace {

constexpr std::string_view kRepeats = "*+?{";
// What both take for the character itself after a backslash. Letters, digits, "<", ">", "`" and "'" mean
// something else to glibc.
constexpr std::string_view kEscaped = ".[](){}*+?|^$\\/\"-#%&,:;=!@~_";

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

class PosixReader {
 public:
  explicit PosixReader(std::string_view posix) : rest_(posix) {}

  std::optional<std::string> translate() {
    while (!rest_.empty()) {
      if (!take_one()) return std::nullopt;
    }
    return std::move(out_);
  }

 private:
  bool take_one() {
    const char c = rest_[0];
    if (c == '\\') return take_escaped();
    if (c == '[') return take_bracket();
    if (c == '{') return take_bounds();
    if (c == '$') return take_end();
    // Not behind anything, a repetition is a character for glibc.
    if (kRepeats.find(c) != kRepeats.npos && is_begin_) return false;
    is_begin_ = c == '(' || c == '|' || c == '^';
    return take(1);
  }

  bool take(size_t count) {
    out_ += rest_.substr(0, count);
    rest_.remove_prefix(count);
    return true;
  }

  bool take_escaped() {
    if (rest_.size() < 2 || kEscaped.find(rest_[1]) == kEscaped.npos) return false;
    is_begin_ = false;
    return take(2);
  }

  // At the end of the text, which for libmagic ends after the bytes it looks at. What is without it matches
  // there, too.
  bool take_end() {
    if (rest_.size() > 1) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool take_bounds() {
    const size_t end = rest_.find('}');
    if (is_begin_ || end == rest_.npos || !is_digit(rest_[1])) return false;
    const std::string_view bounds = rest_.substr(1, end - 1);
    if (!std::ranges::all_of(bounds, [](char c) { return is_digit(c) || c == ','; })) return false;
    return take(end + 1);
  }

  // A backslash in it is one.
  bool take_bracket() {
    size_t at = 1;
    if (at < rest_.size() && rest_[at] == '^') at++;
    if (at < rest_.size() && rest_[at] == ']') at++;
    std::string body(rest_.substr(0, at));
    for (; at < rest_.size() && rest_[at] != ']'; at++) {
      if (rest_[at] == '\\') body += '\\';
      if (rest_[at] == '[' && at + 1 < rest_.size()) {
        if (rest_[at + 1] == '.' || rest_[at + 1] == '=') return false;
        if (rest_[at + 1] == ':' && !take_class(at, body)) return false;
      }
      body += rest_[at];
    }
    if (at >= rest_.size()) return false;
    out_ += body + ']';
    rest_.remove_prefix(at + 1);
    is_begin_ = false;
    return true;
  }

  // All of it but its last "]".
  bool take_class(size_t& at, std::string& body) const {
    const size_t end = rest_.find(":]", at + 2);
    if (end == rest_.npos) return false;
    body += rest_.substr(at, end + 1 - at);
    at = end + 1;
    return true;
  }

  std::string_view rest_;
  std::string out_;
  bool is_begin_ = true;  // of an alternative
};

}  // namespace

std::optional<std::string> pattern_of_regex(std::string_view posix) { return PosixReader(posix).translate(); }

std::string pattern_of_text(std::string_view text, bool folds) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_letter(c) && folds) {
      out += {'[', c, static_cast<char>(byte ^ 0x20), ']'};
    } else if (is_letter(c) || is_digit(c)) {
      out += c;
    } else {
      out += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return out;
}

}  // namespace rebus
