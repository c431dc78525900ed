// Unpacking: one container taken apart, its members pushed as objects while it runs.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "agents/parsers/container.h"
#include "agents/support/budget.h"
#include "agents/support/extraction.h"
#include "agents/support/findings.h"
#include "agents/support/hard_links.h"
#include "agents/support/member_pusher.h"
#include "agents/support/other_unpacker.h"
#include "agents/support/sandbox/container_parser.h"

namespace rebus {

// Who takes apart, and what.
struct UnpackingKind {
  MemberPusher::Maker maker;
  const char* work;  // of ContainerParser
  // Is given what a container says of itself; may be null.
  Result<void> (*tell_about)(Work& work, const std::vector<TextField>& about) = nullptr;
};

// The work of `unarchive` and `email` on one descriptor. One use.
class Unpacking {
 public:
  Unpacking(Work& work, const Limits& limits, const std::vector<std::string>& passwords,
            const UnpackingKind& kind);

  // Whatever could be read has been pushed when it returns, also when it returns an Error (a damaged
  // container).
  Result<void> run();

 private:
  // What to do after a member.
  enum class Step {
    kNext,
    kReopen,  // this reader is broken; a new one can go on behind the member
    kStop,
  };

  Result<void> take_apart();
  Result<void> take_apart_elsewhere();
  Result<void> take_all_again(const OtherUnpacker::Answer& answer);
  Result<void> tell_no_help(const OtherUnpacker::Answer& answer);
  Result<void> push_doubted();
  void note_if_other_helps(const std::string& message);
  bool is_new(const std::string& name, const std::string& what);
  bool is_single_file() const;
  Result<void> read_members();
  Result<void> tell_about(ArchiveReader& reader);
  Result<Step> read_from(ArchiveReader& reader, uint64_t& next_index);
  Result<Step> end_of_members(ArchiveReader& reader);
  Result<Step> read_rest(ContainedBytes& content, bool* has_more = nullptr);
  void add_trailing();
  void add_fault(const std::string& message, const std::string& member);
  std::string entry_number() const { return std::to_string(budget_.entries()); }
  Result<Step> bad_header(const Error& error);
  Result<Step> take(ArchiveReader& reader, const ArchiveMember& member);
  Result<Step> take_hardlink(const ArchiveMember& member);
  Result<Step> take_file(ArchiveReader& reader, const ArchiveMember& member);
  void note_unopened(const std::string& member, const std::string& why);
  Result<Step> take_unread(const ArchiveReader& reader, const ArchiveMember& member,
                           const ContainedBytes::Reading& reading);
  Result<Step> ran_out(const Extraction& extraction, const std::string& member);
  void count_password_tries();

  Result<bool> search_password(const ArchiveMember& member);
  Result<Extraction> extract_next(ArchiveReader& reader, uint64_t index);

  Result<Step> push_file(const ArchiveMember& member, const Value& value);
  Result<Step> push(const Value& value, const std::string& name, uint64_t index);
  Result<Step> pushed(const Result<void>& done);

  Result<void> push_empty_files();
  Result<void> resolve_links();
  Result<Step> read_links(ArchiveReader& reader);
  Result<void> read_single_file();

  Work& work_;
  const Limits& limits_;
  const UnpackingKind kind_;
  Value archive_;  // that is read: what was given, or what another program made of it
  ContainerParser parser_;
  std::vector<std::string> passwords_;  // the last one that worked first
  Budget budget_;
  Findings findings_;
  MemberPusher pusher_;
  HardLinks hard_links_;
  bool is_compressed_ = false;
  uint64_t password_tries_ = 0;
  int vain_searches_ = 0;  // for a password
  bool skips_encrypted_ = false;
  bool stopped_ = false;
  // What libarchive cannot read, another program may: it gives all members once more.
  std::optional<OtherUnpacker> other_;
  bool other_helps_ = false;
  bool is_again_ = false;
  struct Doubted {
    ArchiveMember member;
    Value value;
  };
  std::vector<Doubted> doubted_;  // whose bytes libarchive calls wrong, until the other one was asked
  std::unordered_set<std::string> known_;  // what came out or was told before
  // The member pushed last: links that follow it at once need no second pass.
  std::string last_name_;
  std::optional<Value> last_value_;
};

}  // namespace rebus
