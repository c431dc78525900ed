// HardLinks: names in an archive whose bytes stand under another name.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "agents/parsers/container.h"

namespace rebus {

// Book-keeping of one pass; holds names, never bytes, and of those at most so many bytes: an archive of a few
// kilobytes can name gigabytes.
inline constexpr size_t kMaxLinkNameBytes = 64 << 20;

class HardLinks {
 public:
  struct Link {
    uint64_t index = 0;
    std::string name;
    std::string target;  // the name that the bytes stand under
  };

  // A link to an earlier name, to be resolved in a second pass. False: there are too many.
  bool add(const ArchiveMember& member);
  const std::vector<Link>& links() const { return links_; }

  // cpio gives the names of a file first and its bytes with the last of them. Whether this member has to
  // wait.
  bool waits(const ArchiveMember& member) const;
  void add_waiting(const ArchiveMember& member);
  // The names that waited for the bytes of this member.
  std::vector<Link> take_waiting(const ArchiveMember& member);
  // Those whose bytes never came: files without any.
  std::vector<Link> take_all_waiting();

 private:
  using FileId = std::pair<uint64_t, uint64_t>;  // device, inode
  bool has_room_for(const ArchiveMember& member) const;
  static FileId id_of(const ArchiveMember& member) { return {member.device, member.inode}; }

  std::vector<Link> links_;
  std::unordered_map<std::string, std::string> targets_;  // of the names of links
  std::map<FileId, std::vector<Link>> waiting_;
  size_t name_bytes_ = 0;
};

}  // namespace rebus
