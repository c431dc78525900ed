#include "agents/parsers/magic_sieve.h"

#include <algorithm>
#include <array>
#include <optional>

namespace rebus {
namespace {

// What uses other rules may say what they say.
bool says_something(const MagicLine& line) {
  return line.says_something() || line.type == MagicLine::kUse || line.type == MagicLine::kIndirect;
}

// --- plain texts ---

// The "T" of text_chars in src/encoding.c, below 0x80.
constexpr std::array<bool, 256> kIsTextByte = [] {
  std::array<bool, 256> is_text = {};
  for (size_t byte = 0x20; byte < 0x7f; byte++) is_text[byte] = true;
  for (size_t byte : {7, 8, 9, 10, 12, 13, 27}) is_text[byte] = true;
  return is_text;
}();

size_t plain_length(std::string_view text) {
  size_t length = 0;
  while (length < text.size() && kIsTextByte[static_cast<unsigned char>(text[length])]) length++;
  return length;
}

// Of the character that begins there, as RFC 3629 has them; 0 for none. `text` is not empty.
size_t character_length(std::string_view text) {
  const auto at = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = at(0);
  size_t length = 0;
  unsigned char low = 0x80, high = 0xbf;  // of the second byte
  if (first >= 0xc2 && first <= 0xdf) length = 2;
  if (first >= 0xe0 && first <= 0xef) length = 3;
  if (first >= 0xf0 && first <= 0xf4) length = 4;
  if (first == 0xe0) low = 0xa0;
  if (first == 0xed) high = 0x9f;
  if (first == 0xf0) low = 0x90;
  if (first == 0xf4) high = 0x8f;
  if (length == 0 || text.size() < length || at(1) < low || at(1) > high) return 0;
  for (size_t i = 2; i < length; i++) {
    if (at(i) < 0x80 || at(i) > 0xbf) return 0;
  }
  return length;
}

}  // namespace

bool is_plain_text(std::string_view text, bool is_cut) {
  constexpr std::string_view kMark = "\xef\xbb\xbf", kUtf7 = "+/v";
  constexpr size_t kMostCharacter = 4;
  if (text.starts_with(kMark) || text.starts_with(kUtf7)) return false;
  while (!is_cut && text.ends_with('\0')) text.remove_suffix(1);
  for (;;) {
    text.remove_prefix(plain_length(text));
    if (text.empty()) return true;
    const size_t length = character_length(text);
    if (length == 0) return is_cut && text.size() < kMostCharacter;
    text.remove_prefix(length);
  }
}

// --- making it ---

MagicSieve::MagicSieve(const MagicRules& rules) : rules_(rules) {
  for (size_t i = 0; i < rules.size(); i++) {
    const MagicRules::Lines rule = rules.rule(i);
    const size_t begin = lines_.size();
    for (const MagicLine& line : says_something(rule[0]) ? rule.first(1) : rule)
      lines_.push_back(line_of(line));
    parts_.push_back({begin, lines_.size()});
    texts_apply_all_ = texts_apply_all_ || (rules.is_for_text(i) && rules.applies_all(i));
    if ((rule[0].flags & MagicLine::kFromEnd) == 0) continue;
    // The offsets of its other lines count from the end, too.
    for (size_t at = begin; at < lines_.size(); at++) lines_[at].test = {};
  }
  knows_texts_ = texts_.compile();
  knows_regexes_ = regexes_.compile();
  sort_by_first_byte();
}

void MagicSieve::sort_by_first_byte() {
  for (size_t i = 0; i < parts_.size(); i++) {
    const MagicTest& test = lines_[parts_[i].begin].test;
    const auto rule = static_cast<uint16_t>(i);
    if (!test.is_at_begin()) {
      others_.push_back(rule);
      continue;
    }
    for (size_t byte = 0; byte < by_first_byte_.size(); byte++) {
      if (test.may_begin_with(static_cast<unsigned char>(byte))) by_first_byte_[byte].push_back(rule);
    }
  }
}

MagicSieve::Line MagicSieve::line_of(const MagicLine& line) {
  Line out = {MagicTest::of(line), line.level, says_something(line)};
  MagicTest& test = out.test;
  if (test.kind != MagicTest::Kind::kText && test.kind != MagicTest::Kind::kRegex) return out;
  // The patterns of other lines are too many for one pass.
  std::optional<size_t> number;
  if (line.level == 0) number = (test.kind == MagicTest::Kind::kText ? texts_ : regexes_).add(test.text);
  if (!number) test = {};
  test.pattern = number.value_or(0);
  return out;
}

// --- asking it ---

bool MagicSieve::may_match(const MagicTest& test, const File& file) const {
  const bool is_in_sight = !test.needs_whole || file.size <= kPatternWindow;
  switch (test.kind) {
    case MagicTest::Kind::kAnything:
      return true;
    case MagicTest::Kind::kBytes:
    case MagicTest::Kind::kNumber:
      return test.may_match(file.begin, file.size);
    case MagicTest::Kind::kText:
      return !file.knows_texts || !is_in_sight || texts_.was_found(test.pattern);
    case MagicTest::Kind::kRegex:
      return !file.knows_regexes || !is_in_sight || regexes_.was_found(test.pattern);
  }
  return true;
}

// Whether the line there may match, and it or one of those below it says something.
bool MagicSieve::may_say(size_t at, size_t end, const File& file) const {
  const Line& line = lines_[at];
  if (!may_match(line.test, file)) return false;
  if (line.says_something) return true;
  for (size_t i = at + 1; i < end && lines_[i].level > line.level; i++) {
    if (lines_[i].level == line.level + 1 && may_say(i, end, file)) return true;
  }
  return false;
}

std::optional<MagicSieve::Choice> MagicSieve::choose(std::string_view begin, uint64_t size) {
  File file = {begin, size, is_plain_text(begin, begin.size() < size)};
  if (!file.is_plain_text && texts_apply_all_) return std::nullopt;
  const std::string_view window = file.begin.substr(0, kPatternWindow);
  file.knows_texts = file.is_plain_text && knows_texts_ && texts_.find(window);
  file.knows_regexes = file.is_plain_text && knows_regexes_ && regexes_.find(window);
  Choice choice;
  choice.all_texts = !file.is_plain_text;
  if (!begin.empty()) choose_among(by_first_byte_[static_cast<unsigned char>(begin[0])], file, choice);
  choose_among(others_, file, choice);
  if (std::ranges::any_of(choice.rules, [&](uint16_t rule) { return rules_.applies_all(rule); })) return {};
  std::ranges::sort(choice.rules);
  return choice;
}

void MagicSieve::choose_among(const std::vector<uint16_t>& rules, const File& file, Choice& choice) const {
  for (uint16_t rule : rules) {
    if (!file.is_plain_text && rules_.is_for_text(rule)) continue;
    if (may_say(parts_[rule].begin, parts_[rule].end, file)) choice.rules.push_back(rule);
  }
}

}  // namespace rebus
