#include "agents/support/unpacked_name.h"

#include <strings.h>

namespace rebus {
namespace {

struct Suffix {
  std::string_view packed;
  std::string_view unpacked;
};
constexpr Suffix kSuffixes[] = {
    {".gz", ""},      {".bz2", ""},      {".xz", ""},       {".zst", ""},
    {".lz4", ""},     {".Z", ""},        {".lzma", ""},     {".lz", ""},
    {".lzo", ""},     {".tgz", ".tar"},  {".tbz2", ".tar"}, {".tbz", ".tar"},
    {".txz", ".tar"}, {".tzst", ".tar"}, {".tlz", ".tar"},  {".taz", ".tar"},
};

bool ends_with(std::string_view name, std::string_view suffix) {
  if (name.size() <= suffix.size()) return false;  // ".gz" alone is no suffix
  return strncasecmp(name.data() + name.size() - suffix.size(), suffix.data(), suffix.size()) == 0;
}

}  // namespace

std::string unpacked_name(std::string_view name) {
  for (const Suffix& suffix : kSuffixes) {
    if (!ends_with(name, suffix.packed)) continue;
    return std::string(name.substr(0, name.size() - suffix.packed.size())) + std::string(suffix.unpacked);
  }
  return "gunzipped " + std::string(name);
}

std::string_view last_component(std::string_view name) { return name.substr(name.find_last_of(":/") + 1); }

}  // namespace rebus
