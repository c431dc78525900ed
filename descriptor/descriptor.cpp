#include "descriptor/descriptor.h"

#include <sys/random.h>

#include <cstdlib>

#include "descriptor/json.h"

namespace rebus {
namespace {

// Every field is preceded by its length (64 bits, little-endian), so that no two field lists give equal
// bytes.
void add_field(Sha256& hash, Bytes bytes) {
  std::array<uint8_t, 8> length{};
  for (size_t i = 0; i < 8; i++) length[i] = static_cast<uint8_t>(uint64_t{bytes.size()} >> (8 * i));
  hash.update(length);
  hash.update(bytes);
}

Descriptor make_link(const Descriptor& from, const Descriptor& to, const std::string& agent,
                     const LinkReason& reason, const char* role) {
  std::string text = JsonObject{}
                         .add("linkrole", reason.symmetric ? "symmetric" : role)
                         .add("linktype", reason.type)
                         .add("otherUUID", to.uuid.str())
                         .add("otherlabel", to.label)
                         .add("otherselector", to.selector.str())
                         .add("reason", reason.reason)
                         .add("selector", from.selector.str())
                         .str();
  Descriptor link = from;
  link.precursors = {from.selector, to.selector};
  link.agent = agent;
  link.kind = Kind::kStructured;
  link.salt.clear();
  link.file_type = {};
  link.version = 0;
  link.value = Value::of(std::move(text));
  std::string path = "/link/" + agent + "/" + reason.type;
  link.selector = Selector::of(path, result_id(path, agent, link.precursors, link.value.digest()));
  return link;
}

}  // namespace

Digest object_id(const Digest& value, std::string_view salt) {
  if (salt.empty()) return value;
  Sha256 hash;
  add_field(hash, as_bytes("rebus object 1"));
  add_field(hash, value.bytes);
  add_field(hash, as_bytes(salt));
  return hash.finish();
}

Digest result_id(std::string_view path, std::string_view agent, const std::vector<Selector>& precursors,
                 const Digest& value) {
  Sha256 hash;
  add_field(hash, as_bytes("rebus result 1"));
  add_field(hash, as_bytes(path));
  add_field(hash, as_bytes(agent));
  add_field(hash, value.bytes);
  for (const Selector& precursor : precursors) add_field(hash, as_bytes(precursor.str()));
  return hash.finish();
}

Digest identity(const Descriptor& d) {
  if (d.precursors.empty()) return object_id(d.value.digest(), d.salt);
  return result_id(d.selector.path(), d.agent, d.precursors, d.value.digest());
}

Descriptor make_object(const Domain& domain, std::string path, std::string label, Value value,
                       std::string agent, std::string salt) {
  Descriptor d;
  d.domain = domain;
  d.label = std::move(label);
  d.agent = std::move(agent);
  d.salt = std::move(salt);
  d.value = std::move(value);
  Digest id = object_id(d.value.digest(), d.salt);
  d.selector = Selector::of(std::move(path), id);
  d.uuid = Uuid::of_object(id);
  return d;
}

Descriptor make_child(const Descriptor& parent, std::string agent, std::string path, Value value, Kind kind) {
  Descriptor d;
  d.domain = parent.domain;
  d.label = parent.label;
  d.uuid = parent.uuid;
  d.agent = std::move(agent);
  d.precursors = {parent.selector};
  d.kind = kind;
  d.value = std::move(value);
  Digest id = result_id(path, d.agent, d.precursors, d.value.digest());
  d.selector = Selector::of(std::move(path), id);
  return d;
}

Descriptor make_new_version(const Descriptor& old, const Descriptor& parent, std::string agent, Value value) {
  Descriptor d = make_child(parent, std::move(agent), old.selector.path(), std::move(value), old.kind);
  d.label = old.label;
  d.uuid = old.uuid;
  d.version = old.version + 1;
  d.precursors.insert(d.precursors.end(), old.precursors.begin(), old.precursors.end());
  d.selector = Selector::of(old.selector.path(),
                            result_id(old.selector.path(), d.agent, d.precursors, d.value.digest()));
  return d;
}

std::pair<Descriptor, Descriptor> make_links(const Descriptor& from, const Descriptor& to,
                                             const std::string& agent, const LinkReason& reason) {
  return {make_link(from, to, agent, reason, "src"), make_link(to, from, agent, reason, "target")};
}

std::string random_salt() {
  std::string salt(16, '\0');
  if (getrandom(salt.data(), salt.size(), 0) != static_cast<ssize_t>(salt.size())) std::abort();
  return salt;
}

}  // namespace rebus
