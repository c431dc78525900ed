#include "agents/support/fuzzy_hashes.h"

#include <tlsh.h>

#include <limits>

namespace rebus {
namespace {

// The library counts bytes in 32 bits.
bool fits_tlsh(const Value& value) { return value.size() <= std::numeric_limits<unsigned>::max(); }

std::string text_of(Tlsh& tlsh) {
  tlsh.final();
  const char* digits = tlsh.getHash();
  return digits == nullptr || *digits == '\0' ? "" : std::string("T1") + digits;
}

}  // namespace

Result<FuzzyHashes> fuzzy_hashes(const Value& value, SsdeepWorker* ssdeep, bool with_tlsh) {
  with_tlsh = with_tlsh && fits_tlsh(value);
  FuzzyHashes hashes;
  if (ssdeep == nullptr && !with_tlsh) return hashes;
  Tlsh tlsh;
  auto begun = ssdeep != nullptr ? ssdeep->begin(value.size()) : Result<void>();
  if (!begun) return begun.error();
  auto read = value.for_each_chunk([&](Bytes chunk) -> Result<void> {
    if (with_tlsh) tlsh.update(chunk.data(), static_cast<unsigned>(chunk.size()));
    return ssdeep != nullptr ? ssdeep->append(chunk) : Result<void>();
  });
  if (!read) return read.error();
  if (with_tlsh) hashes.tlsh = text_of(tlsh);
  if (ssdeep == nullptr) return hashes;
  auto answer = ssdeep->end();
  if (!answer) return answer.error();
  hashes.ssdeep = *std::move(answer);
  return hashes;
}

}  // namespace rebus
