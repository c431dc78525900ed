#include "storage/table.h"

#include <array>

#include "descriptor/digest.h"

namespace rebus {

const char* family_name(Family family) {
  static constexpr std::array<const char*, kFamilies> kNames{
      "?",     "system",      "log",     "bytes",   "stored",    "file",       "identity",  "digest",
      "path",  "version",     "uuid",    "label",   "child",     "origin",     "container", "content",
      "root",  "same origin", "name",    "mark",    "consumer",  "submission", "active",    "open",
      "queue", "failure",     "attempt", "running", "collected", "state",      "pruned",    "type"};
  return kNames[static_cast<size_t>(family)];
}

Result<void> scan(const Table& table, Family family, std::string_view prefix, std::string_view start,
                  const UseEntry& use) {
  auto at = table.iterate(family);
  for (at->seek(start); at->valid() && at->key().starts_with(prefix); at->next()) {
    auto goes_on = use(at->key(), at->value());
    if (!goes_on) return goes_on.error();
    if (!*goes_on) return {};
  }
  return at->status();
}

Error damaged(const Table& table, Family family, std::string_view key, const std::string& why) {
  return {Code::kStorage, "the store in " + table.place() + " is damaged: " + family_name(family) +
                              " entry " + to_hex(as_bytes(key)) + ": " + why};
}

}  // namespace rebus
