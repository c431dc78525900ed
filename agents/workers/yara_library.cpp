#include "agents/workers/yara_library.h"

#include <algorithm>
#include <cstring>

namespace rebus {
namespace {

// As fread() and fwrite(): how many of `count` pieces of `size` bytes.
size_t read_from(void* to, size_t size, size_t count, void* from) {
  auto& rest = *static_cast<std::string_view*>(from);
  size_t pieces = size == 0 ? 0 : std::min(count, rest.size() / size);
  std::memcpy(to, rest.data(), pieces * size);
  rest.remove_prefix(pieces * size);
  return pieces;
}

size_t write_to(const void* from, size_t size, size_t count, void* to) {
  static_cast<std::string*>(to)->append(static_cast<const char*>(from), size * count);
  return count;
}

}  // namespace

int load_yara_rules(std::string_view bytes, LoadedRules& rules) {
  YR_STREAM stream{&bytes, read_from, write_to};
  YR_RULES* loaded = nullptr;
  int error = yr_rules_load_stream(&stream, &loaded);
  if (error == ERROR_SUCCESS) rules.reset(loaded);
  return error;
}

int save_yara_rules(YR_RULES& rules, std::string& bytes) {
  YR_STREAM stream{&bytes, read_from, write_to};
  return yr_rules_save_stream(&rules, &stream);
}

}  // namespace rebus
