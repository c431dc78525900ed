#include "agents/parsers/tlsh_hash.h"

#include <tlsh.h>

#include <limits>

namespace rebus {

Result<std::string> tlsh_hash(const Value& value) {
  if (value.size() > std::numeric_limits<unsigned>::max()) return std::string();  // the library counts so far
  Tlsh tlsh;
  auto read = value.for_each_chunk([&](Bytes chunk) -> Result<void> {
    tlsh.update(chunk.data(), static_cast<unsigned>(chunk.size()));
    return {};
  });
  if (!read) return read.error();
  tlsh.final();
  const char* digits = tlsh.getHash();
  return digits == nullptr || *digits == '\0' ? "" : std::string("T1") + digits;
}

}  // namespace rebus
