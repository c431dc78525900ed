// What agents make of workers that die, and of those that were taken over.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <iterator>
#include <set>
#include <sstream>
#include <thread>

#include "agents/support/file_type.h"
#include "agents/support/sandbox/container_parser.h"
#include "agents/support/sandbox/parser_process.h"
#include "agents/support/signature_parser.h"
#include "agents/support/ssdeep_worker.h"
#include "agents/support/type_queue.h"
#include "agents/support/yara_scanner.h"
#include "descriptor/escape.h"
#include "descriptor/sealed_memory.h"
#include "descriptor/spool.h"
#include "tests/support/process.h"
#include "tests/support/run_once.h"
#include "tests/support/scratch_folder.h"

namespace rebus {
extern const AgentSpec unarchive_agent;
}

namespace rebus::worker_test {
namespace {

using End = ContainedBytes::End;
constexpr std::chrono::seconds kPatience{1};

class Worker : public testing::Test {
 protected:
  ~Worker() override { setenv("PATH", path_.c_str(), 1); }

  // From now on this is what does the parsing.
  void use_rogue(const std::string& how) {
    namespace fs = std::filesystem;
    auto program = fs::read_symlink("/proc/self/exe").replace_filename("rogue_parser");
    const std::string place = folder_.at(how);  // one each: a program that runs cannot be overwritten
    fs::create_directory(place);
    for (const char* name : {"/rebus_parser", "/rebus_yara", "/rebus_ssdeep"})
      fs::copy_file(program, place + name, fs::copy_options::skip_existing);
    folder_.write(how + "/rogue", how);
    setenv("PATH", (place + ":" + path_).c_str(), 1);
  }
  void use_real() { setenv("PATH", (REBUS_BIN ":" + path_).c_str(), 1); }

  static std::unique_ptr<ArchiveReader> archive() {
    return ContainerParser{kPatience}.archive(Value::of("an archive"), {});
  }
  // What is said of a value when this thread's worker is new.
  static FileType type_of(const std::string& bytes) {
    FileType type;
    std::thread([&] { type = *identify(Value::of(bytes)); }).join();
    return type;
  }

  // What the agent yara gives for a file when this is its worker, or the real one.
  RunOnce yara(const std::string& how) {
    Options options;
    options.set("rules", {folder_.write(how + ".yar", "rule x { condition: true }")});
    return run_once(*find_agent("yara"), object_of("/binary/x", "x", "some bytes"), options);
  }
  // And the agent signature.
  static RunOnce signature(const std::string& types) {
    Options options;
    options.set("types", {types});
    return run_once(*find_agent("signature"), object_of("/binary/x", "x", "some bytes"), options);
  }
  std::unique_ptr<YaraScanner> yara_scanner(const std::string& how) {
    use_rogue(how);
    auto rules = YaraRules::read({folder_.at(how)});
    return *YaraScanner::make(*rules, kPatience, std::chrono::seconds(0));
  }

