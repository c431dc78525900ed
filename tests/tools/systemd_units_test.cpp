// The units of deploy/systemd, as systemd reads them; no systemd need run.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>

#include "tests/support/process.h"
#include "tests/support/scratch_folder.h"

namespace rebus::systemd_units_test {
namespace {

// With our programs in place of those of /usr/bin.
std::string unit_text(const std::string& name) {
  std::string text = file_bytes(std::string(REBUS_SOURCE) + "/deploy/systemd/" + name);
  const std::string kInstalled = "ExecStart=/usr/bin/";
  size_t at = text.find(kInstalled);
  EXPECT_NE(at, std::string::npos) << name;
  return text.replace(at, kInstalled.size(), "ExecStart=" REBUS_BIN "/");
}

TEST(SystemdUnits, AreValid) {
  ScratchFolder folder;
  folder.write("rebus-master.service", unit_text("rebus-master.service"));
  folder.write("rebus-agent@.service", unit_text("rebus-agent@.service"));
  folder.write("rebus-agent@dotrenderer.service.d/programs.conf",
               file_bytes(std::string(REBUS_SOURCE) + "/deploy/systemd/programs.conf"));
  for (const char* unit :
       {"./rebus-master.service", "./rebus-agent@file_id.service", "./rebus-agent@dotrenderer.service"}) {
    auto done = run({"systemd-analyze", "verify", unit}, folder.path());
    EXPECT_EQ(done.exit_code, 0) << done.err;
    EXPECT_EQ(done.err, "") << unit;
  }
}

// systemd's own measure, from 0 (safe) to 10.
TEST(SystemdUnits, ExposeLittle) {
  ScratchFolder folder;
  for (const char* name : {"rebus-master.service", "rebus-agent@.service"}) {
    folder.write(name, unit_text(name));
    auto done = run({"systemd-analyze", "security", "--offline=true", "--threshold=10", "--no-pager", name},
                    folder.path());
    EXPECT_EQ(done.exit_code, 0) << done.out << done.err;
  }
}

// What the units start: words that the programs take.
TEST(SystemdUnits, CallTheProgramsAsTheyAre) {
  ScratchFolder folder;
  auto command = [](const std::string& text) {
    size_t begin = text.find("ExecStart=") + 10;
    return text.substr(begin, text.find('\n', begin) - begin);
  };
  auto in_folder = [&](std::string line) {
    for (const char* place : {"/run/rebus", "/var/lib/rebus"}) {
      size_t at = line.find(place);
      if (at != std::string::npos) line.replace(at, std::strlen(place), folder.path());
    }
    return line;
  };
  std::string master_line = in_folder(command(unit_text("rebus-master.service")));
  std::string agent_line = in_folder(command(unit_text("rebus-agent@.service")));
  agent_line.replace(agent_line.find("%i"), 2, "ls");
  Process master({"bash", "-c", "exec " + master_line});
  ASSERT_TRUE(eventually([&] { return master.err().find("listening on") != std::string::npos; }))
      << master.err();
  auto done = shell("REBUS_AGENT_WORDS='--limit 3 /'; " + agent_line);
  EXPECT_EQ(done.exit_code, 0) << done.err;
  master.signal(SIGTERM);
  EXPECT_EQ(master.wait().exit_code, 0);
}

// A socket as systemd gives it to a unit of Type=notify.
class NotifySocket {
 public:
  explicit NotifySocket(const std::string& name) : fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&address), size), 0);
  }
  ~NotifySocket() { close(fd_); }
  // What has come; "" for nothing.
  std::string take() const {
    char buffer[256];
    ssize_t size = recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT);
    return {buffer, size < 0 ? 0 : static_cast<size_t>(size)};
  }

 private:
  int fd_;
};

TEST(SystemdUnits, AreToldWhenTheMasterIsReady) {
  ScratchFolder folder;
  for (const std::string& name : {folder.at("notify"), "@" + folder.at("abstract")}) {
    NotifySocket socket(name);
    Process master({"env", "NOTIFY_SOCKET=" + name, "rebus_master", "--storage", "ram", "--busaddr",
                    "ipc://" + folder.at("run/bus")});
    std::string told;
    EXPECT_TRUE(eventually([&] {
      told = socket.take();
      return !told.empty();
    })) << master.err();
    EXPECT_EQ(told, "READY=1");
    EXPECT_NE(master.err().find("listening on"), std::string::npos) << "it is told too early";
    master.signal(SIGTERM);
    EXPECT_EQ(master.wait().exit_code, 0);
  }
}

TEST(SystemdUnits, ANotifySocketThatIsNoneDoesNoHarm) {
  ScratchFolder folder;
  for (const std::string& name : {std::string("/no/such/socket"), std::string(300, '/'), std::string()}) {
    Process master({"env", "NOTIFY_SOCKET=" + name, "rebus_master", "--storage", "ram", "--busaddr",
                    "ipc://" + folder.at("run/bus")});
    EXPECT_TRUE(eventually([&] { return master.err().find("listening on") != std::string::npos; }))
        << master.err();
    master.signal(SIGTERM);
    EXPECT_EQ(master.wait().exit_code, 0);
  }
}

}  // namespace
}  // namespace rebus::systemd_units_test
