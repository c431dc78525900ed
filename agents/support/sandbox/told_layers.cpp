#include "agents/support/sandbox/told_layers.h"

#include <algorithm>

#include "agents/support/sandbox/cage.h"

namespace rebus {
namespace {

constexpr std::string_view kNone = "none", kNo = "no ";
constexpr std::string_view kCellLayers[] = {"namespaces", "privileges", "limits",
                                            "seccomp",    "landlock",   "cgroup"};

bool is_called(const std::string& layer, std::string_view name) {
  return layer == name || layer.starts_with(std::string(name) + " ");
}

ToldLayers told(std::span<const std::string_view> all, const std::vector<std::string>& there) {
  if (there.empty()) return {std::string(kNone)};
  ToldLayers layers;
  for (std::string_view name : all) {
    auto it = std::find_if(there.begin(), there.end(), [&](const auto& one) { return is_called(one, name); });
    layers.push_back(it != there.end() ? *it : std::string(kNo) + std::string(name));
  }
  return layers;
}

}  // namespace

ToldLayers told_cage(const std::vector<std::string>& there) { return told(cage_layers(), there); }
ToldLayers told_cell(const std::vector<std::string>& there) { return told(kCellLayers, there); }

Result<ToldLayers> told_cage(ParserProcess&& worker) {
  auto started = worker.start();
  return started ? Result(told_cage(worker.layers())) : started.error();
}

Result<void> tell_sandbox(Hello& hello, const Result<ToldLayers>& told) {
  if (!told) return told.error();
  for (const std::string& layer : *told) {
    if (std::ranges::count(hello.sandbox, layer) == 0) hello.sandbox.push_back(layer);
  }
  return {};
}

std::string missing_layers(const ToldLayers& told) {
  std::string missing;
  for (const std::string& layer : told) {
    if (layer == kNone) return "without any sandbox";
    if (layer.starts_with(kNo)) missing += (missing.empty() ? "without " : ", ") + layer.substr(kNo.size());
  }
  return missing;
}

}  // namespace rebus
