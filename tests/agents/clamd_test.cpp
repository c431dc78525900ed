// antivirus --clamd: what a daemon says is told as it is, and what it has not seen whole is not clean.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "agents/parsers/file_packet.h"
#include "agents/support/clamd_scanner.h"
#include "agents/support/scan_verdict.h"
#include "tests/support/archive_maker.h"
#include "tests/support/process.h"
#include "tests/support/run_once.h"
#include "tests/support/virus_signatures.h"

namespace rebus {
extern const AgentSpec antivirus_agent;
}

namespace rebus::clamd_test {
namespace {

using Json = nlohmann::json;
using Names = std::vector<std::string>;

constexpr const char* kCandid = "AlertExceedsMax yes\nAlertEncrypted yes\n";

class Clamd : public testing::Test {
 protected:
  // A real one, and the address of its socket.
  std::string start(const std::string& settings) {
    const std::string socket = folder_.at("socket");
    folder_.write("clamd.conf", "Foreground yes\nSelfCheck 0\nLocalSocket " + socket +
                                    "\nDatabaseDirectory " + signatures_ + "\n" + settings);
    daemon_ = std::make_unique<Process>(Names{"/usr/sbin/clamd", "-c", folder_.at("clamd.conf")});
    EXPECT_TRUE(eventually([&] { return listens(socket) || !daemon_->is_running(); }));
    EXPECT_TRUE(daemon_->is_running()) << daemon_->err();
    return socket;
  }
  // It is there before anybody listens.
  static bool listens(const std::string& path) {
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    std::copy(path.begin(), path.end(), at.sun_path);
    FileHandle client(socket(AF_UNIX, SOCK_STREAM, 0));
    return connect(client.get(), reinterpret_cast<sockaddr*>(&at), sizeof(at)) == 0;
  }
  static RunOnce run(const std::string& address, const std::string& bytes) {
    Options options;
    options.set("clamd", {address});
    return run_once(antivirus_agent, object_of("/unknown", "a", bytes), options);
  }
  static Json result(const std::string& address, const std::string& bytes) {
    auto done = run(address, bytes);
    EXPECT_FALSE(done.error) << done.error->message;
    return Json::parse(done.text("/antivirus/clamav"), nullptr, false);
  }

