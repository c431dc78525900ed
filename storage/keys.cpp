#include "storage/keys.h"

namespace rebus {

KeyWriter& KeyWriter::byte(uint8_t v) {
  key_ += static_cast<char>(v);
  return *this;
}

KeyWriter& KeyWriter::u32(uint32_t v) {
  for (int shift = 24; shift >= 0; shift -= 8) byte(static_cast<uint8_t>(v >> shift));
  return *this;
}

KeyWriter& KeyWriter::u64(uint64_t v) {
  return u32(static_cast<uint32_t>(v >> 32)).u32(static_cast<uint32_t>(v));
}

KeyWriter& KeyWriter::raw(std::string_view v) {
  key_ += v;
  return *this;
}

KeyWriter& KeyWriter::word(std::string_view v) {
  assert(v.find('\0') == v.npos);
  key_ += v;
  return byte(0);
}

KeyWriter& KeyWriter::bytes(std::string_view v) { return bytes_prefix(v).byte(0).byte(1); }

KeyWriter& KeyWriter::bytes_prefix(std::string_view v) {
  for (char c : v) {
    key_ += c;
    if (c == '\0') byte(0xFF);
  }
  return *this;
}

uint8_t KeyReader::byte() { return static_cast<uint8_t>(integer(1)); }
uint32_t KeyReader::u32() { return static_cast<uint32_t>(integer(4)); }
uint64_t KeyReader::u64() { return integer(8); }

uint64_t KeyReader::integer(size_t size) {
  uint64_t v = 0;
  for (char c : raw(size)) v = v << 8 | static_cast<uint8_t>(c);
  return v;
}

std::string_view KeyReader::raw(size_t size) {
  ok_ = ok_ && size <= rest_.size();
  if (!ok_) return {};
  std::string_view part = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return part;
}

std::string_view KeyReader::word() {
  size_t size = rest_.find('\0');
  ok_ = ok_ && size != rest_.npos;
  std::string_view part = raw(size);
  raw(1);
  return part;
}

std::string number_key(uint64_t number) { return KeyWriter().u64(number).take(); }
std::string pair_key(uint64_t first, uint64_t second) { return KeyWriter().u64(first).u64(second).take(); }

uint64_t last_number(std::string_view key) {
  if (key.size() < 8) return 0;
  return KeyReader(key.substr(key.size() - 8)).u64();
}

std::string digest_key(const Digest& digest) { return KeyWriter().raw(digest.bytes).take(); }

std::string identity_key(const Digest& id, const Domain& domain, std::string_view path) {
  return KeyWriter().raw(id.bytes).word(domain.str()).raw(path).take();
}

std::string value_digest_key(const Digest& digest, Seq seq) {
  return KeyWriter().raw(digest.bytes).u64(seq).take();
}

std::string path_key(const Domain& domain, std::string_view path, Seq seq) {
  return KeyWriter().word(domain.str()).word(path).u64(seq).take();
}

std::string version_prefix(const Domain& domain, std::string_view path) {
  return KeyWriter().word(domain.str()).word(path).take();
}

std::string version_key(const Domain& domain, std::string_view path, uint32_t version) {
  return KeyWriter().word(domain.str()).word(path).u32(version).take();
}

std::string uuid_prefix(const Uuid& uuid) { return KeyWriter().raw(uuid.bytes).take(); }
std::string uuid_key(const Uuid& uuid, Seq seq) { return KeyWriter().raw(uuid.bytes).u64(seq).take(); }

std::string label_key(const Domain& domain, const Uuid& uuid) {
  return KeyWriter().word(domain.str()).raw(uuid.bytes).take();
}

std::string same_origin_key(const Origin& origin) {
  SubmissionId submission = origin.container == 0 ? origin.submission : 0;
  return KeyWriter()
      .u64(origin.object)
      .u64(origin.container)
      .u64(submission)
      .u64(origin.ordinal)
      .raw(origin.name)
      .take();
}

std::string name_key(std::string_view name, Seq object) { return KeyWriter().bytes(name).u64(object).take(); }
std::string task_key(ConsumerId consumer, Seq seq) { return KeyWriter().u32(consumer).u64(seq).take(); }
std::string slot_key(ConsumerId consumer, uint32_t slot) {
  return KeyWriter().u32(consumer).u32(slot).take();
}
std::string collected_key(const Collected& collected) {
  return KeyWriter().u32(collected.consumer).u64(collected.submission).u64(collected.seq).take();
}
std::string type_key(Lane lane, bool is_object, const Domain& domain, std::string_view path) {
  return KeyWriter()
      .byte(static_cast<uint8_t>(lane))
      .byte(is_object ? 1 : 0)
      .word(domain.str())
      .raw(path)
      .take();
}
std::string mark_key(Seq seq, ConsumerId consumer) { return KeyWriter().u64(seq).u32(consumer).take(); }
std::string consumer_key(ConsumerId consumer) { return KeyWriter().u32(consumer).take(); }

std::string active_prefix(Lane lane, Seq last) {
  return KeyWriter().byte(static_cast<uint8_t>(lane)).u64(last >> kActiveShift).take();
}

std::string active_key(Lane lane, Seq last, SubmissionId submission) {
  return KeyWriter().raw(active_prefix(lane, last)).u64(submission).take();
}

}  // namespace rebus
