// entropy: how random the bytes of a program look, in bits per byte.
#include <array>
#include <cmath>
#include <cstdio>

#include "bus/agent.h"

namespace rebus {
namespace {

class Entropy final : public Agent {
 public:
  Result<void> process(Work& work) override {
    std::array<double, 256> counts{};
    auto read = work.value().for_each_chunk([&](Bytes chunk) -> Result<void> {
      for (uint8_t byte : chunk) counts[byte]++;
      return {};
    });
    if (!read) return read.error();

    double bits = 0;
    for (double count : counts) {
      double share = count / static_cast<double>(work.value().size());
      if (count > 0) bits -= share * std::log2(share);
    }
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "%.2f", bits);
    return work.push("/entropy", text.data(), Kind::kText);
  }
};

std::unique_ptr<Agent> make(const Setting&) { return std::make_unique<Entropy>(); }

}  // namespace

extern const AgentSpec entropy_agent;
const AgentSpec entropy_agent = {
    .name = "entropy",
    .summary = "Bits per byte of a program's bytes",
    .help = "Takes programs; gives /entropy, a number from 0 to 8. Above 7.5 it is packed or encrypted.",
    .prefixes = {"/binary"},
    .objects_only = true,
    .yields = {"/entropy"},
    .make = make,
};

}  // namespace rebus