  ScratchFolder folder_;
  const std::string signatures_ = make_signatures(folder_);
  std::unique_ptr<Process> daemon_;
};

std::string deep() {
  std::string zip = "x";
  for (int i = 0; i < 20; i++) zip = make_archive("zip", "none", {{"a", zip}});
  return zip;
}

TEST_F(Clamd, IsHandedFilesAndSaysWhatTheyAre) {
  const std::string address = start(std::string(kCandid) + "MaxFileSize 2M\n");
  Json json = result(address, eicar());
  EXPECT_EQ(json["verdict"], "found");
  EXPECT_EQ(json["signatures"].get<Names>(), Names{"Eicar-Test.UNOFFICIAL"});
  EXPECT_TRUE(json["engine"]["version"].get<std::string>().starts_with("1."));
  EXPECT_EQ(json["sandbox"].size(), 0u);
  EXPECT_EQ(result(address, "harmless")["verdict"], "clean");
  EXPECT_EQ(result(address, "")["verdict"], "clean");
  EXPECT_EQ(result(address, make_archive("zip", "none", {{"a", eicar()}}, "secret"))["verdict"], "encrypted");
  EXPECT_EQ(result(address, deep())["limits"].get<Names>(), Names{"MaxRecursion"});
  EXPECT_EQ(result(address, std::string(3 << 20, 'x'))["limits"].get<Names>(), Names{"MaxFileSize"});
}

TEST_F(Clamd, IsSentBytesOverTheNetwork) {
  std::string settings = std::string(kCandid) + "TCPAddr 127.0.0.1\nStreamMaxLength 2M\n", address;
  for (int port = 40'000 + getpid() % 20'000; address.empty(); port++) {  // some may be taken
    std::filesystem::remove(folder_.at("socket"));
    folder_.write("clamd.conf", "Foreground yes\nSelfCheck 0\nLocalSocket " + folder_.at("socket") +
                                    "\nDatabaseDirectory " + signatures_ + "\n" + settings + "TCPSocket " +
                                    std::to_string(port) + "\n");
    daemon_ = std::make_unique<Process>(Names{"/usr/sbin/clamd", "-c", folder_.at("clamd.conf")});
    const std::string connects = ": 3<>/dev/tcp/127.0.0.1/" + std::to_string(port);
    EXPECT_TRUE(eventually([&] {  // the local socket is there before
      return ::rebus::run({"bash", "-c", connects}).exit_code == 0 || !daemon_->is_running();
    }));
    if (daemon_->is_running()) address = "127.0.0.1:" + std::to_string(port);
  }
  EXPECT_EQ(result(address, eicar())["verdict"], "found");
  EXPECT_EQ(result(address, std::string(1 << 20, 'x') + "x")["verdict"], "clean");
  EXPECT_EQ(result(address, "")["verdict"], "clean");
  Json large = result(address, std::string(20 << 20, 'x'));  // it closes its end in the middle
  EXPECT_EQ(large["verdict"], "partial");
  EXPECT_EQ(large["limits"].get<Names>(), Names{"StreamMaxLength"});
}

TEST_F(Clamd, ThatWouldCallCleanWhatItHasNotSeenIsRefused) {
  auto done = run(start(""), "x");
  ASSERT_TRUE(done.error);
  EXPECT_NE(done.error->message.find("put 'AlertExceedsMax yes' into its clamd.conf"), std::string::npos);
  daemon_.reset();
  std::filesystem::remove(folder_.at("socket"));
  done = run(start("AlertExceedsMax yes\n"), "x");
  ASSERT_TRUE(done.error);
  EXPECT_NE(done.error->message.find("put 'AlertEncrypted yes' into its clamd.conf"), std::string::npos);
  EXPECT_TRUE(done.pushed.empty());
}

TEST_F(Clamd, ThatIsNotThereIsToldWithItsAddress) {
  for (const std::string& address :
       {folder_.at("none"), std::string("127.0.0.1:1"), std::string("no\x1bname")}) {
    auto done = run(address, "x");
    ASSERT_TRUE(done.error);
    EXPECT_NE(done.error->message.find("clamd at "), std::string::npos);
    EXPECT_EQ(done.error->message.find('\x1b'), std::string::npos);
  }
}

TEST_F(Clamd, ThatGoesAwayIsAskedAgainLater) {
  ClamdScanner scanner(start(kCandid));
  ASSERT_TRUE(scanner.refresh().ok());
  daemon_.reset();
  EXPECT_EQ(scanner.scan(Value::of("x")).error().code, Code::kUnavailable);
  EXPECT_EQ(scanner.refresh().error().code, Code::kUnavailable);
}

// --- a daemon that may say anything ---

constexpr int kProbes = 4;
constexpr const char* kCandidAnswers[] = {"fd[1]: Heuristics.Limits.Exceeded FOUND",
                                          "fd[1]: Heuristics.Encrypted.Zip FOUND"};

class RogueDaemon {
 public:
  // What it is tried with at the start, twice, it answers as a candid one does.
  RogueDaemon(const std::string& path, std::string answer)
      : path_(path), answer_(std::move(answer)), socket_(socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    std::copy(path.begin(), path.end(), at.sun_path);
    EXPECT_EQ(bind(socket_.get(), reinterpret_cast<sockaddr*>(&at), sizeof(at)), 0);
    EXPECT_EQ(listen(socket_.get(), 8), 0);
    thread_ = std::thread([this] { serve(); });
  }
  ~RogueDaemon() {
    shutdown(socket_.get(), SHUT_RDWR);
    thread_.join();
  }

 private:
  void serve() {
    int files = 0;
    while (true) {
      FileHandle peer(accept(socket_.get(), nullptr, nullptr));
      if (peer.get() < 0) return;
      auto command = receive_packet(peer.get());
      if (!command) continue;
      std::string answer = "ClamAV 1\x1b[2J/2/3";
      if (!command->bytes.starts_with("zVERSION")) {
        if (command->files.empty()) (void)receive_packet(peer.get());
        answer = files >= kProbes ? answer_ : kCandidAnswers[files % 2];
        files++;
      }
      (void)send(peer.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
    }
  }

  const std::string path_, answer_;
  FileHandle socket_;
  std::thread thread_;
};

TEST_F(Clamd, MayAnswerWhatItLikes) {
  const std::map<std::string, std::string> expected = {
      {"fd[10]: OK", "clean"},
      {"OK", "clean"},
      {"", "error"},
      {"fd[10]: OK\n", "error"},
      {"fd[10]: not OK", "error"},
      {"fd[10]: \x1b[2J%s%n FOUND", "found"},
      {"fd[10]: Can't allocate memory ERROR", "error"},
      {"fd[10]: Heuristics.Limits.Exceeded.MaxScanTime FOUND", "partial"},
      {std::string(1 << 20, 'x'), "error"},
  };
  int number = 0;
  for (const auto& [answer, verdict] : expected) {
    const std::string path = folder_.at(std::to_string(number++));
    RogueDaemon rogue(path, answer);
    auto done = run(path, "x");
    ASSERT_FALSE(done.error) << done.error->message;
    const std::string text = done.text("/antivirus/clamav");
    EXPECT_EQ(Json::parse(text)["verdict"], verdict) << answer.substr(0, 100);
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_LT(text.size(), 20'000u);
  }
}

}  // namespace
}  // namespace rebus::clamd_test
