#include "descriptor/pack.h"

#include <algorithm>
#include <limits>
#include <msgpack.hpp>

namespace rebus {
namespace {

// msgpack-c writes through anything with write(const char*, size_t).
struct Sink {
  std::string& out;
  void write(const char* data, size_t size) { out.append(data, size); }
};

const msgpack::object& object_of(const void* object) { return *static_cast<const msgpack::object*>(object); }

}  // namespace

void PackWriter::unsigned_integer(uint64_t v) {
  Sink sink{out_};
  msgpack::packer<Sink>(sink).pack_uint64(v);
}
void PackWriter::signed_integer(int64_t v) {
  Sink sink{out_};
  msgpack::packer<Sink>(sink).pack_int64(v);
}
void PackWriter::boolean(bool v) {
  Sink sink{out_};
  v ? msgpack::packer<Sink>(sink).pack_true() : msgpack::packer<Sink>(sink).pack_false();
}
void PackWriter::binary(std::string_view v) {
  Sink sink{out_};
  msgpack::packer<Sink> packer(sink);
  packer.pack_bin(static_cast<uint32_t>(v.size()));
  packer.pack_bin_body(v.data(), static_cast<uint32_t>(v.size()));
}
void PackWriter::array(size_t count) {
  Sink sink{out_};
  msgpack::packer<Sink>(sink).pack_array(static_cast<uint32_t>(count));
}
void PackWriter::map(size_t count) {
  Sink sink{out_};
  msgpack::packer<Sink>(sink).pack_map(static_cast<uint32_t>(count));
}

bool PackNode::get(uint64_t& v) const {
  const auto& o = object_of(object_);
  if (o.type != msgpack::type::POSITIVE_INTEGER) return false;
  v = o.via.u64;
  return true;
}
bool PackNode::get(int64_t& v) const {
  const auto& o = object_of(object_);
  if (o.type == msgpack::type::NEGATIVE_INTEGER) {
    v = o.via.i64;
    return true;
  }
  if (o.type != msgpack::type::POSITIVE_INTEGER ||
      o.via.u64 > uint64_t(std::numeric_limits<int64_t>::max())) {
    return false;
  }
  v = static_cast<int64_t>(o.via.u64);
  return true;
}
bool PackNode::get(bool& v) const {
  const auto& o = object_of(object_);
  if (o.type != msgpack::type::BOOLEAN) return false;
  v = o.via.boolean;
  return true;
}
bool PackNode::get(std::string_view& v) const {
  const auto& o = object_of(object_);
  if (o.type == msgpack::type::BIN) {
    v = {o.via.bin.ptr, o.via.bin.size};
    return true;
  }
  if (o.type != msgpack::type::STR) return false;  // dynamic languages send text as str
  v = {o.via.str.ptr, o.via.str.size};
  return true;
}
bool PackNode::array_size(size_t& count) const {
  const auto& o = object_of(object_);
  if (o.type != msgpack::type::ARRAY) return false;
  count = o.via.array.size;
  return true;
}
PackNode PackNode::at(size_t index) const { return PackNode(&object_of(object_).via.array.ptr[index]); }
bool PackNode::is_map() const { return object_of(object_).type == msgpack::type::MAP; }
std::optional<PackNode> PackNode::find(uint64_t key) const {
  const auto& map = object_of(object_).via.map;
  for (uint32_t i = 0; i < map.size; i++) {
    const auto& k = map.ptr[i].key;
    if (k.type == msgpack::type::POSITIVE_INTEGER && k.via.u64 == key) return PackNode(&map.ptr[i].val);
  }
  return std::nullopt;
}

namespace packing {

void write_value(PackWriter& w, const Digest& v) { w.binary(as_text(v.bytes)); }
void write_value(PackWriter& w, const Uuid& v) { w.binary(as_text(v.bytes)); }
void write_value(PackWriter& w, const Selector& v) { w.binary(v.str()); }
void write_value(PackWriter& w, const Domain& v) { w.binary(v.str()); }

namespace {
template <size_t N>
bool read_fixed(const PackNode& n, std::array<uint8_t, N>& out) {
  std::string_view bytes;
  if (!n.get(bytes) || bytes.size() != N) return false;
  std::copy_n(as_bytes(bytes).begin(), N, out.begin());
  return true;
}
template <class T>
bool read_parsed(const PackNode& n, T& out) {
  std::string_view text;
  if (!n.get(text)) return false;
  auto parsed = T::parse(text);
  if (!parsed) return false;
  out = *std::move(parsed);
  return true;
}
}  // namespace

bool read_value(const PackNode& n, Digest& v) { return read_fixed(n, v.bytes); }
bool read_value(const PackNode& n, Uuid& v) { return read_fixed(n, v.bytes); }
bool read_value(const PackNode& n, Selector& v) { return read_parsed(n, v); }
bool read_value(const PackNode& n, Domain& v) { return read_parsed(n, v); }

namespace {
// Adds up what the headers claim. msgpack-c's own limits are per array: nested ones would each get the whole.
struct ClaimCounter : msgpack::null_visitor {
  size_t left;
  size_t depth = 0;
  explicit ClaimCounter(size_t elements) : left(elements) {}
  bool claim(uint64_t elements) {
    if (elements > left || ++depth > kMaxPackedDepth) return false;
    left -= elements;
    return true;
  }
  bool start_array(uint32_t count) { return claim(count); }
  bool start_map(uint32_t count) { return claim(uint64_t{count} * 2); }
  bool end_array() { return depth-- > 0; }
  bool end_map() { return depth-- > 0; }
};

// Enough for most records, and so little that malloc has it at hand; msgpack's own 8 KiB it has not.
constexpr size_t kZone = 1000;

bool claims_fit(std::string_view bytes) {
  ClaimCounter counter(std::min(kMaxPackedElements, bytes.size()));  // each element takes a byte at least
  size_t offset = 0;
  return msgpack::parse(bytes.data(), bytes.size(), offset, counter) && offset == bytes.size();
}
}  // namespace

Result<void> parse(std::string_view bytes, bool (*use)(const PackNode&, void*), void* context) {
  auto malformed = [&] {
    return Error{Code::kInvalid, "malformed structure of " + std::to_string(bytes.size()) + " bytes"};
  };
  try {
    if (!claims_fit(bytes)) return malformed();
    msgpack::unpack_limit limit(bytes.size(), bytes.size(), bytes.size(), bytes.size(), 0, kMaxPackedDepth);
    msgpack::zone zone(kZone);
    size_t offset = 0;
    auto refer = [](msgpack::type::object_type, size_t, void*) { return true; };
    msgpack::object root = msgpack::unpack(zone, bytes.data(), bytes.size(), offset, refer, nullptr, limit);
    if (offset != bytes.size()) return malformed();
    if (!use(PackNode(&root), context)) return malformed();
    return {};
  } catch (const msgpack::unpack_error&) {
    return malformed();
  }
}

}  // namespace packing
}  // namespace rebus
