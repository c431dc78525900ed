// ChosenMagic: libmagic with only those of its rules that may match a file.
#pragma once

#include <list>
#include <memory>

#include "agents/parsers/magic_sieve.h"

struct magic_set;

namespace rebus {

struct CloseMagic {
  void operator()(magic_set* magic) const;
};
using MagicHandle = std::unique_ptr<magic_set, CloseMagic>;

// One thread. Once made it opens nothing more.
class ChosenMagic {
 public:
  // Chooses from the rules that magic_load(nullptr) takes, if they are in one compiled database of the
  // version that is known here. Else, and for the first files, there is nothing to choose from.
  explicit ChosenMagic(int flags);
  ~ChosenMagic();
  ChosenMagic(const ChosenMagic&) = delete;
  ChosenMagic& operator=(const ChosenMagic&) = delete;

  // For a file of so many bytes that begins with these (MagicSieve::choose). The caller sets the flags.
  // nullptr: all rules are needed, or there is no memory. Valid until the next call.
  magic_set* choose(std::string_view begin, uint64_t size);

 private:
  struct Loaded {
    MagicSieve::Choice choice;
    MagicRules::Database database;
    MagicHandle magic;
  };
  bool is_prepared();
  bool find(const MagicSieve::Choice& choice);
  bool load(MagicSieve::Choice choice);
  void count(const MagicSieve::Choice& choice);
  void add_frequent(MagicSieve::Choice& choice) const;

  int flags_;
  std::string_view database_;  // mapped
  uint64_t files_ = 0;
  std::optional<MagicRules> rules_;
  std::optional<MagicSieve> sieve_;
  // The last one used is the first. Files of a kind have the same choice or nearly so, and libmagic keeps
  // what it compiled of its regular expressions, which takes longer than to use it.
  std::list<Loaded> loaded_;
  size_t loaded_lines_ = 0;
  std::vector<uint32_t> times_chosen_;  // by rule
  uint32_t choices_ = 0;
  MagicRules::Database texts_, names_;  // made when they are needed first
};

}  // namespace rebus
