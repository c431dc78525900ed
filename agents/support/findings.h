// Findings: what of a container was not examined, and why. Nothing is left out silently.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agents/parsers/container.h"
#include "agents/support/budget.h"
#include "bus/agent.h"

namespace rebus {

class Findings {
 public:
  // A budget ran out at this member (empty: before the first).
  void add_spent(const Budget::Spent& spent, const std::string& member);
  // No password opens this member (empty: the archive's own directory), or its encryption is not known.
  void add_encrypted(const std::string& member, const std::string& reason);
  // A link, device or pipe: told, not followed, not made.
  void add_skipped(const ArchiveMember& member);
  void add_damage(const std::string& what, const std::string& member);
  void forget_damage() { damages_ = 0; }
  void forget_encrypted();
  // Another one knows better why it cannot be opened than who told of it first.
  void explain_encrypted(const std::string& reason);
  // What would help, if something is encrypted or damaged.
  void advise(const std::string& what) { advice_ = what; }

  // Pushes /limit/<what>, /limit/encrypted and /unarchive/skipped, as far as there is something to tell.
  Result<void> push(Work& work, const Limits& limits, uint64_t extracted) const;
  // The failure of the whole container, if something in it was damaged.
  Result<void> verdict(uint64_t extracted) const;

 private:
  struct Stop {
    Budget::Spent spent;
    std::string member;
    uint64_t times = 1;
  };
  Result<void> push_stops(Work& work, const Limits& limits, uint64_t extracted) const;
  Result<void> push_encrypted(Work& work) const;
  Result<void> push_skipped(Work& work) const;

  std::vector<Stop> stops_;
  std::vector<std::string> encrypted_;
  uint64_t encrypted_count_ = 0;
  std::string encrypted_reason_;
  std::string advice_;
  std::vector<std::string> skipped_;
  uint64_t symlinks_ = 0, hardlinks_ = 0, others_ = 0;
  uint64_t damages_ = 0;
  std::string first_damage_;
};

}  // namespace rebus
