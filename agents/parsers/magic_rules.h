// MagicRules: the compiled rules of libmagic, one by one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace rebus {

// One line of a compiled database, as it stands there: struct magic of src/file.h, file 5.44 (version 18).
struct MagicLine {
  enum Flag : uint8_t {
    kIndirectOffset = 1,
    kRelativeOffset = 2,
    kIndirectRelative = 4,
    kUnsigned = 8,
    kForBinary = 0x20,
    kForText = 0x40,
    kFromEnd = 0x80
  };
  // Those that are told apart; the others are numbers, dates and strings of other kinds.
  enum Type : uint8_t {
    kByte = 1,
    kShort = 2,
    kLong = 4,
    kString = 5,
    kBigShort = 7,
    kBigLong = 8,
    kLittleShort = 10,
    kLittleLong = 11,
    kRegex = 17,
    kSearch = 20,
    kQuad = 24,
    kLittleQuad = 25,
    kBigQuad = 26,
    kIndirect = 41,
    kName = 45,
    kUse = 46
  };
  enum StringFlag : uint32_t {
    kCompactBlanks = 1,
    kOptionalBlanks = 2,
    kIgnoreLower = 4,
    kIgnoreUpper = 8,
    kOffsetOfStart = 0x10,
    kTextOnly = 0x20,
    kBinaryOnly = 0x40,
    kLines = 0x800,  // the range of a regular expression is in lines of 80 bytes
    kTrim = 0x2000,
    kFullWord = 0x4000
  };

  uint16_t level;  // 0: the first line of a rule
  uint8_t flags, factor, relation, length, type, offset_type, offset_operation, mask_operation, condition,
      factor_operation;
  int32_t offset, indirect_offset;
  uint32_t source_line;
  // Of numbers: a mask of 64 bits, in the byte order of the machine, 0 for none. Of texts: how many bytes (of
  // where a search begins) are looked at, 0 for all, and StringFlags.
  uint32_t range, string_flags;
  char value[128];
  char words[64], mime[80], apple[8], extensions[64];

  uint64_t mask() const;
  uint64_t value_number() const;
  // At most 127 bytes: libmagic ends what it compares with them there.
  std::string_view value_text() const;
  // Up to its first NUL.
  std::string_view value_name() const;
  // Something of it is printed when it matches.
  bool says_something() const;
};
static_assert(sizeof(MagicLine) == 376);

// One thread.
class MagicRules {
 public:
  using Lines = std::span<const MagicLine>;
  // What magic_load_buffers() takes.
  using Database = std::vector<MagicLine>;

  // Of a compiled database, which must outlive this and lie as aligned as a page does. Nothing if it is of
  // another version or byte order, or damaged.
  static std::optional<MagicRules> parse(std::string_view database);

  size_t size() const { return rules_.size(); }
  // In the order in which they are tried. One that is for binary and for text is two here.
  Lines rule(size_t index) const { return rules_[index].lines; }
  bool is_for_text(size_t index) const { return (rules_[index].flags & MagicLine::kForText) != 0; }
  // A line of it uses named rules; or applies all rules again, to bytes further on.
  bool uses_names(size_t index) const { return rules_[index].uses_names; }
  bool applies_all(size_t index) const { return rules_[index].applies_all; }

  // A database of some of them, without the named ones.
  Database database(std::span<const uint16_t> indexes) const;
  // Of all that are for text.
  Database texts() const;
  // Of the named ones.
  Database names() const;

 private:
  struct Rule {
    Lines lines;
    uint8_t flags;  // of the first line
    bool uses_names = false, applies_all = false;
  };
  MagicRules() = default;
  void add(Lines lines);
  void append(size_t index, Database& out) const;
  void follow_names(const std::map<std::string_view, Lines>& names, Rule& rule) const;

  std::vector<Rule> rules_;
  Lines named_;
};

}  // namespace rebus
