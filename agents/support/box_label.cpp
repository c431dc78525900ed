#include "agents/support/box_label.h"

#include <algorithm>

#include "agents/support/named_records.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

constexpr size_t kMaxNamesShown = 4;  // in one box

// At most `most` names. Sorted: names come in the order of injections, and the same files shall give the same
// picture.
Result<void> add_names(Bus& bus, const Domain& domain, const Uuid& file, CurrentNames& current, size_t most,
                       std::vector<std::string>& lines) {
  auto first = first_of_uuid(bus, domain, file);
  if (!first) return first.error();
  if (!*first) {
    lines.push_back("(unknown) " + file.str());
    return {};
  }
  auto names = current.of(**first);
  if (!names) return names.error();
  auto& all = names->names;
  std::ranges::sort(all);
  lines.insert(lines.end(), all.begin(), all.begin() + static_cast<ptrdiff_t>(std::min(all.size(), most)));
  if (all.size() > most) lines.back() += " (and " + counted(all.size() - most, "more name") + ")";
  if (most > 1) lines.push_back((*first)->descriptor.selector.path());
  return {};
}

}  // namespace

Result<std::vector<std::string>> box_label(Bus& bus, const Domain& domain, const std::vector<Uuid>& files,
                                           CurrentNames& names, const std::string& alike) {
  std::vector<std::string> lines;
  if (files.size() > 1) lines.push_back(counted(files.size(), "file") + " " + alike);
  for (size_t i = 0; i < std::min(files.size(), kMaxNamesShown); i++) {
    auto added = add_names(bus, domain, files[i], names, files.size() > 1 ? 1 : kMaxNamesShown, lines);
    if (!added) return added.error();
  }
  if (files.size() > kMaxNamesShown)
    lines.push_back("and " + std::to_string(files.size() - kMaxNamesShown) + " more");
  return lines;
}

}  // namespace rebus
