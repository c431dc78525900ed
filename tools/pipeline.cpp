#include "tools/pipeline.h"

#include <algorithm>
#include <functional>
#include <set>

#include "descriptor/selector.h"

namespace rebus {
namespace {

// What is below one may be below the other.
bool overlap(const std::string& a, const std::string& b) { return covers(a, b) || covers(b, a); }

bool overlap_any(const std::string& path, const std::vector<std::string>& paths) {
  return std::any_of(paths.begin(), paths.end(), [&](const std::string& one) { return overlap(path, one); });
}

class Pipeline {
 public:
  Pipeline(const std::vector<PipelineAgent>& agents, const std::vector<std::string>& files)
      : agents_(agents), files_(files) {}

  PipelineFindings findings() {
    for (const PipelineAgent& agent : agents_) {
      find_unfed(agent);
      find_untaken(agent);
    }
    for (size_t i = 0; i < agents_.size(); i++) find_loops(i);
    return std::move(found_);
  }

 private:
  bool is_file(const std::string& path) const {
    return std::any_of(files_.begin(), files_.end(),
                       [&](const std::string& file) { return covers(file, path); });
  }

  bool takes_result(const PipelineAgent& agent, const std::string& path) const {
    return !agent.objects_only && overlap_any(path, agent.takes);
  }

  void find_unfed(const PipelineAgent& agent) {
    for (const std::string& path : agent.takes) {
      bool is_fed = std::any_of(agents_.begin(), agents_.end(), [&](const PipelineAgent& other) {
        return std::any_of(other.yields.begin(), other.yields.end(), [&](const std::string& yielded) {
          return overlap(path, yielded) && (is_file(yielded) || !agent.objects_only);
        });
      });
      if (!is_fed) found_.unfed.push_back({agent.name, path});
    }
  }

  void find_untaken(const PipelineAgent& agent) {
    for (const std::string& path : agent.yields) {
      bool is_taken = std::any_of(agents_.begin(), agents_.end(), [&](const PipelineAgent& other) {
        return &other != &agent && takes_result(other, path);
      });
      if (!is_file(path) && !is_taken) found_.untaken.push_back({agent.name, path});
    }
  }

  bool feeds(const PipelineAgent& from, const PipelineAgent& to) const {
    return std::any_of(from.yields.begin(), from.yields.end(), [&](const std::string& path) {
      return !is_file(path) && !to.takes_some && takes_result(to, path);
    });
  }

  // A shortest way from an agent back to itself; told once, by its first agent.
  void find_loops(size_t start) {
    std::vector<std::vector<size_t>> ways{{start}};
    std::set<size_t> seen;
    for (size_t i = 0; i < ways.size(); i++) {
      for (size_t next = 0; next < agents_.size(); next++) {
        if (!feeds(agents_[ways[i].back()], agents_[next])) continue;
        if (next == start) return tell_loop(ways[i]);
        if (!seen.insert(next).second) continue;
        auto way = ways[i];
        way.push_back(next);
        ways.push_back(std::move(way));
      }
    }
  }

  void tell_loop(const std::vector<size_t>& way) {
    if (*std::min_element(way.begin(), way.end()) != way.front()) return;
    std::vector<std::string> names;
    for (size_t agent : way) names.push_back(agents_[agent].name);
    found_.loops.push_back(std::move(names));
  }

  const std::vector<PipelineAgent>& agents_;
  const std::vector<std::string>& files_;
  PipelineFindings found_;
};

}  // namespace

PipelineFindings check_pipeline(const std::vector<PipelineAgent>& agents,
                                const std::vector<std::string>& files) {
  return Pipeline(agents, files).findings();
}

}  // namespace rebus
