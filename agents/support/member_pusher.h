// MemberPusher: what came out of a container becomes objects on the bus.
#pragma once

#include <string>
#include <vector>

#include "agents/support/type_queue.h"
#include "bus/agent.h"

namespace rebus {

// Pushes each member with its type, its origin, and the pair of links to its container, as one step, while
// those that come next are read: an Error may be about an earlier one.
class MemberPusher {
 public:
  // Names are cut to `name_bytes`.
  // `agent` makes them; links are called `link`, and `explained`.
  struct Maker {
    std::string agent, link, explained;
  };
  MemberPusher(Work& work, uint64_t name_bytes, Maker maker)
      : work_(work), name_bytes_(name_bytes), maker_(std::move(maker)) {}

  // A member of an archive. `name` is its full path there, any bytes; one that is none (empty, ".", a
  // directory's) becomes "member-<ordinal>". Equal bytes under several names are pushed under each.
  Result<void> push_member(const Value& value, const std::string& name, uint64_t ordinal);
  // The content of a compressed single file, named after it.
  Result<void> push_content(const Value& value);

  // Pushes what is left.
  Result<void> finish() { return types_.finish(); }

  // Members pushed so far.
  uint64_t count() const { return count_; }
  // The name of the member that the Error is about.
  const std::string& failed() const { return failed_; }

 private:
  struct Named {
    std::string label;  // of the object
    std::string name;   // inside the container
    uint64_t ordinal = 0;
    bool replaces = false;
  };
  Result<void> push(const Value& value, Named named);
  Result<void> push_as(const Result<FileType>& type, const Value& value, Named named);
  std::vector<NewDescriptor> links_of(const Descriptor& member) const;

  Work& work_;
  uint64_t name_bytes_;
  Maker maker_;
  TypeQueue types_;
  uint64_t count_ = 0;
  std::string failed_;
};

}  // namespace rebus
