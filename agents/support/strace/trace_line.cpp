#include "agents/support/strace/trace_line.h"

#include <charconv>

namespace rebus {
namespace {

constexpr std::string_view kUnfinished = " <unfinished ...>", kResumed = " resumed>";

bool take(std::string_view& text, std::string_view begin) {
  if (!text.starts_with(begin)) return false;
  text.remove_prefix(begin.size());
  return true;
}

std::optional<uint64_t> take_number(std::string_view& text) {
  uint64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return {};
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return number;
}

std::string_view word_of(std::string_view text) { return text.substr(0, text.find_first_of(" (")); }

bool is_name(std::string_view text) {
  for (char c : text) {
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'))
      return false;
  }
  return !text.empty();
}

// How deep in brackets and strings a place is.
class Nesting {
 public:
  // In the order of the text.
  void pass(char c) {
    if (is_escaped_) {
      is_escaped_ = false;
    } else if (is_string_) {
      is_escaped_ = c == '\\';
      is_string_ = c != '"';
    } else if (c == '"') {
      is_string_ = true;
    } else if (c == '(' || c == '[' || c == '{') {
      depth_++;
    } else if (c == ')' || c == ']' || c == '}') {
      depth_--;
    }
  }
  bool is_top() const { return !is_string_ && depth_ == 0; }
  bool is_string() const { return is_string_; }
  bool is_closed() const { return depth_ < 0; }

 private:
  bool is_string_ = false, is_escaped_ = false;
  int64_t depth_ = 0;
};

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

void parse_end(std::string_view rest, TraceLine& line) {
  if (take(rest, "exited with ")) {
    line.kind = TraceLine::Kind::kExited;
    line.result = word_of(rest);
  } else if (take(rest, "killed by ")) {
    line.kind = TraceLine::Kind::kKilled;
    line.name = word_of(rest);
  }
}

void parse_call(std::string_view rest, TraceLine& line) {
  line.name = word_of(rest);
  if (!is_name(line.name) || rest.size() <= line.name.size() || rest[line.name.size()] != '(') return;
  rest.remove_prefix(line.name.size() + 1);
  if (rest.ends_with(kUnfinished)) {
    line.kind = TraceLine::Kind::kUnfinished;
    line.arguments = rest.substr(0, rest.size() - kUnfinished.size());
  } else if (split_call(rest, line.arguments, line.result)) {
    line.kind = TraceLine::Kind::kCall;
  }
}

void parse_resumed(std::string_view rest, TraceLine& line) {
  line.name = word_of(rest);
  if (!is_name(line.name)) return;
  rest.remove_prefix(line.name.size());
  if (!take(rest, kResumed)) return;
  line.kind = TraceLine::Kind::kResumed;
  line.arguments = rest;
}

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 16;
}

// Up to `most` digits of this base, from `at` on, which is moved behind them.
char take_code(std::string_view text, size_t& at, int base, size_t most) {
  int code = 0;
  for (size_t count = 0; count < most && at < text.size() && digit_of(text[at]) < base; count++, at++)
    code = code * base + digit_of(text[at]);
  return static_cast<char>(code);
}

// What is behind a backslash at `at`, which is moved behind it.
char take_escaped(std::string_view text, size_t& at) {
  constexpr std::string_view kLetters = "abtnvfr";
  char c = text[at];
  if (c >= '0' && c <= '7') return take_code(text, at, 8, 3);
  at++;
  if (c == 'x') return take_code(text, at, 16, 2);
  size_t letter = kLetters.find(c);
  return letter == kLetters.npos ? c : static_cast<char>('\a' + letter);
}

}  // namespace

std::optional<TraceLine> parse_trace_line(std::string_view text) {
  TraceLine line;
  auto pid = take_number(text);
  if (!pid) return {};
  text = trimmed(text);
  auto seconds = take_number(text);
  if (!seconds || *seconds > 1'000'000'000'000 || !take(text, ".")) return {};
  const size_t digits = text.find(' ');
  auto fraction = take_number(text);
  if (digits != 6 || !fraction || !take(text, " ")) return {};
  line.pid = *pid;
  line.time = static_cast<int64_t>(*seconds * 1'000'000 + *fraction);
  if (take(text, "+++ ")) {
    parse_end(text, line);
  } else if (take(text, "--- ")) {
    line.name = word_of(text);  // or "stopped by", which is what a signal did
    line.kind = line.name == "stopped" ? TraceLine::Kind::kOther : TraceLine::Kind::kSignal;
  } else if (take(text, "<... ")) {
    parse_resumed(text, line);
  } else {
    parse_call(text, line);
  }
  return line;
}

bool split_call(std::string_view rest, std::string_view& arguments, std::string_view& result) {
  Nesting nesting;
  for (size_t at = 0; at < rest.size(); at++) {
    nesting.pass(rest[at]);
    if (!nesting.is_closed()) continue;
    arguments = rest.substr(0, at);
    rest = trimmed(rest.substr(at + 1));
    if (!take(rest, "= ")) return false;
    result = rest;
    return true;
  }
  return false;
}

std::vector<std::string_view> split_arguments(std::string_view arguments, size_t most) {
  std::vector<std::string_view> all;
  Nesting nesting;
  size_t begin = 0;
  for (size_t at = 0; at < arguments.size() && all.size() + 1 < most; at++) {
    if (arguments[at] == ',' && nesting.is_top()) {
      all.push_back(trimmed(arguments.substr(begin, at - begin)));
      begin = at + 1;
    }
    nesting.pass(arguments[at]);
  }
  auto last = trimmed(arguments.substr(begin));
  if (!last.empty() || !all.empty()) all.push_back(last);
  return all;
}

std::optional<std::string> string_literal(std::string_view text) {
  if (!text.starts_with('"')) return {};
  std::string bytes;
  for (size_t at = 1; at < text.size();) {
    char c = text[at++];
    if (c == '"') return bytes;
    if (c == '\\' && at < text.size()) c = take_escaped(text, at);
    bytes += c;
  }
  return {};
}

std::optional<uint64_t> leading_number(std::string_view text) { return take_number(text); }

}  // namespace rebus
