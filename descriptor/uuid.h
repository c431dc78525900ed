// UUIDs that group the descriptors of one analysed object.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "descriptor/digest.h"

namespace rebus {

// 16 bytes, RFC 4122.
struct Uuid {
  std::array<uint8_t, 16> bytes{};
  auto operator<=>(const Uuid&) const = default;

  // 36 characters, lowercase.
  std::string str() const;
  // The same form; anything else is kInvalid.
  static Result<Uuid> parse(std::string_view text);
  // Version 5 (SHA-1, RFC 4122 section 4.3).
  static Uuid v5(const Uuid& name_space, std::string_view name);
  // Of an object: version 5 of its identity's hex in the namespace uuid5(DNS, "rebus.airbus.com").
  static Uuid of_object(const Digest& id);
};

}  // namespace rebus
