// watch by the real program: what is taken, when, how often, and what is left alone.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <map>
#include <memory>

#include "bus/bus.h"
#include "bus/zmq_channel.h"
#include "tests/support/process.h"
#include "tests/support/scratch_folder.h"

namespace rebus::watch_test {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;
using Lines = std::vector<std::string>;

class Watch : public testing::Test {
 protected:
  Watch() { fs::create_directory(folder_.at("in")); }

  std::unique_ptr<Process> start(const Words& words) const {
    Words all = {"rebus_agent"};
    all.insert(all.end(), words.begin(), words.end());
    return std::make_unique<Process>(all, folder_.path());
  }
  // In one process, printing what was taken: "NAME = MD5".
  std::unique_ptr<Process> start_chain(const Words& watch) const {
    Words words = {"hasher", "--selector-prefix", "/", "watch"};
    words.insert(words.end(), watch.begin(), watch.end());
    for (const char* word : {"--", "return", "--short", "md5_hash"}) words.push_back(word);
    auto chain = start(words);
    EXPECT_TRUE(eventually([&] { return has_said(*chain, "waiting for more"); })) << chain->err();
    return chain;
  }
  static bool has_said(const Process& process, const std::string& words) {
    return process.err().find(words) != std::string::npos;
  }
  static bool has_printed(const Process& process, const std::string& words) {
    return eventually([&] { return process.out().find(words) != std::string::npos; });
  }
  static Finished stop(Process& process, int signal = SIGINT) {
    process.signal(signal);
    return process.wait();
  }
  // What happens until SIGCONT it will be told of, and sees later.
  static void pause(const Process& process) {
    process.signal(SIGSTOP);
    std::string state = "/proc/" + std::to_string(process.pid()) + "/stat";
    EXPECT_TRUE(eventually([&] { return file_bytes(state).find(") T ") != std::string::npos; }));
  }
  // What it prints of files with these names and bytes, sorted.
  Lines lines_of(const std::map<std::string, std::string>& files) const {
    Lines lines;
    for (const auto& [name, bytes] : files) {
      folder_.write("expected", bytes);
      lines.push_back(name + " = " + folder_.run("md5sum expected").substr(0, 32));
    }
    std::ranges::sort(lines);
    return lines;
  }

