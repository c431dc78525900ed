// rebus_ssdeep: ssdeep hashes for the agent `signature`, which starts it and speaks with it.
//
// For each value it reads, from standard input, 8 bytes, little-endian: its size; then its bytes; and writes
// one line: its hash. It ends with its input. Nothing else of rebus is in it: libfuzzy is under the GNU
// General Public License, version 2 or later, and so is this program as a whole.
#include <fuzzy.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

namespace {

constexpr int kCut = 1, kNoMemory = 2, kNoAnswer = 3, kTooLarge = 4;  // exit codes
constexpr size_t kPieceBytes = 256 << 10;

struct FreeState {
  void operator()(fuzzy_state* state) const { fuzzy_free(state); }
};

// Up to `size` bytes; 0 only at the end.
size_t read_some(uint8_t* to, size_t size) {
  ssize_t count = 0;
  do {
    count = read(STDIN_FILENO, to, size);
  } while (count < 0 && errno == EINTR);
  return count > 0 ? static_cast<size_t>(count) : 0;
}

// False at the end of the input.
bool read_size(uint64_t& size) {
  std::array<uint8_t, 8> bytes{};
  for (size_t done = 0; done < bytes.size();) {
    size_t count = read_some(bytes.data() + done, bytes.size() - done);
    if (count == 0 && done == 0) return false;
    if (count == 0) std::exit(kCut);
    done += count;
  }
  size = 0;
  for (size_t i = bytes.size(); i-- > 0;) size = size << 8 | bytes[i];
  return true;
}

void hash_value(uint64_t size) {
  std::unique_ptr<fuzzy_state, FreeState> state(fuzzy_new());
  if (!state) std::exit(kNoMemory);
  if (fuzzy_set_total_input_length(state.get(), size) != 0) std::exit(kTooLarge);
  std::vector<uint8_t> piece(kPieceBytes);
  for (uint64_t left = size; left > 0;) {
    size_t count = read_some(piece.data(), std::min<uint64_t>(left, piece.size()));
    if (count == 0) std::exit(kCut);
    if (fuzzy_update(state.get(), piece.data(), count) != 0) std::exit(kNoMemory);
    left -= count;
  }
  std::array<char, FUZZY_MAX_RESULT + 1> line{};
  if (fuzzy_digest(state.get(), line.data(), 0) != 0) std::exit(kTooLarge);
  size_t length = std::strlen(line.data());
  line[length] = '\n';
  if (write(STDOUT_FILENO, line.data(), length + 1) != static_cast<ssize_t>(length + 1)) std::exit(kNoAnswer);
}

}  // namespace

int main() {
  rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  setrlimit(RLIMIT_FSIZE, &none);
  for (uint64_t size = 0; read_size(size);) hash_value(size);
}
