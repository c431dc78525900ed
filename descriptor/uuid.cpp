#include "descriptor/uuid.h"

#include <openssl/evp.h>

#include <algorithm>

#include "descriptor/escape.h"

namespace rebus {

std::string Uuid::str() const {
  std::string hex = to_hex(bytes);
  for (size_t position : {8, 13, 18, 23}) hex.insert(position, 1, '-');
  return hex;
}

Result<Uuid> Uuid::parse(std::string_view text) {
  Error error{Code::kInvalid, "not a uuid: '" + escape(text.substr(0, 50)) + "'"};
  if (text.size() != 36) return error;
  std::string hex;
  for (size_t i = 0; i < text.size(); i++) {
    bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash != (text[i] == '-')) return error;
    if (!dash) hex += text[i];
  }
  auto digest = Digest::parse(hex + std::string(32, '0'));  // 16 bytes, then zeros
  if (!digest) return error;
  Uuid uuid;
  std::copy_n(digest->bytes.begin(), 16, uuid.bytes.begin());
  return uuid;
}

Uuid Uuid::v5(const Uuid& name_space, std::string_view name) {
  std::string input(reinterpret_cast<const char*>(name_space.bytes.data()), name_space.bytes.size());
  input += name;
  std::array<uint8_t, EVP_MAX_MD_SIZE> sha1{};
  EVP_Digest(input.data(), input.size(), sha1.data(), nullptr, EVP_sha1(), nullptr);
  Uuid uuid;
  std::copy_n(sha1.begin(), 16, uuid.bytes.begin());
  uuid.bytes[6] = static_cast<uint8_t>((uuid.bytes[6] & 0x0F) | 0x50);
  uuid.bytes[8] = static_cast<uint8_t>((uuid.bytes[8] & 0x3F) | 0x80);
  return uuid;
}

Uuid Uuid::of_object(const Digest& id) {
  // RFC 4122 appendix C: the name space for fully qualified domain names.
  static const Uuid kDns{
      {0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8}};
  static const Uuid kRebus = v5(kDns, "rebus.airbus.com");
  return v5(kRebus, id.hex());
}

}  // namespace rebus
