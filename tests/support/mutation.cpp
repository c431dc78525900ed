#include "tests/support/mutation.h"

namespace rebus {

void Mutation::apply(std::string& bytes, const std::vector<std::string>& others) {
  for (size_t left = 1 + below(4); left > 0; left--) step(bytes, others);
}

void Mutation::step(std::string& bytes, const std::vector<std::string>& others) {
  // Numbers at the borders of their encodings do the most harm.
  static const std::string kBorders("\0\x01\x7f\x80\x8f\x90\x9f\xc0\xc4\xc6\xdc\xdd\xde\xdf\xfe\xff", 16);
  const size_t at = below(bytes.size());
  const size_t length = 1 + below(std::min<size_t>(16, bytes.size() - std::min(at, bytes.size())));
  const std::string& other = others[below(others.size())];
  switch (below(6)) {
    case 0:
      if (!bytes.empty()) bytes[at] = static_cast<char>(bytes[at] ^ 1 << below(8));
      break;
    case 1:
      if (!bytes.empty()) bytes[at] = kBorders[below(kBorders.size())];
      break;
    case 2:
      bytes.erase(at, length);
      break;
    case 3:
      bytes.insert(at, bytes.substr(at, length));
      break;
    case 4:
      bytes.replace(at, length, other, below(other.size()), length);
      break;
    default:
      bytes.resize(at);
  }
}

}  // namespace rebus
