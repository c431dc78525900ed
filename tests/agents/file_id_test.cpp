#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "agents/support/file_type.h"
#include "tests/support/run_once.h"
#include "tests/support/scratch_folder.h"

namespace rebus {
extern const AgentSpec file_id_agent;
}

namespace rebus::file_id_test {
namespace {

TEST(FileId, TellsTheWordsOfFile) {
  ScratchFolder scratch;
  RunOnce run = run_once(file_id_agent, object_of("/binary/elf/x86_64", "ls", file_bytes("/bin/ls")));
  ASSERT_FALSE(run.error) << run.error->message;
  ASSERT_EQ(run.pushed.size(), 1u);
  EXPECT_EQ(run.pushed[0].descriptor.kind, Kind::kStructured);
  auto id = nlohmann::json::parse(run.text("/file_id"));
  EXPECT_EQ(id["description"].get<std::string>() + "\n", scratch.run("file -bL /bin/ls"));
  EXPECT_EQ(id["mime"].get<std::string>() + "\n", scratch.run("file -bL --mime-type /bin/ls"));
  EXPECT_EQ(id["encoding"].get<std::string>() + "\n", scratch.run("file -bL --mime-encoding /bin/ls"));
  EXPECT_EQ(id.size(), 3u);
}

// libmagic ran when the object entered the bus; what it said then counts.
TEST(FileId, AsksLibmagicOnlyIfNobodyDid) {
  Descriptor object = object_of("/binary/elf", "ls", file_bytes("/bin/ls"));
  object.file_type = {"some words", "some/mime", "some-encoding"};
  EXPECT_EQ(run_once(file_id_agent, object).text("/file_id"),
            R"({"description":"some words","encoding":"some-encoding","mime":"some/mime"})");
}

TEST(FileId, HostileWordsAreEscaped) {
  Descriptor object = object_of("/script", "x", "x");
  object.file_type = {"a \x1b[2J \"script\"\n", "text/plain", "us-ascii"};
  std::string text = run_once(file_id_agent, object).text("/file_id");
  EXPECT_EQ(text.find_first_of("\x1b\n"), std::string::npos);
  EXPECT_TRUE(nlohmann::json::accept(text));
}

TEST(FileId, RefusesToStartWithoutADatabase) {
  setenv("MAGIC", "/nonexistent/magic.mgc", 1);
  auto run = run_once(file_id_agent, object_of("/unknown", "x", "x"));
  unsetenv("MAGIC");
  ASSERT_TRUE(run.error);
  EXPECT_EQ(run.error->code, Code::kUnavailable);
  EXPECT_FALSE(run.wanted);
}

TEST(FileId, TakesEveryObjectAndNoResult) {
  EXPECT_TRUE(run_once(file_id_agent, object_of("/unknown", "x", "x")).wanted);
  EXPECT_TRUE(run_once(file_id_agent, object_of("/empty", "x", "")).wanted);
  Descriptor object = object_of("/unknown", "x", "x");
  EXPECT_FALSE(run_once(file_id_agent, make_child(object, "x", "/strings", Value::of("y"))).wanted);
}

}  // namespace
}  // namespace rebus::file_id_test
