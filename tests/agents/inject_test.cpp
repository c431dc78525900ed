// inject on a bus in this process: what enters, under which names, and what is said of the rest.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "bus/runner.h"
#include "master/inproc_server.h"
#include "storage/storage.h"
#include "tests/support/process.h"
#include "tests/support/scratch_folder.h"

namespace rebus {
extern const AgentSpec inject_agent;
}

namespace rebus::inject_test {
namespace {

struct Said : Output {
  void write(std::string_view bytes) override { text += bytes; }
  void note(const std::string& line) override { notes += line + "\n"; }
  void progress(const std::string& line) override { last_progress = line; }
  void input_failed() override { any_input_failed = true; }
  void incomplete() override { is_incomplete = true; }
  void submitted(SubmissionId id) override { submission = id; }

  std::string text, notes, last_progress;
  bool any_input_failed = false, is_incomplete = false;
  SubmissionId submission = 0;
};

using Values = std::map<std::string, std::vector<std::string>>;

class Inject : public testing::Test {
 protected:
  Inject() : storage_(*open_storage({})) {
    MasterOptions options;
    options.expire_sessions = false;
    server_ = *InprocServer::start(*storage_, options);
    client_ = joined(Role::kClient, "test");
  }
  ~Inject() override {
    client_.reset();
    server_->stop();
  }

  std::unique_ptr<Bus> joined(Role role, const std::string& agent) {
    Hello hello;
    hello.role = role;
    hello.agent = agent;
    auto bus = std::make_unique<Bus>(*server_->connector().connect());
    EXPECT_TRUE(bus->join(hello).ok());
    return bus;
  }

  Said inject(const std::vector<std::string>& arguments, const Values& values = {}, bool networked = false,
              const std::string& format = "text") {
    Options options;
    for (const auto& [name, given] : values) options.set(name, given);
    options.set_arguments(arguments);
    Said said;
    auto hello = make_hello(inject_agent, options, Domain(), false);
    error_ = hello ? std::optional<Error>() : hello.error();
    if (error_) return said;
    Setting setting{options, Domain(), format, false, false, networked, {}, said};
    auto bus = std::make_unique<Bus>(*server_->connector().connect());
    EXPECT_TRUE(bus->join(*hello).ok());
    RunCounts counts;
    auto ran = run_agent(inject_agent, setting, *bus, counts, true);
    if (!ran) error_ = ran.error();
    last_submission_ = said.submission;
    return said;
  }

  std::vector<Record> find(By by, const std::string& text, Seq seq = 0) {
    Find query;
    query.by = by;
    query.text = text;
    query.seq = seq;
    std::vector<Record> found;
    EXPECT_TRUE(client_
                    ->for_each(query,
                               [&](Record& record) {
                                 found.push_back(record);
                                 return true;
                               })
                    .ok());
    return found;
  }
  std::vector<Record> roots() { return find(By::kRoots, "", last_submission_); }

  // Names of the last submission's files, and what they hold.
  std::map<std::string, std::string> injected() {
    std::map<std::string, std::string> out;
    for (const Record& record : roots()) {
      auto origins = client_->origins_of(record.seq);
      EXPECT_TRUE(origins.ok());
      for (const Origin& origin : *origins) {
        if (origin.submission == last_submission_) out[origin.name] = *record.descriptor.value.load(64 << 20);
      }
    }
    return out;
  }