  ScratchFolder folder_;
};

TEST_F(Watch, takes_what_is_there_and_what_comes_and_ends_well) {
  folder_.write("in/there", "there");
  auto chain = start_chain({"in"});
  folder_.write("in/comes", "comes");
  EXPECT_TRUE(has_printed(*chain, "in/comes = "));
  auto done = stop(*chain);
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(done.sorted_lines(), lines_of({{"in/there", "there"}, {"in/comes", "comes"}}));
}

TEST_F(Watch, lets_the_chain_finish_what_was_taken_when_it_is_stopped) {
  for (int i = 0; i < 300; i++)
    folder_.write("in/" + std::to_string(i), std::string(10'000, 'x') + std::to_string(i));
  auto chain = start_chain({"in"});
  auto done = stop(*chain, SIGTERM);
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(done.sorted_lines().size(), 300u);
}

TEST_F(Watch, takes_a_file_when_nobody_writes_it_any_more) {
  int there = open(folder_.at("in/there").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_EQ(write(there, "half", 4), 4);
  auto chain = start_chain({"in"});
  int comes = open(folder_.at("in/comes").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_EQ(write(comes, "half", 4), 4);
  folder_.write("in/other", "other");
  EXPECT_TRUE(has_printed(*chain, "in/other = "));
  EXPECT_EQ(chain->line_count(), 1);
  for (int file : {there, comes}) {
    ASSERT_EQ(write(file, " whole", 6), 6);
    close(file);
  }
  EXPECT_TRUE(eventually([&] { return chain->line_count() == 3; }));
  EXPECT_EQ(stop(*chain).sorted_lines(),
            lines_of({{"in/other", "other"}, {"in/there", "half whole"}, {"in/comes", "half whole"}}));
}

TEST_F(Watch, takes_what_is_moved_in_and_linked) {
  folder_.write("moved", "moved");
  folder_.write("linked", "linked");
  auto chain = start_chain({"in"});
  fs::rename(folder_.at("moved"), folder_.at("in/moved"));
  fs::create_hard_link(folder_.at("linked"), folder_.at("in/linked"));
  EXPECT_TRUE(eventually([&] { return chain->line_count() == 2; }));
  EXPECT_EQ(stop(*chain).sorted_lines(), lines_of({{"in/moved", "moved"}, {"in/linked", "linked"}}));
}

TEST_F(Watch, recursive_takes_new_directories_and_what_is_in_them) {
  folder_.write("in/a/there", "1");
  folder_.write("tree/b/moved", "2");
  auto chain = start_chain({"--recursive", "in"});
  fs::create_directories(folder_.at("in/c/d/e"));
  folder_.write("in/c/d/e/deep", "3");
  fs::rename(folder_.at("tree"), folder_.at("in/tree"));
  folder_.write("in/tree/b/later", "4");
  EXPECT_TRUE(eventually([&] { return chain->line_count() == 4; })) << chain->out();
  fs::rename(folder_.at("in/tree/b"), folder_.at("in/c/b"));
  folder_.write("in/c/b/renamed", "5");
  EXPECT_TRUE(has_printed(*chain, "in/c/b/renamed = "));
  EXPECT_EQ(stop(*chain).sorted_lines(), lines_of({{"in/a/there", "1"},
                                                   {"in/tree/b/moved", "2"},
                                                   {"in/c/d/e/deep", "3"},
                                                   {"in/tree/b/later", "4"},
                                                   {"in/c/b/moved", "2"},
                                                   {"in/c/b/later", "4"},
                                                   {"in/c/b/renamed", "5"}}));
}

TEST_F(Watch, leaves_directories_below_alone_unless_told) {
  folder_.write("in/a/there", "1");
  auto chain = start_chain({"in"});
  folder_.write("in/b/comes", "2");
  folder_.write("in/file", "3");
  EXPECT_TRUE(has_printed(*chain, "in/file = "));
  EXPECT_EQ(stop(*chain).sorted_lines(), lines_of({{"in/file", "3"}}));
}

TEST_F(Watch, follows_no_symbolic_links) {
  folder_.write("secret/file", "secret");
  fs::create_symlink(folder_.at("secret/file"), folder_.at("in/there"));
  fs::create_directory_symlink(folder_.at("secret"), folder_.at("in/directory"));
  auto chain = start_chain({"--recursive", "in"});
  EXPECT_TRUE(has_said(*chain, "2 symbolic links left out"));
  fs::create_symlink(folder_.at("secret/file"), folder_.at("in/comes"));
  fs::create_directory_symlink(folder_.at("secret"), folder_.at("in/more"));
  folder_.write("in/good", "good");
  EXPECT_TRUE(has_printed(*chain, "in/good = "));
  EXPECT_EQ(stop(*chain).sorted_lines(), lines_of({{"in/good", "good"}}));
}

// Between the event and the look at it.
TEST_F(Watch, follows_no_directory_that_was_exchanged_for_a_link) {
  folder_.write("secret/file", "secret");
  fs::create_directory(folder_.at("in/a"));
  auto chain = start_chain({"--recursive", "in"});
  pause(*chain);
  folder_.write("in/a/file", "bait");
  fs::rename(folder_.at("in/a"), folder_.at("away"));
  fs::create_directory_symlink(folder_.at("secret"), folder_.at("in/a"));
  chain->signal(SIGCONT);
  folder_.write("in/good", "good");
  EXPECT_TRUE(has_printed(*chain, "in/good = "));
  auto done = stop(*chain);
  EXPECT_EQ(done.sorted_lines(), lines_of({{"in/good", "good"}}));
  EXPECT_NE(done.err.find("cannot inject in/a/file: "), std::string::npos) << done.err;
}

TEST_F(Watch, names_what_vanished_and_escapes_it) {
  auto chain = start_chain({"in"});
  pause(*chain);
  folder_.write("in/gone\x1b[2J\n", "gone");
  fs::remove(folder_.at("in/gone\x1b[2J\n"));
  folder_.write("in/stays\x1b", "stays");
  chain->signal(SIGCONT);
  EXPECT_TRUE(has_printed(*chain, "in/stays\\x1b = "));
  auto done = stop(*chain);
  EXPECT_EQ(done.exit_code, 0) << "what is not there any more is not missed";
  EXPECT_NE(done.err.find("cannot inject in/gone\\x1b[2J\\x0a: No such file"), std::string::npos) << done.err;
}

TEST_F(Watch, looks_at_everything_when_the_kernel_forgot_events) {
  int most = std::stoi(file_bytes("/proc/sys/fs/inotify/max_queued_events"));
  folder_.write("in/a", "a");
  folder_.write("in/b", "b");
  auto chain = start_chain({"in"});
  pause(*chain);
  for (int i = 0; i < 2 * most; i++) close(open(folder_.at(i % 2 == 0 ? "in/a" : "in/b").c_str(), O_WRONLY));
  folder_.write("in/forgotten", "forgotten");
  chain->signal(SIGCONT);
  EXPECT_TRUE(has_printed(*chain, "in/forgotten = "));
  auto done = stop(*chain);
  EXPECT_NE(done.err.find("looking at everything"), std::string::npos) << done.err;
  EXPECT_EQ(done.sorted_lines().size(), 3u) << "each once";
}

TEST_F(Watch, takes_changed_bytes_and_equal_ones_not_again) {
  auto chain = start_chain({"in"});
  folder_.write("in/a", "one");
  EXPECT_TRUE(eventually([&] { return chain->line_count() == 1; }));
  folder_.write("in/a", "one");
  folder_.write("in/a", "two");
  EXPECT_TRUE(eventually([&] { return chain->line_count() == 2; }));
  EXPECT_EQ(stop(*chain).sorted_lines().size(), 2u);
}

TEST_F(Watch, ends_when_its_directory_is_gone) {
  auto chain = start_chain({"in"});
  fs::remove(folder_.at("in"));
  auto done = chain->wait();
  EXPECT_NE(done.err.find("the directory is gone"), std::string::npos) << done.err;
  EXPECT_EQ(done.exit_code, 75) << "so that a launcher starts it again";
}

TEST_F(Watch, goes_on_with_the_others_when_a_directory_is_gone_and_says_so_at_the_end) {
  fs::create_directory(folder_.at("other"));
  auto chain = start_chain({"in", "other"});
  fs::remove(folder_.at("other"));
  EXPECT_TRUE(eventually([&] { return chain->err().find("the directory is gone") != std::string::npos; }));
  folder_.write("in/a", "one");
  EXPECT_TRUE(eventually([&] { return chain->line_count() == 1; }));
  EXPECT_EQ(stop(*chain).exit_code, 1);
}

TEST_F(Watch, refuses_what_is_no_directory) {
  folder_.write("file", "x");
  for (const char* name : {"file", "no\x1bne"}) {
    auto done = start({"hasher", "watch", name})->wait();
    EXPECT_EQ(done.exit_code, 2) << done.err;
    EXPECT_NE(done.err.find("is no directory"), std::string::npos) << done.err;
    EXPECT_EQ(done.err.find('\x1b'), std::string::npos);
  }
}

// --- around a master ---

class NetworkedWatch : public Watch {
 protected:
  NetworkedWatch() : address_("ipc://" + folder_.at("bus")) { start_master(); }

  void start_master() {
    master_ = std::make_unique<Process>(
        Words{"rebus_master", "--busaddr", address_, "--storage", "rocksdb", "--path", "db"}, folder_.path());
    ASSERT_TRUE(eventually([&] { return has_said(*master_, "listening"); })) << master_->err();
  }
  std::unique_ptr<Process> start_watch() const { return start({"--busaddr", address_, "watch", "in"}); }
  // By name, how often each was injected.
  std::map<std::string, int> injected() const {
    Bus bus(*ZmqConnector(address_).connect());
    Hello hello;
    hello.role = Role::kClient;
    hello.agent = "test";
    EXPECT_TRUE(bus.join(hello).ok());
    std::map<std::string, int> times;
    Find query;
    query.by = By::kPrefix;
    query.text = "/text";
    std::vector<Seq> objects;
    EXPECT_TRUE(bus.for_each(query,
                             [&](const Record& record) {
                               objects.push_back(record.seq);
                               return true;
                             })
                    .ok());
    for (Seq object : objects) {
      auto origins = bus.origins_of(object);
      EXPECT_TRUE(origins.ok());
      for (const Origin& origin : *origins) times[origin.name]++;
    }
    bus.leave();
    return times;
  }
  std::map<std::string, int> each_once(int files) const {
    std::map<std::string, int> times;
    for (int i = 0; i < files; i++) times["in/" + std::to_string(i)] = 1;
    return times;
  }
  void write_file(int number) const {
    folder_.write("in/" + std::to_string(number), "text " + std::to_string(number) + "\n");
  }

  std::string address_;
  std::unique_ptr<Process> master_;
};

TEST_F(NetworkedWatch, leaves_the_bus_idle_and_ends_well) {
  auto watch = start_watch();
  write_file(0);
  EXPECT_TRUE(eventually([&] { return has_said(*watch, ": 1 file\n"); })) << watch->err();
  auto asked = run({"rebus_agent", "--busaddr", address_, "--until-idle", "ls_uuid"}, folder_.path());
  EXPECT_EQ(asked.exit_code, 0) << asked.err;
  EXPECT_NE(asked.out.find("in/0"), std::string::npos);
  auto done = stop(*watch, SIGTERM);
  EXPECT_EQ(done.exit_code, 0) << done.err;
}

TEST_F(NetworkedWatch, lets_rebus_infra_go_on_to_the_next_stage_and_stays) {
  folder_.write("infra.yaml", "agents:\n  busaddr: " + address_ +
                                  "\n  stages:\n    - agents:\n        - watch: in\n    - agents:\n"
                                  "        - return: --short /text\n");
  write_file(0);
  Process infra({"rebus_infra", "infra.yaml"}, folder_.path());
  EXPECT_TRUE(has_printed(infra, "in/0 = text 0"));
  write_file(1);
  EXPECT_TRUE(has_printed(infra, "in/1 = text 1"));
  EXPECT_EQ(stop(infra, SIGTERM).exit_code, 0) << infra.err();
}

TEST_F(NetworkedWatch, injects_each_file_once_whenever_it_is_killed) {
  constexpr int kFiles = 1500 / REBUS_SCALE;
  for (int i = 0; i < kFiles; i++) write_file(i);
  for (size_t seen : {1, kFiles / 5, kFiles / 2, kFiles * 2 / 3, kFiles * 2 / 3 + 1}) {
    auto watch = start_watch();
    EXPECT_TRUE(eventually([&] { return injected().size() >= seen; }));
    stop(*watch, SIGKILL);
  }
  auto watch = start_watch();
  EXPECT_TRUE(eventually([&] { return has_said(*watch, "waiting for more"); }));
  EXPECT_EQ(injected(), each_once(kFiles));
}

TEST_F(NetworkedWatch, survives_kills_of_the_master) {
  auto watch = start_watch();
  int files = 0;
  for (int round = 0; round < 3; round++) {
    for (int i = 0; i < 200 / REBUS_SCALE; i++) write_file(files++);
    if (round < 2) {
      stop(*master_, SIGKILL);
      for (int i = 0; i < 50 / REBUS_SCALE; i++) write_file(files++);
      start_master();
    }
  }
  EXPECT_TRUE(eventually([&] { return std::ssize(injected()) == files; }));
  EXPECT_EQ(injected(), each_once(files));
  EXPECT_EQ(stop(*watch).exit_code, 0);
}

}  // namespace
}  // namespace rebus::watch_test
