// MagicSieve: those of libmagic's rules that may match a file, told from its begin.
//
// libmagic tries thousands of rules, one after the other; nearly all of them ask for a few bytes that are not
// there. What is left out here would not have matched, so that its answer is the same without them.
#pragma once

#include <array>

#include "agents/parsers/magic_test.h"
#include "agents/parsers/pattern_set.h"

namespace rebus {

// One thread.
class MagicSieve {
 public:
  static constexpr size_t kBegin = 64 << 10;  // bytes; of texts libmagic sees no more (FILE_ENCODING_MAX)

  // The rules must outlive it.
  explicit MagicSieve(const MagicRules& rules);

  struct Choice {
    std::vector<uint16_t> rules;  // in their order
    bool all_texts = false;       // and all that are for text
    auto operator<=>(const Choice&) const = default;
  };
  // For a file of so many bytes that begins with these: all of them, or kBegin, and behind them kMore bytes
  // that may be read. Nothing if all rules are needed, because one of them applies all to other parts of the
  // file.
  static constexpr size_t kMore = MagicTest::kMore;
  std::optional<Choice> choose(std::string_view begin, uint64_t size);

 private:
  struct File {
    std::string_view begin;
    uint64_t size;
    bool is_plain_text;
    bool knows_texts = false, knows_regexes = false;
  };
  struct Line {
    MagicTest test;
    uint16_t level;
    bool says_something;
  };
  // The first line of a rule, and all if that says nothing by itself.
  struct Part {
    size_t begin, end;  // in lines_
  };
  Line line_of(const MagicLine& line);
  bool may_match(const MagicTest& test, const File& file) const;
  bool may_say(size_t at, size_t end, const File& file) const;
  void sort_by_first_byte();
  void choose_among(const std::vector<uint16_t>& rules, const File& file, Choice& choice) const;

  const MagicRules& rules_;
  std::vector<Line> lines_;
  std::vector<Part> parts_;  // by rule
  // Rules that ask for this byte at the begin of the file, and all others.
  std::array<std::vector<uint16_t>, 256> by_first_byte_;
  std::vector<uint16_t> others_;
  PatternSet texts_, regexes_;
  bool knows_texts_ = false, knows_regexes_ = false;
  bool texts_apply_all_ = false;
};

// A text that libmagic applies its rules to as it stands: ASCII or UTF-8 without a mark before it, without
// control characters other than those of texts. `is_cut`: it may end within a character.
bool is_plain_text(std::string_view text, bool is_cut);

}  // namespace rebus
