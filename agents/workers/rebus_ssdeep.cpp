// rebus_ssdeep: ssdeep hashes for the agents `signature` and `cluster`, which start it and speak with it.
//
// For each value it reads, from standard input, 8 bytes, little-endian: its size; then its bytes; and writes
// one line: its hash. It ends with its input.
//
// Called as `rebus_ssdeep compare FIRST LEAST` it reads hashes, a line each, to the end of its input, and
// compares each of the lines from FIRST on, which count from 0, with all before it. It writes a line
// "LINE OTHER SCORE" for those that are at least LEAST alike, from 1 to 100.
//
// Nothing else of rebus is in it: libfuzzy is under the GNU General Public License, version 2 or later, and
// so is this program as a whole.
#include <fuzzy.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace {

constexpr int kCut = 1, kNoMemory = 2, kNoAnswer = 3, kTooLarge = 4, kUsage = 5;  // exit codes
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

int compare_lines(size_t first, int least) {
  std::vector<std::string> hashes;
  for (std::string line; std::getline(std::cin, line);) hashes.push_back(line);
  for (size_t i = first; i < hashes.size(); i++) {
    for (size_t other = 0; other < i; other++) {
      int score = fuzzy_compare(hashes[i].c_str(), hashes[other].c_str());  // -1: that is no hash
      if (score >= least) std::cout << i << ' ' << other << ' ' << score << '\n';
    }
  }
  return std::cout.flush() ? 0 : kNoAnswer;
}

bool read_number(const char* word, unsigned long& number) {
  char* end = nullptr;
  errno = 0;
  number = std::strtoul(word, &end, 10);
  return *word >= '0' && *word <= '9' && *end == '\0' && errno == 0;
}

int explain_usage() {
  std::cerr << "rebus_ssdeep: a worker of the agents signature and cluster; it takes no words, or: compare "
               "FIRST LEAST\n";
  return kUsage;
}

}  // namespace

int main(int count, char** words) {
  unsigned long first = 0, least = 0;
  bool compares = count == 4 && std::strcmp(words[1], "compare") == 0 && read_number(words[2], first) &&
                  read_number(words[3], least) && least >= 1 && least <= 100;
  if (!compares && count != 1) return explain_usage();
  rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  setrlimit(RLIMIT_FSIZE, &none);
  if (compares) return compare_lines(first, static_cast<int>(least));
  for (uint64_t size = 0; read_size(size);) hash_value(size);
}
