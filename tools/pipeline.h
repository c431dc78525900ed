// Pipeline: agents that work together, and what does not fit between them.
#pragma once

#include <string>
#include <vector>

namespace rebus {

// An agent as it declares itself (bus/agent.h, Hello).
struct PipelineAgent {
  std::string name;
  std::vector<std::string> takes;   // type paths
  std::vector<std::string> yields;  // likewise
  bool objects_only = false;
  bool takes_some = false;  // only what a regex matches: whether it takes something cannot be told
};

struct PipelineFindings {
  struct Path {
    std::string agent;
    std::string path;
    auto operator<=>(const Path&) const = default;
  };
  std::vector<Path> unfed;                      // what an agent takes and nobody yields
  std::vector<Path> untaken;                    // results that an agent yields and nobody takes
  std::vector<std::vector<std::string>> loops;  // agents that may feed each other results for ever
};

// Files are yielded by those that inject and extract; `files` are the type paths of files. Those nest, but
// every level of that is limited: only results make loops.
PipelineFindings check_pipeline(const std::vector<PipelineAgent>& agents,
                                const std::vector<std::string>& files);

}  // namespace rebus
