#include "tools/pipeline.h"

#include <gtest/gtest.h>

namespace rebus::pipeline_test {
namespace {

const std::vector<std::string> kFiles = {"/binary", "/archive"};
const PipelineAgent kInject = {"inject", {}, kFiles, false, false};
const PipelineAgent kHasher = {"hasher", {"/binary"}, {"/md5_hash"}, true, false};

std::vector<std::string> told(const std::vector<PipelineFindings::Path>& paths) {
  std::vector<std::string> lines;
  for (const auto& one : paths) lines.push_back(one.agent + " " + one.path);
  return lines;
}

TEST(Pipeline, tells_what_nothing_yields) {
  EXPECT_TRUE(check_pipeline({kInject, kHasher}, kFiles).unfed.empty());
  EXPECT_EQ(told(check_pipeline({kHasher}, kFiles).unfed), std::vector<std::string>{"hasher /binary"});
  PipelineAgent drawer{"drawer", {"/graph/dot"}, {"/graph/svg"}, false, false};
  EXPECT_EQ(told(check_pipeline({kInject, drawer}, kFiles).unfed),
            std::vector<std::string>{"drawer /graph/dot"});
}

TEST(Pipeline, knows_that_agents_of_files_take_no_results) {
  PipelineAgent maker{"maker", {"/archive"}, {"/script"}, true, false};
  PipelineAgent files{"files", {"/script"}, {}, true, false};
  EXPECT_EQ(told(check_pipeline({kInject, maker, files}, kFiles).unfed),
            std::vector<std::string>{"files /script"});
}

TEST(Pipeline, tells_results_that_nobody_takes) {
  EXPECT_EQ(told(check_pipeline({kInject, kHasher}, kFiles).untaken),
            std::vector<std::string>{"hasher /md5_hash"});
  PipelineAgent reader{"return", {"/"}, {}, false, true};
  EXPECT_TRUE(check_pipeline({kInject, kHasher, reader}, kFiles).untaken.empty());
}

TEST(Pipeline, tells_each_loop_of_results_once) {
  PipelineAgent ping{"ping", {"/pong", "/binary"}, {"/ping"}, false, false};
  PipelineAgent pong{"pong", {"/ping"}, {"/pong"}, false, false};
  auto found = check_pipeline({kInject, ping, pong}, kFiles);
  ASSERT_EQ(found.loops.size(), 1u);
  EXPECT_EQ(found.loops[0], (std::vector<std::string>{"ping", "pong"}));
  PipelineAgent unarchive{"unarchive", {"/archive"}, {"/archive", "/binary"}, true, false};
  EXPECT_TRUE(check_pipeline({kInject, unarchive}, kFiles).loops.empty());
}

}  // namespace
}  // namespace rebus::pipeline_test
