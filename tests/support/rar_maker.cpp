#include "tests/support/rar_maker.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <zlib.h>

namespace rebus {
namespace {

constexpr size_t kBlock = 16, kKeyBytes = 32, kCheckBytes = 8, kCheckSum = 4;
constexpr int kLogRounds = 4;  // of the key: few are enough here
constexpr int kRoundsToCheck = 32;
enum Type : uint64_t { kArchive = 1, kFile = 2, kEncryption = 4, kEnd = 5 };
constexpr uint64_t kHasExtra = 1, kHasData = 2;

const unsigned char* raw(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string number(uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  return out + static_cast<char>(value);
}

std::string crc_of(const std::string& bytes) {
  auto crc = static_cast<uint32_t>(crc32(0, raw(bytes), static_cast<uInt>(bytes.size())));
  std::string out;
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(crc >> shift);
  return out;
}

std::string with_size(const std::string& bytes) { return number(bytes.size()) + bytes; }

std::string block(const std::string& header) { return crc_of(with_size(header)) + with_size(header); }

class Cipher {
 public:
  explicit Cipher(std::string password) : password_(std::move(password)) {}

  std::string encrypt(std::string bytes, const std::string& vector) const {
    bytes.resize((bytes.size() + kBlock - 1) / kBlock * kBlock);
    std::string out(bytes.size() + kBlock, '\0'), key = derive(0);
    EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
    int size = 0;
    EVP_EncryptInit_ex(context, EVP_aes_256_cbc(), nullptr, raw(key), raw(vector));
    EVP_CIPHER_CTX_set_padding(context, 0);
    EVP_EncryptUpdate(context, reinterpret_cast<unsigned char*>(out.data()), &size, raw(bytes),
                      static_cast<int>(bytes.size()));
    EVP_CIPHER_CTX_free(context);
    out.resize(bytes.size());
    return out;
  }

  // By which a wrong password is known.
  std::string check() const {
    std::string folded(kCheckBytes, '\0'), value = derive(kRoundsToCheck), sum(SHA256_DIGEST_LENGTH, '\0');
    for (size_t i = 0; i < value.size(); i++) folded[i % kCheckBytes] ^= value[i];
    SHA256(raw(folded), folded.size(), reinterpret_cast<unsigned char*>(sum.data()));
    return folded + sum.substr(0, kCheckSum);
  }

  // What stands in the archive: version, that there is a check, rounds, salt.
  std::string how() const { return number(0) + number(1) + static_cast<char>(kLogRounds) + salt_; }

 private:
  std::string derive(int more_rounds) const {
    std::string key(kKeyBytes, '\0');
    PKCS5_PBKDF2_HMAC(password_.data(), static_cast<int>(password_.size()), raw(salt_),
                      static_cast<int>(salt_.size()), (1 << kLogRounds) + more_rounds, EVP_sha256(),
                      static_cast<int>(key.size()), reinterpret_cast<unsigned char*>(key.data()));
    return key;
  }

  std::string password_;
  std::string salt_ = "salt of 16 bytes";
};

const std::string kVector = "a vector for AES";

std::string file_header(const RarEntry& entry, const std::string& extra, size_t data_size) {
  constexpr uint64_t kHasCrc = 4, kMode = 0100644, kStored = 0, kUnix = 1;
  std::string crc = crc_of(entry.bytes);
  if (entry.has_wrong_checksum) crc[0] = static_cast<char>(crc[0] + 1);
  uint64_t flags = kHasData | (extra.empty() ? 0 : kHasExtra);
  std::string header = number(kFile) + number(flags);
  if (!extra.empty()) header += number(extra.size());
  header += number(data_size) + number(kHasCrc) + number(entry.bytes.size()) + number(kMode) + crc;
  return header + number(kStored) + number(kUnix) + with_size(entry.name) + extra;
}

}  // namespace

std::string make_rar(const std::vector<RarEntry>& entries, RarEncryption encryption,
                     const std::string& password) {
  constexpr uint64_t kEncryptionRecord = 1;
  const Cipher cipher(password);
  bool has_hidden_headers = encryption == RarEncryption::kHeaders;
  auto seal = [&](const std::string& header) {
    return has_hidden_headers ? kVector + cipher.encrypt(block(header), kVector) : block(header);
  };
  std::string out("Rar!\x1a\x07\x01\x00", 8);
  if (has_hidden_headers) out += block(number(kEncryption) + number(0) + cipher.how() + cipher.check());
  out += seal(number(kArchive) + number(0) + number(0));
  for (const RarEntry& entry : entries) {
    std::string data = entry.bytes, extra;
    if (encryption != RarEncryption::kNone) {
      data = cipher.encrypt(data, kVector);
      extra = with_size(number(kEncryptionRecord) + cipher.how() + kVector + cipher.check());
    }
    out += seal(file_header(entry, extra, data.size())) + data;
  }
  return out + seal(number(kEnd) + number(0) + number(0));
}

}  // namespace rebus
