#include "agents/support/own_versions.h"

#include <utility>

namespace rebus {
namespace {

constexpr uint32_t kVersionsAtOnce = 4;  // mostly the first is the one

}  // namespace

Result<OwnVersions> OwnVersions::find(Bus& bus, const Domain& domain, const std::string& agent,
                                      std::string path, const Use& use) {
  Find query;
  query.by = By::kRegex;
  query.text = path + "/?%";
  query.domain = domain;
  query.agent = agent;
  query.limit = kVersionsAtOnce;
  OwnVersions versions;
  versions.agent_ = agent;
  versions.path_ = std::move(path);
  Result<bool> used = false;
  auto found = bus.for_each(query, [&](const Record& record) {
    if (versions.next_ == 0) versions.next_ = record.descriptor.version + 1;
    used = use(record);
    if (used && *used) versions.used_digest_ = record.value_digest;
    return used.ok() && !*used;
  });
  if (!found) return found.error();
  if (!used) return used.error();
  return versions;
}

Result<OwnVersions> OwnVersions::below(Bus& bus, const Record& parent, const std::string& agent,
                                       std::string path) {
  Find query{
      .by = By::kChildren, .domain = parent.descriptor.domain, .text = {}, .seq = parent.seq, .agent = agent};
  OwnVersions versions;
  auto found = bus.for_each(query, [&](const Record& record) {
    const Descriptor& d = record.descriptor;
    if (d.selector.path() != path || d.version < versions.next_) return true;
    versions.next_ = d.version + 1;
    versions.used_digest_ = record.value_digest;
    return true;
  });
  if (!found) return found.error();
  versions.agent_ = agent;
  versions.path_ = std::move(path);
  return versions;
}

std::optional<NewDescriptor> OwnVersions::next(const Descriptor& parent, Value value, Kind kind) const {
  if (used_digest_ == value.digest()) return std::nullopt;
  NewDescriptor item;
  item.descriptor = make_child(parent, agent_, path_, std::move(value), kind);
  item.descriptor.label = path_.substr(path_.rfind('/') + 1);
  item.descriptor.version = next_;
  return item;
}

}  // namespace rebus
