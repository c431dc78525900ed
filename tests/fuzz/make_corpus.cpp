// Writes one valid frame of each message into a directory, for the fuzzers to start from.
#include <fstream>

#include "bus/codec.h"
#include "tests/support/random_message.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  rebus::RandomMessages random(1);
  for (size_t kind = 0; kind < std::variant_size_v<rebus::Bodies>; kind++) {
    auto frame = rebus::encode(random.make(kind));
    if (!frame) return 1;
    rebus::seal_frame(*frame, {1, 2});
    std::ofstream(std::string(argv[1]) + "/" + std::to_string(kind), std::ios::binary) << *frame;
  }
}
