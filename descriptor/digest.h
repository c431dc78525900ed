// SHA-256 of bytes: what identifies values and descriptors.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "descriptor/result.h"

namespace rebus {

using Bytes = std::span<const uint8_t>;

inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// 32 bytes, SHA-256 (FIPS 180-4).
struct Digest {
  std::array<uint8_t, 32> bytes{};
  auto operator<=>(const Digest&) const = default;

  // 64 lowercase hex digits, what sha256sum prints.
  std::string hex() const;
  // Exactly 64 digits of [0-9a-f]; anything else is kInvalid.
  static Result<Digest> parse(std::string_view hex);
};

// Streaming SHA-256. Not thread-safe; one use.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void update(Bytes bytes);
  Digest finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

Digest sha256(Bytes bytes);

// Lowercase hex of any bytes.
std::string to_hex(Bytes bytes);

}  // namespace rebus

template <>
struct std::hash<rebus::Digest> {
  size_t operator()(const rebus::Digest& d) const noexcept {
    size_t h = 0;
    for (size_t i = 0; i < sizeof h; i++) h = h << 8 | d.bytes[i];
    return h;
  }
};