  ScratchFolder folder_;
  const std::string path_ = std::getenv("PATH");
};

TEST_F(Worker, TellsTheLayersThatItIsIn) {
  use_real();
  ParserProcess process(worker_program("rebus_parser", "types"), kPatience);
  ASSERT_TRUE(process.start().ok());
  for (const char* layer : {"privileges", "limits", "seccomp"}) {
    EXPECT_NE(std::find(process.layers().begin(), process.layers().end(), layer), process.layers().end())
        << layer;
  }
}

TEST_F(Worker, ThatIsNotThereIsUnavailable) {
  setenv("PATH", folder_.path().c_str(), 1);
  auto started = ParserProcess(worker_program("rebus_parser", "types"), kPatience).start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, Code::kUnavailable);
  EXPECT_NE(started.error().message.find("there is no rebus_parser"), std::string::npos);
}

TEST_F(Worker, ThatHasNoCageOrSaysNothingIsUnavailable) {
  for (const char* how : {"no-cage", "no-hello"}) {
    use_rogue(how);
    auto started = check_file_type_database();
    ASSERT_FALSE(started) << how;
    EXPECT_EQ(started.error().code, Code::kUnavailable) << how;
    EXPECT_EQ(started.error().message, escape(unescape(started.error().message))) << "it is escaped";
  }
}

TEST_F(Worker, ThatDiesOrLiesLeavesAFileWithoutAType) {
  for (const char* how : {"dies", "leaves", "garbage", "huge", "half", "greedy", "hello-again", "wrong-body",
                          "trouble", "long-words"}) {
    use_rogue(how);
    FileType type = type_of("some bytes");
    EXPECT_TRUE(type.words.starts_with(kNoType)) << how << ": " << type.words;
    EXPECT_EQ(type.words, escape(unescape(type.words))) << how;
    EXPECT_EQ(type.mime, "application/octet-stream") << how;
  }
}

TEST_F(Worker, IsStartedAnewAfterItDied) {
  std::thread([&] {
    use_rogue("dies");
    EXPECT_TRUE(identify(Value::of("#!/bin/sh\n"))->words.starts_with(kNoType));
    use_real();
    EXPECT_EQ(identify(Value::of("#!/bin/sh\n"))->words, "POSIX shell script, ASCII text executable");
  }).join();
}

TEST_F(Worker, OfTypesThatWasSpoiltByAnotherFileIsReplaced) {
  use_rogue("dies-later");
  std::thread([] {
    std::vector<std::string> types;
    TypeQueue queue;
    for (int i = 0; i < 20; i++) {
      auto asked = queue.ask(Value::of("some bytes"), [&](const Result<FileType>& type) {
        types.push_back(type ? type->words : type.error().message);
        return Result<void>();
      });
      EXPECT_TRUE(asked.ok());
      EXPECT_EQ(identify(Value::of("some bytes"))->words, "some words");  // meanwhile
    }
    EXPECT_TRUE(queue.finish().ok());
    EXPECT_EQ(types, std::vector<std::string>(20, "some words"));
  }).join();
}

Value sealed(const std::string& begin) {
  auto writer = Spool().create();
  EXPECT_TRUE(writer->append(as_bytes(begin + std::string(kLeastSealed, 'x'))));
  return *writer->seal();
}

// Several are under way in one worker, which dies of some of them.
TEST_F(Worker, OfManyFilesAtATimeTellsEachItsOwn) {
  use_rogue("dies-of-it");
  std::vector<std::string> files, types;
  for (int i = 0; i < 40; i++) files.push_back(i % 7 == 3 || i == 18 ? "crash" : std::to_string(10000 + i));
  std::thread([&] {
    TypeQueue queue;
    for (const std::string& file : files) {
      auto asked = queue.ask(sealed(file), [&](const Result<FileType>& type) {
        types.push_back(type ? type->words : type.error().message);
        return Result<void>();
      });
      EXPECT_TRUE(asked.ok());
    }
    EXPECT_TRUE(queue.finish().ok());
  }).join();
  ASSERT_EQ(types.size(), files.size());
  for (size_t i = 0; i < files.size(); i++)
    EXPECT_TRUE(types[i].starts_with(files[i] == "crash" ? kNoType : files[i])) << i << ": " << types[i];
}

TEST_F(Worker, OfAnArchiveThatDiesOrLiesIsDamage) {
  for (const char* how :
       {"dies", "leaves", "silent", "garbage", "huge", "half", "greedy", "hello-again", "wrong-body"}) {
    use_rogue(how);
    auto reader = archive();
    auto member = reader->next();
    ASSERT_FALSE(member) << how;
    EXPECT_EQ(member.error().code, Code::kFailed) << how << ": " << member.error().message;
    EXPECT_EQ(reader->next().error().message, member.error().message) << "it is said again";
    EXPECT_EQ(reader->read({}).end, End::kBroken) << how;
    EXPECT_FALSE(reader->ended_early()) << how;
    EXPECT_FALSE(reader->rest()) << how;
  }
}

// Of this thread.
std::vector<pid_t> children() {
  std::istringstream list(file_bytes("/proc/thread-self/children"));
  return {std::istream_iterator<pid_t>(list), {}};
}

ContainedBytes::Reading read_gzip() {
  static constexpr unsigned char kHi[] = {0x1f, 0x8b, 8, 0,    0,    0,    0,    0, 0, 3, 0xcb,
                                          0xc8, 4,    0, 0xac, 0x2a, 0x93, 0xd8, 2, 0, 0, 0};
  auto content = ContainerParser{std::chrono::seconds(60)}.content(
      Value::of(std::string(reinterpret_cast<const char*>(kHi), sizeof kHi)));
  std::string bytes;
  auto reading = content->read([&](uint64_t, Bytes part) -> Result<void> {
    bytes += as_text(part);
    return {};
  });
  EXPECT_EQ(bytes, "hi");
  return reading;
}

TEST_F(Worker, ServesFiftyContainersAndIsReplaced) {
  use_real();
  std::set<pid_t> workers;
  std::thread([&] {
    for (int i = 0; i < 101; i++) {
      EXPECT_EQ(read_gzip().end, End::kWhole);
      for (pid_t worker : children()) workers.insert(worker);
    }
  }).join();
  EXPECT_EQ(workers.size(), 3u);
}

TEST_F(Worker, ThatDiedBetweenTwoContainersIsReplaced) {
  use_real();
  std::thread([&] {
    EXPECT_EQ(read_gzip().end, End::kWhole);
    ASSERT_EQ(children().size(), 1u);
    kill(children()[0], SIGKILL);
    EXPECT_EQ(read_gzip().end, End::kWhole);
  }).join();
}

// More than the window holds at once, from one end to the other, and, of a zip, from the end first.
TEST_F(Worker, ReadsContainersThatAreLargerThanItsWindow) {
  use_real();
  shell("yes no | head -c 70000000 > a; yes | head -c 3000000 > b; tar -cf t.tar a b; zip -0 -q t.zip a b",
        folder_.path());
  std::thread([&] {
    for (const char* name : {"/t.tar", "/t.zip"}) {
      int fd = open((folder_.path() + name).c_str(), O_RDONLY | O_CLOEXEC);  // the value closes it
      auto size = std::filesystem::file_size(folder_.path() + name);
      ASSERT_GT(size, kWindow);
      auto reader = ContainerParser{std::chrono::seconds(60)}.archive(file_value(fd, size, Digest()), {});
      for (const char* member : {"a", "b"}) {
        auto next = reader->next();
        ASSERT_TRUE(next && *next) << name;
        EXPECT_EQ((*next)->name, member);
        Sha256 hash;
        auto reading =
            reader->read([&](uint64_t, Bytes bytes) { return hash.update(bytes), Result<void>(); });
        EXPECT_EQ(reading.end, End::kWhole) << name << ": " << reading.message;
        EXPECT_EQ(hash.finish().hex(),
                  shell(std::string("sha256sum ") + member, folder_.path()).out.substr(0, 64));
      }
      EXPECT_FALSE(*reader->next());
    }
  }).join();
}

// Here and there is no again and again.
TEST_F(Worker, ReadsALargeZipInTheOrderOfItsDirectory) {
  use_real();
  auto made = shell(R"py(python3 -c "
import os, random, zipfile
zip = zipfile.ZipFile('t.zip', 'w')
for i in range(1400): zip.writestr(str(i), os.urandom(50000))
random.Random(1).shuffle(zip.filelist)
zip.close()")py",
                    folder_.path());
  ASSERT_EQ(made.exit_code, 0) << made.err;
  int fd = open(folder_.at("t.zip").c_str(), O_RDONLY | O_CLOEXEC);  // the value closes it
  auto size = std::filesystem::file_size(folder_.at("t.zip"));
  ASSERT_GT(size, kWindow);
  std::thread([&] {
    auto reader = ContainerParser{std::chrono::seconds(60)}.archive(file_value(fd, size, Digest()), {});
    uint64_t bytes = 0;
    for (auto next = reader->next(); next && *next; next = reader->next()) {
      auto reading = reader->read([&](uint64_t, Bytes part) { return bytes += part.size(), Result<void>(); });
      ASSERT_EQ(reading.end, End::kWhole) << reading.message;
    }
    EXPECT_EQ(bytes, 1400U * 50000);
  }).join();
}

// An archive of which nobody reads the rest: its worker would go on with it.
TEST_F(Worker, ThatIsNotDoneServesNobodyElse) {
  use_real();
  std::thread([&] {
    auto tar = shell("tar -c /usr/bin/tar /usr/bin/ls | cat").out;
    { EXPECT_TRUE(ContainerParser{std::chrono::seconds(60)}.archive(Value::of(tar), {})->next().ok()); }
    EXPECT_TRUE(children().empty());
    EXPECT_EQ(read_gzip().end, End::kWhole);
  }).join();
}

TEST_F(Worker, ThatReadsAgainAndAgainIsEnded) {
  use_rogue("insatiable");
  auto member = archive()->next();
  ASSERT_FALSE(member);
  EXPECT_EQ(member.error().code, Code::kFailed);
}

TEST_F(Worker, IsKilledWhenItSaysNothing) {
  use_rogue("silent");
  auto member = archive()->next();
  ASSERT_FALSE(member);
  EXPECT_NE(member.error().message.find("gave no answer for 1 s and was ended"), std::string::npos);
}

TEST_F(Worker, ThatSaysNothingIsALimitOfTimeForUnarchive) {
  use_rogue("silent");
  Limits limits;
  limits.time = kPatience;
  RunOnce run = run_once(unarchive_agent, object_of("/archive/x", "a", "an archive"), {}, limits);
  EXPECT_FALSE(run.error) << run.error->message;
  EXPECT_EQ(run.under("/limit/time").size(), 1u);
}

TEST_F(Worker, CannotGiveWhatNoArchiveHas) {
  use_rogue("wrong-type");
  EXPECT_EQ((*archive()->next())->type, ArchiveMember::Type::kOther);
  for (const char* how : {"wrong-end", "stops-itself", "empty", "larger-than-the-ring"}) {
    use_rogue(how);
    auto reader = archive();
    ASSERT_TRUE(reader->next().ok()) << how;
    EXPECT_EQ(reader->read([](uint64_t, Bytes) { return Result<void>(); }).end, End::kBroken) << how;
  }
  use_rogue("escapes");
  auto reader = archive();
  ASSERT_TRUE(reader->next().ok());
  EXPECT_EQ(reader->damage(), "bad \\x1b[2J\\x0athing");
}

TEST_F(Worker, ThatGivesWithoutEndIsKilledWhenNobodyWantsMore) {
  use_rogue("endless");
  auto reader = archive();
  ASSERT_TRUE(reader->next().ok());
  int blocks = 0;
  auto reading = reader->read([&](uint64_t, Bytes) {
    return ++blocks < 10 ? Result<void>() : Error{Code::kLimit, "enough"};
  });
  EXPECT_EQ(blocks, 10);
  EXPECT_EQ(reading.end, End::kBroken) << "it did not stop when it was told to";
  auto unread = archive();
  ASSERT_TRUE(unread->next().ok());
  EXPECT_FALSE(unread->next()) << "nobody wanted the bytes of the first";
}

TEST_F(Worker, OfYaraRulesThatDiesOrLiesIsAFailure) {
  for (const char* how : {"dies", "leaves", "garbage", "huge", "half", "greedy", "hello-again", "wrong-body",
                          "trouble", "far-place", "many-places", "many-rules", "many-busy"}) {
    use_rogue(how);
    auto run = yara(how);
    ASSERT_TRUE(run.error) << how;
    EXPECT_EQ(run.error->code, Code::kFailed) << how << ": " << run.error->message;
    EXPECT_EQ(run.error->message, escape(unescape(run.error->message))) << how;
    EXPECT_TRUE(run.pushed.empty()) << how;
  }
}

TEST_F(Worker, OfYaraRulesCanLieOnlyAboutWhatMatches) {
  use_rogue("lies");
  auto run = yara("lies");
  ASSERT_FALSE(run.error) << run.error->message;
  const std::string json = run.text("/yara");
  EXPECT_NE(json.find(R"({"data":"e ","length":2,"name":"$\\x0a","offset":3})"), std::string::npos) << json;
  EXPECT_EQ(json.find_first_of("\x1b\n"), std::string::npos) << json;
}

TEST_F(Worker, OfYaraRulesThatIsSilentIsKilledAndNotClean) {
  auto scanner = yara_scanner("silent");
  auto answer = scanner->scan(Value::of("some bytes"), {});
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_TRUE(answer->is_out_of_time);
}

TEST_F(Worker, OfYaraRulesThatWasSpoiltByAnotherFileIsReplaced) {
  auto scanner = yara_scanner("dies-later");
  for (int i = 0; i < 3; i++) EXPECT_TRUE(scanner->scan(Value::of("some bytes"), {}).ok()) << i;
}

TEST_F(Worker, OfYaraRulesWithoutACageIsUnavailable) {
  use_rogue("no-cage");
  auto run = yara("no-cage");
  ASSERT_TRUE(run.error);
  EXPECT_EQ(run.error->code, Code::kUnavailable);
}

TEST_F(Worker, OfSignaturesThatDiesOrLiesIsAFailure) {
  struct Rogue {
    const char *how, *types;
  };
  std::vector<Rogue> all = {
      {"bad-ssdeep", "ssdeep"}, {"no-ssdeep", "ssdeep"}, {"bad-tlsh", "tlsh"}, {"bad-imphash", "imphash"}};
  for (const char* how : {"dies", "leaves", "garbage", "huge", "half", "greedy", "insatiable", "hello-again",
                          "wrong-body", "trouble"}) {
    all.push_back({how, "ssdeep"});
    all.push_back({how, "tlsh,imphash"});
  }
  for (const auto& [how, types] : all) {
    use_rogue(how);
    auto run = signature(types);
    ASSERT_TRUE(run.error) << how << types;
    EXPECT_EQ(run.error->code, Code::kFailed) << how << ": " << run.error->message;
    EXPECT_EQ(run.error->message, escape(unescape(run.error->message))) << how;
    EXPECT_TRUE(run.pushed.empty()) << how << types;
  }
}

TEST_F(Worker, OfSignaturesHasItsWordsOfDamageEscaped) {
  use_rogue("damage");
  auto run = signature("tlsh,imphash");
  ASSERT_TRUE(run.error);
  EXPECT_EQ(run.error->message, "\\x1b[2J\\x0a");
  EXPECT_EQ(run.pushed.size(), 1U) << "the other signature stands";
}

TEST_F(Worker, OfSignaturesThatWasSpoiltByAnotherFileIsReplaced) {
  use_rogue("dies-later");
  SsdeepWorker ssdeep;
  SignatureParser parser;
  for (int i = 0; i < 3; i++) {
    EXPECT_TRUE(ssdeep.hash(Value::of("some bytes")).ok()) << i;
    EXPECT_TRUE(parser.parse(Value::of("some bytes"), true, true).ok()) << i;
  }
}

TEST_F(Worker, OfSignaturesWithoutACageIsUnavailable) {
  use_rogue("no-cage");
  for (const char* types : {"ssdeep", "tlsh"}) {
    auto run = signature(types);
    ASSERT_TRUE(run.error) << types;
    EXPECT_EQ(run.error->code, Code::kUnavailable) << types;
  }
}

}  // namespace
}  // namespace rebus::worker_test
