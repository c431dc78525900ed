#include "agents/parsers/magic_test.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <optional>

#include "agents/parsers/magic_pattern.h"

namespace rebus {
namespace {

constexpr size_t kFirst = sizeof(uint32_t);
constexpr uint32_t kMostSpots = 4;  // of texts; beyond that a pattern is cheaper
constexpr uint64_t kEverywhere = ~uint64_t{0};
constexpr uint32_t kMostRegex = 8192, kLineBytes = 80;
constexpr uint8_t kElsewhere = MagicLine::kIndirectOffset | MagicLine::kRelativeOffset |
                               MagicLine::kIndirectRelative | MagicLine::kFromEnd;
constexpr uint32_t kBlanks = MagicLine::kCompactBlanks | MagicLine::kOptionalBlanks;
constexpr uint32_t kFolds = MagicLine::kIgnoreLower | MagicLine::kIgnoreUpper;
// Those that make nothing match that would not without them.
constexpr uint32_t kHarmless = MagicLine::kOffsetOfStart | MagicLine::kTextOnly | MagicLine::kBinaryOnly |
                               MagicLine::kTrim | MagicLine::kFullWord;

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char folded(char c) { return is_letter(c) ? static_cast<char>(c | 0x20) : c; }

// The first four bytes, each with what of it counts.
void set_first(MagicTest& test, std::string_view value, std::string_view mask) {
  std::array<char, kFirst> values = {}, masks = {};
  for (size_t i = 0; i < std::min(kFirst, value.size()); i++) {
    masks[i] = mask[i];
    values[i] = static_cast<char>(value[i] & mask[i]);
  }
  std::memcpy(&test.first_value, values.data(), kFirst);
  std::memcpy(&test.first_mask, masks.data(), kFirst);
}

struct NumberForm {
  uint8_t width;  // bytes
  bool is_big;
};
constexpr bool kIsBig = std::endian::native == std::endian::big;

std::optional<NumberForm> form_of(uint8_t type) {
  switch (type) {
    case MagicLine::kByte:
      return NumberForm{1, false};
    case MagicLine::kShort:
      return NumberForm{2, kIsBig};
    case MagicLine::kLong:
      return NumberForm{4, kIsBig};
    case MagicLine::kQuad:
      return NumberForm{8, kIsBig};
    case MagicLine::kBigShort:
      return NumberForm{2, true};
    case MagicLine::kBigLong:
      return NumberForm{4, true};
    case MagicLine::kBigQuad:
      return NumberForm{8, true};
    case MagicLine::kLittleShort:
      return NumberForm{2, false};
    case MagicLine::kLittleLong:
      return NumberForm{4, false};
    case MagicLine::kLittleQuad:
      return NumberForm{8, false};
    default:
      return std::nullopt;
  }
}

std::string bytes_of(uint64_t number, NumberForm form) {
  std::string bytes;
  for (size_t i = 0; i < form.width; i++) {
    const size_t place = form.is_big ? form.width - 1U - i : i;
    bytes += static_cast<char>(number >> (8 * place));
  }
  return bytes;
}

MagicTest of_number(const MagicLine& line, NumberForm form) {
  MagicTest test;
  if (line.mask_operation != 0) return test;  // other than "and"
  test.kind = line.relation == '=' ? MagicTest::Kind::kBytes : MagicTest::Kind::kNumber;
  test.offset = static_cast<uint32_t>(line.offset);
  test.reach = form.width;
  test.is_padded = form.width == sizeof(uint64_t);  // mget() of src/softmagic.c checks the others only
  test.number = &line;
  const uint64_t mask = line.mask() != 0 ? line.mask() : ~uint64_t{0};
  set_first(test, bytes_of(line.value_number(), form), bytes_of(mask, form));
  return test;
}

uint64_t number_of(const char* bytes, NumberForm form) {
  uint64_t number = 0;
  for (size_t i = 0; i < form.width; i++) {
    const size_t place = form.is_big ? i : form.width - 1U - i;
    number = number << 8 | static_cast<unsigned char>(bytes[place]);
  }
  return number;
}

// As file_signextend() of src/apprentice.c.
uint64_t extended(uint64_t number, NumberForm form) {
  if (form.width >= sizeof number) return number;
  const uint64_t above = uint64_t{1} << (8U * form.width);
  return (number & above >> 1) != 0 ? number | ~(above - 1) : number;
}

bool holds(char relation, bool is_unsigned, uint64_t number, uint64_t value) {
  const auto is_less = [&](uint64_t a, uint64_t b) {
    return is_unsigned ? a < b : static_cast<int64_t>(a) < static_cast<int64_t>(b);
  };
  switch (relation) {
    case '!':
      return number != value;
    case '<':
      return is_less(number, value);
    case '>':
      return is_less(value, number);
    case '&':
      return (number & value) == value;
    case '^':
      return (number & value) != value;
    default:
      return true;
  }
}

// As much of it as is compared byte by byte: blanks may stand for more or fewer of them.
std::string_view compared(const MagicLine& line) {
  std::string_view text = line.value_text();
  if ((line.string_flags & kBlanks) == 0) return text;
  return text.substr(0, static_cast<size_t>(std::ranges::find_if(text, is_blank) - text.begin()));
}

MagicTest of_bytes(const MagicLine& line, std::string_view text, uint32_t spots) {
  MagicTest test;
  test.kind = MagicTest::Kind::kBytes;
  test.offset = static_cast<uint32_t>(line.offset);
  test.spots = spots;
  test.reach = static_cast<uint32_t>(text.size());
  test.folds = (line.string_flags & kFolds) != 0;
  std::string masks;
  for (char c : text.substr(0, kFirst)) masks += test.folds && is_letter(c) ? '\xdf' : '\xff';
  set_first(test, text, masks);
  test.text = text.substr(std::min(kFirst, text.size()));
  if (spots > kMostSpots) test.whole = text;
  return test;
}

// `end`: of all that it may match.
MagicTest of_pattern(MagicTest::Kind kind, std::string pattern, uint64_t end) {
  MagicTest test;
  test.kind = kind;
  test.needs_whole = end > kPatternWindow;
  test.text = std::move(pattern);
  return test;
}

// The first part without blanks, wherever it is: those before it may be many.
MagicTest of_blank_text(const MagicLine& line) {
  std::string_view text = line.value_text();
  auto begin = std::ranges::find_if_not(text, is_blank);
  auto end = std::find_if(begin, text.end(), is_blank);
  if (begin == end) return {};
  bool folds = (line.string_flags & kFolds) != 0;
  return of_pattern(MagicTest::Kind::kText, pattern_of_text({begin, end}, folds), kEverywhere);
}

MagicTest of_text(const MagicLine& line) {
  const std::string_view text = compared(line);
  if ((line.string_flags & ~(kBlanks | kFolds | kHarmless)) != 0) return {};
  bool is_for_binary = (line.flags & MagicLine::kForBinary) != 0;
  if (text.empty()) return is_for_binary ? MagicTest() : of_blank_text(line);
  if (line.type == MagicLine::kString) return line.range == 0 ? of_bytes(line, text, 0) : MagicTest();
  bool is_anywhere = line.range == 0;
  if (!is_anywhere && (is_for_binary || line.range <= kMostSpots)) return of_bytes(line, text, line.range);
  const uint64_t end = static_cast<uint64_t>(line.offset) + line.range + text.size();
  return of_pattern(MagicTest::Kind::kText, pattern_of_text(text, (line.string_flags & kFolds) != 0),
                    is_anywhere ? kEverywhere : end);
}

MagicTest of_regex(const MagicLine& line) {
  auto pattern = pattern_of_regex(line.value_name());
  if (!pattern || (line.string_flags & ~(kHarmless | MagicLine::kLines)) != 0) return {};
  uint64_t bytes = line.range;
  if ((line.string_flags & MagicLine::kLines) != 0) bytes *= kLineBytes;
  if (bytes == 0 || bytes > kMostRegex) bytes = kMostRegex;
  return of_pattern(MagicTest::Kind::kRegex, *std::move(pattern), static_cast<uint64_t>(line.offset) + bytes);
}

}  // namespace

MagicTest MagicTest::of(const MagicLine& line) {
  if ((line.flags & kElsewhere) != 0 || line.offset < 0) return {};
  if (auto form = form_of(line.type)) return of_number(line, *form);
  if (line.relation != '=') return {};
  if (line.type == MagicLine::kRegex) return of_regex(line);
  return line.type == MagicLine::kString || line.type == MagicLine::kSearch ? of_text(line) : MagicTest();
}

bool MagicTest::may_be_number(std::string_view begin, uint64_t size) const {
  const uint64_t end = uint64_t{offset} + reach;
  if (end > size) return is_padded || number->relation == '!';
  if (end > begin.size()) return true;
  const NumberForm form = *form_of(number->type);
  uint64_t found = number_of(begin.data() + offset, form);
  if (number->mask() != 0) found &= number->mask();
  bool is_unsigned = (number->flags & MagicLine::kUnsigned) != 0;
  if (!is_unsigned) found = extended(found, form);
  return holds(static_cast<char>(number->relation), is_unsigned, found, number->value_number());
}

bool MagicTest::has_rest(const char* bytes) const {
  if (!folds) return std::memcmp(bytes, text.data(), text.size()) == 0;
  return std::equal(text.begin(), text.end(), bytes, [](char a, char b) { return folded(a) == folded(b); });
}

bool MagicTest::may_match_many(std::string_view begin, uint64_t size) const {
  if (begin.size() < size && uint64_t{offset} + spots + reach > begin.size()) return true;
  if (!folds && !whole.empty()) {
    if (offset >= begin.size()) return false;
    return begin.substr(offset, uint64_t{spots} + reach).find(whole) != begin.npos;
  }
  for (uint64_t at = offset; at <= uint64_t{offset} + spots && at + reach <= begin.size(); at++) {
    if (is_at(begin.data() + at)) return true;
  }
  return false;
}

}  // namespace rebus
