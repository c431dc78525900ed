// What who took a parser over can do: nothing, and hardly anything if a layer of the cage failed.
#include "agents/support/sandbox/cage.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "descriptor/file_handle.h"
#include "tests/support/scratch_folder.h"

namespace rebus::cage_test {
namespace {

using Words = std::vector<std::string>;

constexpr int kDid = 0, kRefused = 1, kNotTried = 2;

// An open port and an open abstract socket, to be connected to.
class Doors {
 public:
  Doors() : tcp_(socket(AF_INET, SOCK_STREAM, 0)), abstract_(socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(at);
    EXPECT_EQ(bind(tcp_.get(), reinterpret_cast<sockaddr*>(&at), size), 0);
    EXPECT_EQ(listen(tcp_.get(), 8), 0);
    getsockname(tcp_.get(), reinterpret_cast<sockaddr*>(&at), &size);
    setenv("CAGED_PORT", std::to_string(ntohs(at.sin_port)).c_str(), 1);
    std::string name = "rebus-cage-test-" + std::to_string(getpid());
    sockaddr_un place{};
    place.sun_family = AF_UNIX;
    std::copy(name.begin(), name.end(), place.sun_path + 1);
    size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    EXPECT_EQ(bind(abstract_.get(), reinterpret_cast<sockaddr*>(&place), size), 0);
    EXPECT_EQ(listen(abstract_.get(), 8), 0);
    setenv("CAGED_SOCKET", name.c_str(), 1);
  }

 private:
  FileHandle tcp_, abstract_;
};

class Cage : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (GetParam() && geteuid() != 0) GTEST_SKIP() << "NOT TESTED: only root can try it as another user, too";
  }

  // As an ordinary user, or as whoever runs the tests. Its standard output is a file in memory. In a folder
  // of its own, where there are files.
  int tries(const std::string& action, const std::string& without = "none", bool has_scratch = false) const {
    std::string program = std::filesystem::read_symlink("/proc/self/exe").replace_filename("caged");
    ScratchFolder folder;
    const uid_t owner = GetParam() ? 1234 : 65534;
    bool is_owned = geteuid() != 0 || chown(folder.path().c_str(), owner, owner) == 0;
    EXPECT_TRUE(is_owned);
    FileHandle memory(memfd_create("caged", 0));
    pid_t pid = fork();
    if (pid == 0) {
      bool is_user = !GetParam() || (setresgid(1234, 1234, 1234) == 0 && setresuid(1234, 1234, 1234) == 0);
      dup2(memory.get(), STDOUT_FILENO);
      bool is_there = chdir(folder.path().c_str()) == 0;
      const char* scratch = has_scratch ? "scratch" : nullptr;
      if (is_user && is_there)
        execl(program.c_str(), "caged", action.c_str(), without.c_str(), scratch, nullptr);
      _exit(kNotTried);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFSIGNALED(status) ? kRefused : WEXITSTATUS(status);
  }

  Doors doors_;
};

const Words kAttempts = {"open-file",   "open-proc",        "stat-file", "make-file", "write-file",
                         "connect-tcp", "connect-abstract", "fork",      "execute",   "kill-agent",
                         "trace-agent", "allocate",         "make-code", "new-user",  "become-root"};

// What a cage with a scratch folder is tried with beyond that.
const Words kScratchAttempts = {"fill-scratch", "large-file",    "open-many",
                                "follow-link",  "leave-scratch", "execute-scratch"};

TEST_P(Cage, LetsNothingOut) {
  EXPECT_EQ(tries("nothing"), kRefused) << "every layer can be entered";
  for (const std::string& attempt : kAttempts) EXPECT_EQ(tries(attempt), kRefused) << attempt;
}

TEST_P(Cage, IsWhatRefusesIt) {
  if (GetParam() || geteuid() != 0) return;  // what root may not do outside would prove nothing
  for (const std::string& attempt : kAttempts) EXPECT_EQ(tries(attempt, "all"), kDid) << attempt;
  for (const std::string& attempt : kScratchAttempts) EXPECT_EQ(tries(attempt, "all", true), kDid) << attempt;
  std::filesystem::remove("/tmp/caged-was-here");
}

// What only one layer refuses stands in docs/security.md.
TEST_P(Cage, HasASecondLayerBehindEachButWhereTheDocumentsSayOtherwise) {
  const std::set<std::pair<std::string, std::string>> only = {{"allocate", "limits"},
                                                              {"write-file", "limits"},
                                                              {"make-code", "seccomp"},
                                                              {"new-user", "seccomp"},
                                                              {"stat-file", "namespaces"}};
  for (std::string_view layer : cage_layers()) {
    for (const std::string& attempt : kAttempts) {
      if (only.contains({attempt, std::string(layer)})) continue;
      EXPECT_EQ(tries(attempt, std::string(layer)), kRefused) << attempt << " without " << layer;
    }
  }
}

// There is no file outside that could be written to: what a worker has open it can only read.
Words scratch_attempts() {
  Words attempts = kScratchAttempts;
  for (const std::string& attempt : kAttempts) {
    if (attempt != "write-file") attempts.push_back(attempt);
  }
  return attempts;
}

TEST_P(Cage, WithAScratchFolderLetsNothingElseOut) {
  EXPECT_EQ(tries("use-scratch", "none", true), kDid);
  EXPECT_NE(tries("use-scratch"), kDid) << "a cage without one has none";
  for (const std::string& attempt : scratch_attempts())
    EXPECT_EQ(tries(attempt, "none", true), kRefused) << attempt;
}

TEST_P(Cage, WithAScratchFolderCanBeUsedWithoutAnyOneLayer) {
  for (std::string_view layer : cage_layers())
    EXPECT_EQ(tries("use-scratch", std::string(layer), true), kDid) << "without " << layer;
}

// As above.
TEST_P(Cage, WithAScratchFolderHasASecondLayerBehindEachButWhereTheDocumentsSayOtherwise) {
  const std::set<std::pair<std::string, std::string>> only = {
      {"allocate", "limits"},         {"large-file", "limits"}, {"open-many", "limits"},
      {"fill-scratch", "namespaces"}, {"make-code", "seccomp"}, {"new-user", "seccomp"},
      {"stat-file", "namespaces"}};
  for (std::string_view layer : cage_layers()) {
    for (const std::string& attempt : scratch_attempts()) {
      if (only.contains({attempt, std::string(layer)})) continue;
      EXPECT_EQ(tries(attempt, std::string(layer), true), kRefused) << attempt << " without " << layer;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Users, Cage, testing::Bool(),
                         [](const auto& suite) { return suite.param ? "ordinary" : "own"; });

TEST(CageNames, OfLevelsAreThree) {
  for (const char* name : {"none", "required", "strict"})
    EXPECT_STREQ(sandbox_level_name(*sandbox_level_named(name)), name);
  EXPECT_FALSE(sandbox_level_named("full"));
}

}  // namespace
}  // namespace rebus::cage_test
