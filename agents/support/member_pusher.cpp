#include "agents/support/member_pusher.h"

#include "agents/support/type_path.h"
#include "agents/support/unpacked_name.h"

namespace rebus {
namespace {

bool names_a_file(std::string_view name) {
  std::string_view last = name.substr(name.rfind('/') + 1);
  return !last.empty() && last != "." && last != "..";
}

}  // namespace

Result<void> MemberPusher::push_member(const Value& value, const std::string& name, uint64_t ordinal) {
  Named named;
  named.name = names_a_file(name) ? name.substr(0, name_bytes_) : "member-" + std::to_string(ordinal);
  named.label = work_.descriptor().label + ":" + named.name;
  named.ordinal = ordinal;
  return push(value, std::move(named));
}

Result<void> MemberPusher::push_content(const Value& value) {
  const std::string& container = work_.descriptor().label;
  std::string_view last = last_component(container);
  Named named;
  named.name = unpacked_name(last);
  named.label = container.substr(0, container.size() - last.size()) + named.name;
  named.replaces = true;
  return push(value, std::move(named));
}

Result<void> MemberPusher::push(const Value& value, Named named) {
  return types_.ask(value, [this, value, named](const Result<FileType>& type) {
    auto pushed = push_as(type, value, named);
    if (!pushed) failed_ = named.name;
    return pushed;
  });
}

Result<void> MemberPusher::push_as(const Result<FileType>& type, const Value& value, Named named) {
  if (!type) return type.error();
  const Descriptor& container = work_.descriptor();
  auto path = guess_path(*type, value, named.label);
  if (!path) return path.error();
  named.label.resize(std::min(named.label.size(), kMaxLabel));
  NewDescriptor item;
  item.descriptor = make_object(container.domain, *path, std::move(named.label), value, maker_.agent);
  item.descriptor.file_type = *type;
  item.origin = OriginClaim{container.selector, std::move(named.name), named.ordinal, named.replaces};
  auto links = links_of(item.descriptor);
  auto pushed = work_.push(std::move(item), std::move(links));
  if (pushed) count_++;
  return pushed;
}

std::vector<NewDescriptor> MemberPusher::links_of(const Descriptor& member) const {
  const Descriptor& container = work_.descriptor();
  if (member.selector.id() == container.selector.id()) return {};  // an archive that contains itself
  auto [down, up] = make_links(container, member, maker_.agent, {maker_.link, maker_.explained, false});
  std::vector<NewDescriptor> links(2);
  links[0].descriptor = std::move(down);
  links[1].descriptor = std::move(up);
  return links;
}

}  // namespace rebus
