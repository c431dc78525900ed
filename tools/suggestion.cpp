#include "tools/suggestion.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace rebus {
namespace {

// Letters to change, add or drop (Levenshtein), row by row.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); i++) {
    size_t diagonal = std::exchange(row[0], i + 1);
    for (size_t j = 0; j < b.size(); j++) {
      size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

// 0 is best; a name that begins with what was typed is as good as one wrong letter.
size_t badness(std::string_view typed, std::string_view name) {
  return name.starts_with(typed) ? 1 : distance(typed, name);
}

}  // namespace

std::vector<std::string> nearest(std::string_view name, const std::vector<std::string>& names) {
  constexpr size_t kMost = 3;
  if (name.empty() || name.size() > 64) return {};
  size_t tolerance = std::max<size_t>(1, name.size() / 3);
  std::vector<std::pair<size_t, std::string>> ranked;
  for (const auto& candidate : names) {
    size_t bad = badness(name, candidate);
    if (bad <= tolerance) ranked.emplace_back(bad, candidate);
  }
  std::sort(ranked.begin(), ranked.end());
  std::vector<std::string> best;
  for (size_t i = 0; i < std::min(kMost, ranked.size()); i++) best.push_back(ranked[i].second);
  return best;
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& names) {
  std::string list;
  for (const auto& candidate : nearest(name, names)) list += (list.empty() ? "" : " or ") + candidate;
  return list.empty() ? list : "; did you mean " + list + "?";
}

}  // namespace rebus
