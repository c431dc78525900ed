#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <fstream>

#include "bus/bus.h"
#include "bus/zmq_channel.h"
#include "tests/support/archive_maker.h"
#include "tests/support/process.h"
#include "tests/support/scratch_folder.h"

namespace rebus::rebus_master_test {
namespace {

using Words = std::vector<std::string>;

class RebusMaster : public ::testing::Test {
 protected:
  std::string address() const { return "ipc://" + folder_.at("run/bus"); }

  // With an environment in which nothing of this user is found.
  Words words(const Words& options) const {
    Words all = {"env",
                 "-u",
                 "REBUS_BUSADDR",
                 "XDG_RUNTIME_DIR=" + folder_.at("xdg"),
                 "HOME=" + folder_.path(),
                 "XDG_DATA_HOME=",
                 "rebus_master"};
    all.insert(all.end(), options.begin(), options.end());
    return all;
  }
  std::unique_ptr<Process> start(const Words& options) {
    auto master = std::make_unique<Process>(words(options));
    bool ready = eventually([&] { return is_ready(*master) || !master->is_running(); });
    EXPECT_TRUE(ready && master->is_running()) << master->err();
    return master;
  }
  static bool is_ready(const Process& master) {
    return master.err().find("listening on") != std::string::npos;
  }
  Finished refused(const Words& options) { return run(words(options)); }

  ScratchFolder folder_;
};

Result<Welcome> join(const std::string& address) {
  Bus bus(*ZmqConnector(address).connect());
  Hello hello;
  hello.agent = "tester";
  return bus.join(hello);
}

TEST_F(RebusMaster, SaysWhereItListensAndStores) {
  auto master = start({"--busaddr", address(), "--path", folder_.at("store")});
  std::string line = master->err();
  EXPECT_NE(line.find("listening on " + address() + ", storing in " + folder_.at("store") + ", bus "),
            std::string::npos)
      << line;
  EXPECT_NE(line.find(", 0 descriptors"), std::string::npos) << line;
  auto joined = join(address());
  ASSERT_TRUE(joined.ok());
  EXPECT_NE(line.find(joined->bus), std::string::npos);
  EXPECT_EQ(master->out(), "");
}

TEST_F(RebusMaster, ItsBudgetsAreThoseOfItsAgents) {
  auto master = start({"--busaddr", address(), "--storage", "ram", "--profile", "strict"});
  std::vector<ArchiveEntry> entries;
  for (int i = 0; i < 5001; i++) entries.push_back({std::to_string(i), "x"});
  folder_.write("many.zip", make_archive("zip", "none", entries));
  auto on_bus = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"rebus_agent", "--busaddr", address()});
    return words;
  };
  Process unarchive(on_bus({"unarchive"}), folder_.path());
  auto told = run(on_bus({"--until-idle", "inject", "--wait", "many.zip"}), folder_.path());
  EXPECT_EQ(told.exit_code, 3) << told.err;
  EXPECT_NE(told.err.find("/limit/entries"), std::string::npos) << told.err;
}

TEST_F(RebusMaster, StopsCleanlyWhenAsked) {
  for (int signal : {SIGINT, SIGTERM}) {
    auto master = start({"--busaddr", address(), "--path", folder_.at("store")});
    master->signal(signal);
    EXPECT_EQ(master->wait().exit_code, 0);
    EXPECT_NE(access(folder_.at("run/bus").c_str(), F_OK), 0) << "its socket is left behind";
  }
}

TEST_F(RebusMaster, WithoutOptionsServesAndStoresForThisUserOnly) {
  auto master = start({});
  struct stat socket {
  }, directory{}, store{};
  ASSERT_EQ(stat(folder_.at("xdg/rebus/bus").c_str(), &socket), 0);
  ASSERT_EQ(stat(folder_.at("xdg/rebus").c_str(), &directory), 0);
  ASSERT_EQ(stat(folder_.at(".local/share/rebus").c_str(), &store), 0);
  EXPECT_EQ(socket.st_mode & 0777, 0600u);
  EXPECT_EQ(directory.st_mode & 0777, 0700u);
  EXPECT_EQ(store.st_mode & 0777, 0700u);
  EXPECT_TRUE(join("ipc://" + folder_.at("xdg/rebus/bus")).ok());
}