  std::unique_ptr<Storage> storage_;
  std::unique_ptr<InprocServer> server_;
  std::unique_ptr<Bus> client_;
  ScratchFolder scratch_;
  std::optional<Error> error_;
  SubmissionId last_submission_ = 0;
};

using Names = std::map<std::string, std::string>;

TEST_F(Inject, FilesBecomeTypedObjectsNamedAfterThem) {
  Said said = inject({"/bin/ls", scratch_.write("x.txt", "hello\n")});
  EXPECT_FALSE(error_) << error_->message;
  EXPECT_FALSE(said.any_input_failed);
  EXPECT_EQ(said.notes, "");
  EXPECT_EQ(injected(), (Names{{"ls", file_bytes("/bin/ls")}, {"x.txt", "hello\n"}}));
  auto programs = find(By::kPrefix, "/binary/elf/x86_64");
  ASSERT_EQ(programs.size(), 1u);
  const Descriptor& program = programs[0].descriptor;
  EXPECT_EQ(program.selector.id()->hex(), scratch_.run("sha256sum /bin/ls").substr(0, 64));
  EXPECT_TRUE(program.file_type.words.starts_with("ELF 64-bit LSB pie executable"));
  EXPECT_EQ(program.agent, "inject");
  EXPECT_EQ(program.uuid, Uuid::of_object(*program.selector.id()));
}

TEST_F(Inject, EveryInjectionHasItsOwnNote) {
  std::string file = scratch_.write("x", "x");
  inject({file});
  inject({file});
  auto notes = find(By::kPrefix, "/submission");
  ASSERT_EQ(notes.size(), 2u);
  EXPECT_NE(notes[0].descriptor.selector, notes[1].descriptor.selector);
  auto note = nlohmann::json::parse(*notes[0].descriptor.value.load(1 << 20));
  EXPECT_EQ(note["name"], "x");
  EXPECT_EQ(note["path"], file);
  EXPECT_EQ(note["submitter"].get<std::string>() + "\n", scratch_.run("id -un"));
  for (const char* key : {"host", "unique"}) EXPECT_FALSE(note[key].get<std::string>().empty()) << key;
  std::string time = note["time"];
  EXPECT_EQ(time.size(), std::string("2024-01-01T00:00:00.000000000Z").size());
  EXPECT_EQ(time.back(), 'Z');
}

TEST_F(Inject, EqualFilesKeepBothNames) {
  inject({scratch_.write("a", "same"), scratch_.write("b", "same")});
  EXPECT_EQ(injected(), (Names{{"a", "same"}, {"b", "same"}}));
  EXPECT_EQ(roots().size(), 1u);
}

TEST_F(Inject, UnreadableFilesAreNamedAndSkipped) {
  ScratchFolder there;
  std::string hostile = scratch_.at("no\nsuch\x1b[2J");
  ASSERT_EQ(symlink("loop", scratch_.at("loop").c_str()), 0);
  Said said = inject({hostile, scratch_.at("loop"), scratch_.path(), scratch_.write("good", "good")});
  EXPECT_FALSE(error_);
  EXPECT_TRUE(said.any_input_failed);
  EXPECT_EQ(injected(), (Names{{"good", "good"}}));
  EXPECT_NE(said.notes.find("no\\x0asuch\\x1b[2J: No such file or directory"), std::string::npos)
      << said.notes;
  EXPECT_EQ(said.notes.find('\x1b'), std::string::npos);
  EXPECT_NE(said.notes.find("loop: Too many levels of symbolic links"), std::string::npos) << said.notes;
  EXPECT_NE(said.notes.find("--recursive"), std::string::npos) << said.notes;
}

TEST_F(Inject, AForgottenDashDashIsGuessed) {
  Said said = inject({scratch_.write("x", "x"), "return"});
  EXPECT_NE(said.notes.find("no file 'return': did you mean `-- return`?"), std::string::npos) << said.notes;
  EXPECT_TRUE(said.any_input_failed);
}

TEST_F(Inject, LabelSelectorAndUuidAreTheUsersWord) {
  Said said = inject({scratch_.write("x", "MZ?")}, {{"label", {"sample\nseven"}},
                                                    {"selector", {"/binary/pe/"}},
                                                    {"uuid", {"12345678-1234-5678-9234-567812345678"}}});
  ASSERT_FALSE(error_) << error_->message;
  ASSERT_EQ(roots().size(), 1u);
  const Descriptor object = roots()[0].descriptor;
  EXPECT_EQ(object.label, "sample\nseven");
  EXPECT_EQ(object.selector.path(), "/binary/pe");
  EXPECT_EQ(object.uuid.str(), "12345678-1234-5678-9234-567812345678");
}

TEST_F(Inject, RandomHashMakesKnownBytesNewAgain) {
  std::string file = scratch_.write("x", "hello\n");
  inject({file});
  inject({file}, {{"random-hash", {}}});
  inject({file}, {{"random-hash", {}}});
  auto found = find(By::kPrefix, "/text/ascii");
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].value_digest, found[2].value_digest);
}

TEST_F(Inject, PrintableIsCheckedWhateverTheSize) {
  std::string text = std::string((1 << 20) - 1, 'a') + "\xc3\xbc";  // a character over the end of a chunk
  std::string cut = std::string(1 << 20, 'a') + "\xc3";
  Said said =
      inject({scratch_.write("good", text), scratch_.write("cut", cut), "/bin/ls"}, {{"printable", {}}});
  EXPECT_TRUE(said.any_input_failed);
  EXPECT_NE(said.notes.find("ls: is not UTF-8 text"), std::string::npos) << said.notes;
  EXPECT_EQ(injected(), (Names{{"good", text}}));
  EXPECT_EQ(roots()[0].descriptor.kind, Kind::kText);
}

// --- directories ---

