// MagicTest: what a line of libmagic's rules asks of a file, as far as it is cheap to tell.
#pragma once

#include <string>
#include <string_view>

#include "agents/parsers/magic_rules.h"

namespace rebus {

// A text that rules for text are applied to as it stands, and the begin of it that patterns are looked for
// in.
constexpr size_t kPatternWindow = 8192 + 256;  // bytes; regular expressions see 8192 at most

struct MagicTest {
  enum class Kind : uint8_t {
    kAnything,  // libmagic is to be asked
    kBytes,     // these bytes at this offset, or at one of `spots` behind it
    kNumber,    // a number there, compared in another way
    kText,      // a text, somewhere
    kRegex      // a regular expression, somewhere
  };

  static MagicTest of(const MagicLine& line);

  // Of kBytes and kNumber: false when it cannot match a file of so many bytes that begins with these, behind
  // which kMore bytes may be read.
  static constexpr size_t kMore = 8;
  bool may_match(std::string_view begin, uint64_t size) const {
    if (kind == Kind::kNumber) return may_be_number(begin, size);
    const uint64_t end = uint64_t{offset} + reach;
    if (end > size) return is_padded;
    if (spots > 0) return may_match_many(begin, size);
    return end > begin.size() || is_at(begin.data() + offset);
  }

  // Of those that ask for a byte at the begin: the others are to be asked whatever it is.
  bool is_at_begin() const {
    return kind == Kind::kBytes && offset == 0 && spots == 0 && reach > 0 && !is_padded;
  }
  bool may_begin_with(unsigned char byte) const {
    unsigned char mask, value;
    __builtin_memcpy(&mask, &first_mask, 1);
    __builtin_memcpy(&value, &first_value, 1);
    return (byte & mask) == value;
  }

  Kind kind = Kind::kAnything;
  bool folds = false;
  bool is_padded = false;                     // behind the end of the file there are zeros for it
  bool needs_whole = false;                   // of patterns: it may be looked for behind the window
  uint32_t offset = 0, spots = 0, reach = 0;  // bytes; reach: of what is compared
  uint32_t first_mask = 0, first_value = 0;   // of the first 4 bytes, as they lie in memory
  const MagicLine* number = nullptr;          // kNumber
  std::string text;                           // kBytes: what comes behind those; else the pattern for RE2
  std::string whole;                          // of many spots: all that is compared
  size_t pattern = 0;                         // its number, for whoever keeps them

 private:
  bool is_at(const char* bytes) const {
    uint32_t first;
    __builtin_memcpy(&first, bytes, sizeof first);
    return (first & first_mask) == first_value && (text.empty() || has_rest(bytes + sizeof first));
  }
  bool has_rest(const char* bytes) const;
  bool may_match_many(std::string_view begin, uint64_t size) const;
  bool may_be_number(std::string_view begin, uint64_t size) const;
};

}  // namespace rebus
