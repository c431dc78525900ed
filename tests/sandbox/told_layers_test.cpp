// What agents tell of the sandbox that they work in: all layers, and which of them are missing.
#include "agents/support/sandbox/told_layers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "agents/support/sandbox/cage.h"
#include "agents/support/sandbox/sandbox_level.h"
#include "bus/runner.h"

namespace rebus::told_layers_test {
namespace {

using Layers = std::vector<std::string>;

class ToldLayers : public testing::Test {
 protected:
  ToldLayers() { setenv("PATH", (REBUS_BIN ":" + path_).c_str(), 1); }
  ~ToldLayers() override {
    set_sandbox_level(SandboxLevel::kRequired);
    setenv("PATH", path_.c_str(), 1);
  }

 private:
  const std::string path_ = std::getenv("PATH");
};

Layers told_by(const std::string& agent, const Options& options = {}) {
  auto hello = make_hello(*find_agent(agent), options, Domain(), false);
  EXPECT_TRUE(hello) << agent << ": " << hello.error().message;
  return hello ? hello->sandbox : Layers();
}

TEST_F(ToldLayers, NameThoseThatAreMissing) {
  EXPECT_EQ(told_cage({"namespaces", "privileges", "landlock 7", "limits", "seccomp"}),
            (Layers{"namespaces", "privileges", "landlock 7", "limits", "seccomp"}));
  EXPECT_EQ(told_cage({"privileges", "limits", "seccomp"}),
            (Layers{"no namespaces", "privileges", "no landlock", "limits", "seccomp"}));
  EXPECT_EQ(told_cell({"namespaces", "privileges", "limits", "seccomp", "cgroup v2: memory"}),
            (Layers{"namespaces", "privileges", "limits", "seccomp", "no landlock", "cgroup v2: memory"}));
  EXPECT_EQ(told_cage({}), Layers{"none"});
  EXPECT_EQ(missing_layers(told_cage({"privileges", "limits", "seccomp"})), "without namespaces, landlock");
  EXPECT_EQ(missing_layers(told_cell({})), "without any sandbox");
  EXPECT_EQ(missing_layers({"namespaces", "landlock 7"}), "");
  EXPECT_EQ(missing_layers({}), "") << "it says nothing of one";
}

TEST_F(ToldLayers, AreSaidByEveryAgentThatLooksAtHostileBytes) {
  for (const char* agent :
       {"file_id", "unarchive", "email", "signature", "cluster", "watch", "dotrenderer"}) {
    Layers layers = told_by(agent);
    EXPECT_EQ(std::ranges::count(layers, "seccomp"), 1) << agent;
    EXPECT_EQ(std::ranges::count(layers, "limits"), 1) << agent;
    EXPECT_GE(layers.size(), cage_layers().size()) << agent << " says of each layer whether it is there";
  }
  EXPECT_EQ(told_by("hasher"), Layers()) << "nothing is parsed there";
}

TEST_F(ToldLayers, SayThatThereIsNoSandbox) {
  set_sandbox_level(SandboxLevel::kNone);
  for (const char* agent : {"file_id", "unarchive", "signature", "dotrenderer"})
    EXPECT_EQ(told_by(agent), Layers{"none"}) << agent;
}

}  // namespace
}  // namespace rebus::told_layers_test