TEST_F(Inject, DirectoriesGiveRegularFilesUnderTheirPaths) {
  scratch_.write("samples/a/b.exe", "one");
  scratch_.write("samples/c", "two");
  scratch_.write("samples/.hidden", "three");
  ASSERT_EQ(symlink("/etc/passwd", scratch_.at("samples/link").c_str()), 0);
  ASSERT_EQ(symlink("/etc", scratch_.at("samples/dirlink").c_str()), 0);
  ASSERT_EQ(mkfifo(scratch_.at("samples/pipe").c_str(), 0600), 0);
  Names expected = {{"samples/a/b.exe", "one"}, {"samples/c", "two"}, {"samples/.hidden", "three"}};
  Said said = inject({scratch_.at("samples")}, {{"recursive", {}}});
  EXPECT_FALSE(said.any_input_failed) << said.notes;
  EXPECT_EQ(injected(), expected);
  EXPECT_NE(said.notes.find("2 symbolic links left out"), std::string::npos) << said.notes;
  EXPECT_NE(said.notes.find("1 pipe left out"), std::string::npos) << said.notes;
  inject({scratch_.at("samples/")}, {{"recursive", {}}});
  EXPECT_EQ(injected(), expected) << "with a slash at the end";
  inject({scratch_.at("samples/a/..")}, {{"recursive", {}}});
  EXPECT_EQ(injected(), expected) << "by another way";
}

TEST_F(Inject, ALinkThatIsNamedIsFollowed) {
  scratch_.write("real/x", "x");
  ASSERT_EQ(symlink("real", scratch_.at("link").c_str()), 0);
  ASSERT_EQ(symlink("real/x", scratch_.at("filelink").c_str()), 0);
  Said said = inject({scratch_.at("link"), scratch_.at("filelink")}, {{"recursive", {}}});
  EXPECT_FALSE(said.any_input_failed);
  EXPECT_EQ(injected(), (Names{{"link/x", "x"}, {"filelink", "x"}}));
}

TEST_F(Inject, DeepDirectoriesEndInANoteNotInACrash) {
  std::string deep = "d";
  for (int i = 0; i < 60; i++) deep += "/" + std::string(10, 'd');
  scratch_.write(deep + "/bottom", "x");
  Said said = inject({scratch_.at("d")}, {{"recursive", {}}});
  EXPECT_FALSE(said.any_input_failed);
  EXPECT_EQ(injected().size(), 1u);
}

// --- lists, pipes, devices ---

TEST_F(Inject, NamesFromAListMayHoldAnyByte) {
  std::string odd = scratch_.write("new\nline \xff", "odd");
  std::string list =
      scratch_.write("list", odd + '\0' + scratch_.write("b", "b") + '\0' + scratch_.at("missing"));
  Said said = inject({}, {{"files-from", {list}}});
  EXPECT_FALSE(error_) << error_->message;
  EXPECT_EQ(injected(), (Names{{"new\nline \xff", "odd"}, {"b", "b"}}));
  EXPECT_TRUE(said.any_input_failed);
  said = inject({}, {{"files-from", {scratch_.at("no list")}}});
  EXPECT_TRUE(said.any_input_failed);
}

TEST_F(Inject, WhatAListNamesDoesNotWaitForTheNextName) {
  std::string pipe = scratch_.at("list");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  bool has_come = false;
  std::thread writer([&] {
    std::ofstream list(pipe);
    list << scratch_.write("a", "a") << '\0' << std::flush;
    has_come = eventually([&] { return !find(By::kPrefix, "/unknown").empty(); });
    list << scratch_.write("b", "bb") << '\0';
  });
  inject({}, {{"files-from", {pipe}}});
  writer.join();
  EXPECT_TRUE(has_come);
  EXPECT_EQ(injected(), (Names{{"a", "a"}, {"b", "bb"}}));
}

TEST_F(Inject, AListOfLinesIsToldWhatItShouldBe) {
  Said said = inject({}, {{"files-from", {scratch_.write("list", scratch_.write("a", "a") + "\nb\n")}}});
  EXPECT_TRUE(said.any_input_failed);
  EXPECT_NE(said.notes.find("find -print0"), std::string::npos) << said.notes;
}

