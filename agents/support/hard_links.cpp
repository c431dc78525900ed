#include "agents/support/hard_links.h"

namespace rebus {

bool HardLinks::has_room_for(const ArchiveMember& member) const {
  return name_bytes_ + member.name.size() + member.link_target.size() <= kMaxLinkNameBytes;
}

bool HardLinks::add(const ArchiveMember& member) {
  if (!has_room_for(member)) return false;
  name_bytes_ += member.name.size() + member.link_target.size();
  auto earlier = targets_.find(member.link_target);  // a link to a link
  std::string target = earlier == targets_.end() ? member.link_target : earlier->second;
  targets_[member.name] = target;
  links_.push_back({member.index, member.name, std::move(target)});
  return true;
}

bool HardLinks::waits(const ArchiveMember& member) const {
  if (member.size > 0 || member.links < 2 || member.inode == 0 || !has_room_for(member)) return false;
  bool is_first = member.type == ArchiveMember::Type::kFile;
  bool follows = member.type == ArchiveMember::Type::kHardlink && waiting_.contains(id_of(member));
  return is_first || follows;
}

void HardLinks::add_waiting(const ArchiveMember& member) {
  name_bytes_ += member.name.size();
  waiting_[id_of(member)].push_back({member.index, member.name, {}});
}

std::vector<HardLinks::Link> HardLinks::take_waiting(const ArchiveMember& member) {
  auto group = waiting_.extract(id_of(member));
  return group.empty() ? std::vector<Link>() : std::move(group.mapped());
}

std::vector<HardLinks::Link> HardLinks::take_all_waiting() {
  std::vector<Link> all;
  for (auto& [id, group] : std::exchange(waiting_, {})) all.insert(all.end(), group.begin(), group.end());
  return all;
}

}  // namespace rebus
