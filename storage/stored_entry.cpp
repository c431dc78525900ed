#include "storage/stored_entry.h"

#include "storage/keys.h"

namespace rebus {
namespace {

constexpr uint8_t kIsOrigin = 1;
constexpr uint8_t kIsObject = 2;

uint8_t flags_of(const LogEntry& entry) {
  return static_cast<uint8_t>((entry.is_origin ? kIsOrigin : 0) | (entry.is_object ? kIsObject : 0));
}

}  // namespace

std::string encode_head(const LogEntry& entry) {
  return KeyWriter().byte(flags_of(entry)).word(entry.domain.str()).word(entry.path).take();
}

std::optional<LogEntry> decode_head(std::string_view& bytes, Seq seq) {
  KeyReader reader(bytes);
  uint8_t flags = reader.byte();
  auto domain = Domain::parse(reader.word());
  std::string_view path = reader.word();
  if (!reader.ok() || !domain || flags > (kIsOrigin | kIsObject)) return std::nullopt;
  bytes = reader.rest();
  return LogEntry{seq, (flags & kIsOrigin) != 0, *std::move(domain), std::string(path),
                  (flags & kIsObject) != 0};
}

std::string_view base_name(std::string_view name) {
  size_t slash = name.rfind('/');
  return slash == name.npos ? name : name.substr(slash + 1);
}

std::string encode_mark(const Mark& mark) {
  return KeyWriter().byte(static_cast<uint8_t>(mark.outcome)).raw(mark.message).take();
}

std::optional<Mark> decode_mark(std::string_view key, std::string_view value) {
  KeyReader key_reader(key), value_reader(value);
  Mark mark;
  mark.seq = key_reader.u64();
  mark.consumer = key_reader.u32();
  mark.outcome = static_cast<Outcome>(value_reader.byte());
  mark.message = value_reader.rest();
  if (!key_reader.done() || !value_reader.done()) return std::nullopt;
  return mark;
}

std::string encode_label(const LabelChoice& choice) {
  return KeyWriter().byte(choice.is_derived ? 1 : 0).raw(choice.label).take();
}

std::optional<LabelChoice> decode_label(std::string_view value) {
  KeyReader reader(value);
  LabelChoice choice;
  choice.is_derived = reader.byte() != 0;
  choice.label = reader.rest();
  if (!reader.done()) return std::nullopt;
  return choice;
}

}  // namespace rebus