TEST_F(Inject, PipesAreReadToTheirEnd) {
  std::string pipe = scratch_.at("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  std::string content(300'000, 'p');
  std::thread writer([&] { std::ofstream(pipe, std::ios::binary) << content; });
  Said said = inject({pipe});
  writer.join();
  EXPECT_FALSE(said.any_input_failed) << said.notes;
  EXPECT_EQ(injected(), (Names{{"pipe", content}}));
}

TEST_F(Inject, StandardInputIsAFileCalledStdin) {
  int before = dup(STDIN_FILENO);
  int fd = open(scratch_.write("x", "from outside").c_str(), O_RDONLY | O_CLOEXEC);
  dup2(fd, STDIN_FILENO);
  inject({"-"});
  EXPECT_EQ(injected(), (Names{{"stdin", "from outside"}}));
  lseek(STDIN_FILENO, 0, SEEK_SET);
  inject({"-"}, {{"label", {"page"}}});
  EXPECT_EQ(injected(), (Names{{"page", "from outside"}}));
  dup2(before, STDIN_FILENO);
  close(before);
  close(fd);
}

TEST_F(Inject, DevicesNeedAWord) {
  Said said = inject({"/dev/null"});
  EXPECT_TRUE(said.any_input_failed);
  EXPECT_NE(said.notes.find("--device"), std::string::npos) << said.notes;
  said = inject({"/dev/null"}, {{"device", {}}});
  EXPECT_FALSE(said.any_input_failed) << said.notes;
  EXPECT_EQ(injected(), (Names{{"null", ""}}));
}

TEST_F(Inject, WhatIsNotReadableToTheEndIsNotInjected) {
  Said said = inject({"/proc/self/mem"});
  EXPECT_TRUE(said.any_input_failed);
  EXPECT_TRUE(injected().empty());
}

TEST_F(Inject, EmptyFilesAreObjects) {
  inject({scratch_.write("nothing", "")});
  EXPECT_EQ(injected(), (Names{{"nothing", ""}}));
  EXPECT_EQ(roots()[0].descriptor.selector.path(), "/empty");
}

TEST_F(Inject, LongLabelsAreCut) {
  inject({scratch_.write("x", "x")}, {{"label", {std::string(10'000, 'l')}}});
  EXPECT_EQ(roots()[0].descriptor.label.size(), kMaxLabel);
}

TEST_F(Inject, ThousandsOfFilesInOneCall) {
  constexpr int kFiles = 1600 / REBUS_SCALE;  // hundreds, after each of which progress is told
  std::string list;
  for (int i = 0; i < kFiles; i++)
    list += scratch_.write("many/" + std::to_string(i), std::to_string(i)) + '\0';
  Said said = inject({}, {{"files-from", {scratch_.write("list", list)}}});
  EXPECT_EQ(injected().size(), static_cast<size_t>(kFiles));
  EXPECT_NE(said.last_progress.find(std::to_string(kFiles) + " files"), std::string::npos)
      << said.last_progress;
}

// --- usage ---

TEST_F(Inject, WrongOptionsAreRefusedBeforeAnythingIsPushed) {
  std::string file = scratch_.write("x", "x");
  const Values wrong[] = {
      {{"selector", {"binary"}}},         {{"selector", {"/a b"}}}, {{"uuid", {"12"}}},
      {{"priority", {"high"}}},           {{"timeout", {"5"}}},     {{"wait", {}}, {"timeout", {"x"}}},
      {{"wait", {}}, {"timeout", {"-1"}}}};
  for (const Values& values : wrong) {
    inject({file}, values);
    ASSERT_TRUE(error_) << values.begin()->first;
    EXPECT_EQ(error_->code, Code::kInvalid);
  }
  inject({});
  EXPECT_TRUE(error_) << "no files at all";
  inject({"-"}, {{"files-from", {"-"}}});
  EXPECT_TRUE(error_) << "standard input twice";
  EXPECT_TRUE(find(By::kPrefix, "/").empty());
}

// --- networked ---

TEST_F(Inject, TellsTheSubmissionOnANetworkedBus) {
  std::string file = scratch_.write("x", "x");
  Said said = inject({file}, {}, true);
  EXPECT_EQ(said.notes, "submission 1\n");
  EXPECT_EQ(said.text, "");
  said = inject({file}, {}, true, "json");
  EXPECT_EQ(said.text, "{\"submission\":2}\n");
}

TEST_F(Inject, WaitsUntilTheSubmissionIsComplete) {
  Said said = inject({scratch_.write("x", "x")}, {{"wait", {}}, {"timeout", {"60"}}}, true, "json");
  EXPECT_FALSE(error_) << error_->message;
  std::string second = said.text.substr(said.text.find('\n') + 1);
  auto end = nlohmann::json::parse(second);
  EXPECT_EQ(end["complete"], 1);
  EXPECT_EQ(end["roots"], 1);
  EXPECT_FALSE(said.is_incomplete);
}

TEST_F(Inject, TimeoutIsNoSilentSuccess) {
  Hello hello;  // a consumer that never works
  hello.role = Role::kConsumer;
  hello.agent = "sleeper";
  hello.prefixes = {"/"};
  auto sleeper = std::make_unique<Bus>(*server_->connector().connect());
  ASSERT_TRUE(sleeper->join(hello).ok());
  Said said = inject({scratch_.write("x", "x")}, {{"wait", {}}, {"timeout", {"0"}}}, true);
  EXPECT_FALSE(error_) << error_->message;
  EXPECT_TRUE(said.is_incomplete);
  EXPECT_NE(said.notes.find("not complete"), std::string::npos) << said.notes;
  sleeper->leave();
}

}  // namespace
}  // namespace rebus::inject_test
