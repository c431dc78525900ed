// Keys: how each family's keys are laid out, byte by byte. Integers are big-endian, so that keys sort by
// number.
#pragma once

#include <string>
#include <string_view>

#include "descriptor/record.h"

namespace rebus {

// Another format is refused, never guessed.
inline constexpr uint32_t kFormatVersion = 3;

// Keys of Family::kSystem.
inline constexpr char kFormatKey[] = "format";  // 4 bytes, big-endian
inline constexpr char kBusKey[] = "bus";        // 32 hex digits
inline constexpr char kEpochKey[] = "epoch";    // 8 bytes, big-endian
inline constexpr char kTotalsKey[] = "totals";  // Totals

// Appends the parts of a key.
class KeyWriter {
 public:
  KeyWriter() { key_.reserve(64); }
  KeyWriter& byte(uint8_t v);
  KeyWriter& u32(uint32_t v);
  KeyWriter& u64(uint64_t v);
  // As it is: of fixed length, or the last part.
  KeyWriter& raw(std::string_view v);
  KeyWriter& raw(Bytes v) { return raw(as_text(v)); }
  // Text without zero bytes, and a zero byte.
  KeyWriter& word(std::string_view v);
  // Any bytes; sorts as they do. A zero byte becomes 00 FF; at the end stands 00 01.
  KeyWriter& bytes(std::string_view v);
  // The same without the end: the begin of all keys with bytes() that begin so.
  KeyWriter& bytes_prefix(std::string_view v);
  std::string take() { return std::move(key_); }

 private:
  std::string key_;
};

// Takes the parts off again. After a part that is not there, ok() is false and every part is empty or 0.
class KeyReader {
 public:
  explicit KeyReader(std::string_view key) : rest_(key) {}
  uint8_t byte();
  uint32_t u32();
  uint64_t u64();
  std::string_view raw(size_t size);
  std::string_view word();
  std::string_view rest() { return raw(rest_.size()); }
  bool ok() const { return ok_; }
  // Everything was read and nothing was missing.
  bool done() const { return ok_ && rest_.empty(); }

 private:
  uint64_t integer(size_t size);
  std::string_view rest_;
  bool ok_ = true;
};

std::string number_key(uint64_t number);
std::string pair_key(uint64_t first, uint64_t second);
// The number at the end of a key whose other parts are known; keys shorter than a number give 0.
uint64_t last_number(std::string_view key);

std::string digest_key(const Digest& digest);
std::string identity_key(const Digest& id, const Domain& domain, std::string_view path);
std::string value_digest_key(const Digest& digest, Seq seq);
std::string path_key(const Domain& domain, std::string_view path, Seq seq);
std::string version_prefix(const Domain& domain, std::string_view path);
std::string version_key(const Domain& domain, std::string_view path, uint32_t version);
std::string uuid_prefix(const Uuid& uuid);
std::string uuid_key(const Uuid& uuid, Seq seq);
std::string label_key(const Domain& domain, const Uuid& uuid);
std::string same_origin_key(const Origin& origin);
std::string name_key(std::string_view name, Seq object);
std::string mark_key(Seq seq, ConsumerId consumer);
std::string consumer_key(ConsumerId consumer);
std::string task_key(ConsumerId consumer, Seq seq);
std::string slot_key(ConsumerId consumer, uint32_t slot);
std::string collected_key(const Collected& collected);
std::string type_key(Lane lane, bool is_object, const Domain& domain, std::string_view path);

// Submissions whose last entries are near each other share a place in the index of active ones, so that a
// submission that grows entry by entry does not leave a tombstone for each.
inline constexpr unsigned kActiveShift = 10;
std::string active_prefix(Lane lane, Seq last);
std::string active_key(Lane lane, Seq last, SubmissionId submission);

}  // namespace rebus
