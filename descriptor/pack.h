// pack / unpack: the one byte encoding of structures, for the wire and the disk.
//
// A structure is a msgpack map with small integer keys; a field that is zero, false or empty is left out, an
// unknown key is ignored, so either side may be older. A structure names its fields once:
//
//     struct Point {
//       uint64_t x = 0;
//       std::string name;
//       template <class A>
//       void fields(A& a) { a(1, x), a(2, name); }
//     };
//
// std::string is msgpack bin: labels and names are bytes, not text. Source of the format: msgpack
// specification, https://github.com/msgpack/msgpack/blob/master/spec.md
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "descriptor/selector.h"
#include "descriptor/uuid.h"

namespace rebus {

// Limits while decoding; more is kInvalid. Elements count over all nested arrays and maps of one structure (a
// map has two per entry), as their headers claim them.
inline constexpr size_t kMaxPackedElements = 1 << 20;
inline constexpr size_t kMaxPackedDepth = 16;
// One byte of input can claim a structure that takes a KiB here, so a list takes at most 16 MiB.
template <class T>
inline constexpr size_t kMaxPackedList = (16 << 20) / sizeof(T);

// Writes msgpack tokens; used through pack().
class PackWriter {
 public:
  void unsigned_integer(uint64_t v);
  void signed_integer(int64_t v);
  void boolean(bool v);
  void binary(std::string_view v);
  void array(size_t count);
  void map(size_t count);
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

// A decoded msgpack value; used through unpack(). Getters give false on another type or out of range.
class PackNode {
 public:
  explicit PackNode(const void* object) : object_(object) {}
  bool get(uint64_t& v) const;
  bool get(int64_t& v) const;
  bool get(bool& v) const;
  bool get(std::string_view& v) const;
  bool array_size(size_t& count) const;
  PackNode at(size_t index) const;
  bool is_map() const;
  std::optional<PackNode> find(uint64_t key) const;

 private:
  const void* object_;
};

namespace packing {

void write_value(PackWriter& w, const Digest& v);
void write_value(PackWriter& w, const Uuid& v);
void write_value(PackWriter& w, const Selector& v);
void write_value(PackWriter& w, const Domain& v);
inline void write_value(PackWriter& w, const std::string& v) { w.binary(v); }
bool read_value(const PackNode& n, Digest& v);
bool read_value(const PackNode& n, Uuid& v);
bool read_value(const PackNode& n, Selector& v);
bool read_value(const PackNode& n, Domain& v);
inline bool read_value(const PackNode& n, std::string& v) {
  std::string_view bytes;
  if (!n.get(bytes)) return false;
  v = bytes;
  return true;
}

template <class T>
void write_any(PackWriter& w, const T& v);
template <class T>
bool read_any(const PackNode& n, T& v);

template <class T>
bool is_default(const T& v) {
  if constexpr (requires { v == T{}; }) {
    return v == T{};
  } else {
    return false;  // nested structures are always written
  }
}
template <class T>
bool is_default(const std::vector<T>& v) {
  return v.empty();
}
template <class T>
bool is_default(const std::optional<T>& v) {
  return !v.has_value();
}

struct CountFields {
  size_t count = 0;
  template <class T>
  void operator()(uint64_t, T& v) {
    if (!is_default(v)) count++;
  }
};
struct WriteFields {
  PackWriter& writer;
  template <class T>
  void operator()(uint64_t key, T& v) {
    if (is_default(v)) return;
    writer.unsigned_integer(key);
    write_any(writer, v);
  }
};
struct ReadFields {
  const PackNode& node;
  bool ok = true;
  template <class T>
  void operator()(uint64_t key, T& v) {
    if (auto field = node.find(key)) {
      ok = ok && read_any(*field, v);
    } else {
      v = T{};  // left out means zero, whatever the structure's initialiser says
    }
  }
};

template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};

template <class T>
void write_any(PackWriter& w, const T& v) {
  if constexpr (std::is_same_v<T, bool>) {
    w.boolean(v);
  } else if constexpr (std::is_enum_v<T>) {
    w.unsigned_integer(static_cast<uint64_t>(v));
  } else if constexpr (std::is_unsigned_v<T>) {
    w.unsigned_integer(v);
  } else if constexpr (std::is_signed_v<T>) {
    w.signed_integer(v);
  } else if constexpr (IsVector<T>::value) {
    w.array(v.size());
    for (const auto& element : v) write_any(w, element);
  } else if constexpr (IsOptional<T>::value) {
    write_any(w, *v);
  } else if constexpr (requires { write_value(w, v); }) {
    write_value(w, v);
  } else {
    CountFields count;
    const_cast<T&>(v).fields(count);  // fields() serves reading too, so it is not const
    w.map(count.count);
    WriteFields write{w};
    const_cast<T&>(v).fields(write);
  }
}

template <class T>
bool read_any(const PackNode& n, T& v) {
  if constexpr (std::is_same_v<T, bool>) {
    return n.get(v);
  } else if constexpr (std::is_enum_v<T> || std::is_unsigned_v<T>) {
    uint64_t wide = 0;
    if (!n.get(wide)) return false;
    v = static_cast<T>(wide);
    return static_cast<uint64_t>(v) == wide;
  } else if constexpr (std::is_signed_v<T>) {
    int64_t wide = 0;
    if (!n.get(wide)) return false;
    v = static_cast<T>(wide);
    return v == wide;
  } else if constexpr (IsVector<T>::value) {
    size_t count = 0;
    if (!n.array_size(count) || count > kMaxPackedList<typename T::value_type>) return false;
    v.resize(count);
    for (size_t i = 0; i < count; i++) {
      if (!read_any(n.at(i), v[i])) return false;
    }
    return true;
  } else if constexpr (IsOptional<T>::value) {
    v.emplace();
    return read_any(n, *v);
  } else if constexpr (requires { read_value(n, v); }) {
    return read_value(n, v);
  } else {
    if (!n.is_map()) return false;
    ReadFields read{n};
    v.fields(read);
    return read.ok;
  }
}

// Parses one msgpack object that fills `bytes` exactly and calls `use` with its root.
Result<void> parse(std::string_view bytes, bool (*use)(const PackNode&, void*), void* context);

}  // namespace packing

template <class T>
std::string pack(const T& structure) {
  PackWriter writer;
  packing::write_any(writer, structure);
  return writer.take();
}

template <class T>
Result<T> unpack(std::string_view bytes) {
  T structure;
  auto parsed = packing::parse(
      bytes, [](const PackNode& n, void* out) { return packing::read_any(n, *static_cast<T*>(out)); },
      &structure);
  if (!parsed) return parsed.error();
  return structure;
}

}  // namespace rebus
