// Sites: network namespaces joined by a bridge to the one of the test, whose links a test may cut.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/support/process.h"

namespace rebus {

// Call before the process has threads: it moves into a namespace of its own, and stays there. Nothing is left
// behind.
class Sites {
 public:
  // Empty, and why in `problem`, where this is not permitted.
  static std::unique_ptr<Sites> make(size_t count, std::string& problem);

  // Of the test's own namespace, for all of them.
  static std::string address() { return "tcp://10.77.0.1:5599"; }
  // A command before another one: runs it there.
  std::vector<std::string> enter(size_t site) const;

  enum class Cut {
    kBothWays,
    kAnswers,    // what the site is sent gets lost
    kQuestions,  // what it sends
  };
  void cut(size_t site, Cut how);
  void heal(size_t site, Cut how);

 private:
  void add();
  std::string change(size_t site, Cut how, bool is_cut) const;

  std::vector<std::unique_ptr<Process>> holders_;  // a process of each namespace, which lives as long
};

}  // namespace rebus
