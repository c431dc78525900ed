// RandomMessages: valid messages with random content, from a seed.
#pragma once

#include <random>

#include "bus/message.h"

namespace rebus {

class RandomMessages {
 public:
  explicit RandomMessages(uint64_t seed) : random_(seed) {}
  // The `kind`th of Body, below std::variant_size_v<Bodies>.
  Message make(size_t kind);

 private:
  std::mt19937_64 random_;
};

}  // namespace rebus
