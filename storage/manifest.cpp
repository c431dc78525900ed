#include "storage/manifest.h"

#include <charconv>

#include "storage/file.h"

namespace rebus {
namespace {

constexpr std::string_view kPrefix = "MANIFEST-";
constexpr size_t kMaxCurrent = 256;

uint64_t number_of(std::string_view name) {
  uint64_t number = 0;
  if (name.starts_with(kPrefix))
    std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), number);
  return number;
}

}  // namespace

Result<Manifest> Manifest::read(const std::string& database) {
  std::string current = database + "/CURRENT";
  auto name = read_small_file(current, kMaxCurrent);
  if (!name) return name.error();
  if (!*name) return Error{Code::kStorage, current + " is missing"};
  if (!(*name)->starts_with(kPrefix) || !(*name)->ends_with('\n')) {
    return Error{Code::kStorage, current + " is damaged"};
  }
  (*name)->pop_back();
  auto file = File::open(database + "/" + **name);
  if (!file) return file.error();
  auto size = file->size();
  if (!size) return size.error();
  auto synced = file->sync();
  if (!synced) return synced.error();
  return Manifest{**name, *size};
}

// A new one begins with everything that the old one told.
bool Manifest::continues(const Manifest& noted) const {
  uint64_t number = number_of(name), noted_number = number_of(noted.name);
  return number > noted_number || (number == noted_number && size >= noted.size);
}

}  // namespace rebus