TEST_F(RebusMaster, TakesTheOriginalsWords) {
  auto master = start({"localbus", "ramstorage"});
  EXPECT_NE(master->err().find("storing in memory"), std::string::npos);
  master = start({address(), "diskstorage", "--path", folder_.at("store")});
  EXPECT_NE(master->err().find("storing in " + folder_.at("store")), std::string::npos);
}

TEST_F(RebusMaster, KeepsTheNameOfItsBusAndCountsItsStarts) {
  Words options = {"--busaddr", address(), "--path", folder_.at("store")};
  auto master = start(options);
  auto first = join(address());
  master->signal(SIGKILL);
  EXPECT_EQ(master->wait().exit_code, 128 + SIGKILL);
  master = start(options);
  auto second = join(address());
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->bus, second->bus);
  EXPECT_GT(second->epoch, first->epoch);
}

TEST_F(RebusMaster, LeavesAnAddressToWhomHasIt) {
  auto master = start({"--busaddr", address(), "--storage", "ram"});
  Finished second = refused({"--busaddr", address(), "--storage", "ram"});
  EXPECT_EQ(second.exit_code, 75);
  EXPECT_NE(second.err.find("another master is listening there"), std::string::npos) << second.err;
  EXPECT_TRUE(join(address()).ok());
}

TEST_F(RebusMaster, LeavesAStoreToWhomHasIt) {
  auto master = start({"--busaddr", address(), "--path", folder_.at("store")});
  Finished second = refused({"--busaddr", "ipc://" + folder_.at("run/other"), "--path", folder_.at("store")});
  EXPECT_EQ(second.exit_code, 75) << second.err;
}

TEST_F(RebusMaster, LogsToAFile) {
  auto master =
      std::make_unique<Process>(words({"--busaddr", address(), "--storage", "ram", "-f", folder_.at("log")}));
  ASSERT_TRUE(eventually([&] {
    std::ifstream log(folder_.at("log"));
    std::string line;
    return std::getline(log, line) && line.find("listening on") != std::string::npos;
  }));
  EXPECT_EQ(master->err(), "");
}

TEST_F(RebusMaster, RefusesTcpUnlessItIsCalledInsecure) {
  Finished silent = refused({"--busaddr", "tcp://127.0.0.1:*", "--storage", "ram"});
  EXPECT_EQ(silent.exit_code, 2);
  EXPECT_NE(silent.err.find("--insecure-tcp"), std::string::npos);
  auto loud = start({"--busaddr", "tcp://127.0.0.1:*", "--storage", "ram", "--insecure-tcp"});
  EXPECT_NE(loud->err().find("INSECURE"), std::string::npos);
}

TEST_F(RebusMaster, RefusesWrongUsage) {
  for (const Words& options : std::vector<Words>{{"--no-such-option"},
                                                 {"--busaddr", "nonsense"},
                                                 {"nobus"},
                                                 {"--storage", "tape"},
                                                 {"--storage", "ram", "--path", "/tmp/x"},
                                                 {"localbus", "ram", "--storage", "ram"},
                                                 {"ipc:///tmp/a", "--busaddr", "ipc:///tmp/b"},
                                                 {"--profile", "generous"},
                                                 {"-q", "-v"},
                                                 {"a", "b", "c"}}) {
    Finished wrong = refused(options);
    EXPECT_EQ(wrong.exit_code, 2) << options[0];
    EXPECT_NE(wrong.err, "") << options[0];
    EXPECT_EQ(wrong.out, "") << options[0];
  }
}

TEST_F(RebusMaster, ExplainsItself) {
  Finished help = refused({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  for (const char* words : {"--busaddr", "--insecure-tcp", "Examples:", "Exit codes:", "REBUS_BUSADDR"}) {
    EXPECT_NE(help.out.find(words), std::string::npos) << words;
  }
  EXPECT_EQ(refused({"--version"}).out.rfind("rebus ", 0), 0u);
}

}  // namespace
}  // namespace rebus::rebus_master_test
