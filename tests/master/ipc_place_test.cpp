#include "master/ipc_place.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "tests/support/scratch_folder.h"

namespace rebus::ipc_place_test {
namespace {

// A socket file; with somebody who listens as long as the descriptor is open.
int make_socket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size());
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(listen(fd, 1), 0);
  return fd;
}

void expect_refused(const std::string& path, const std::string& words) {
  auto place = IpcPlace::take(path);
  ASSERT_FALSE(place.ok());
  EXPECT_EQ(place.error().code, Code::kUnavailable);
  EXPECT_NE(place.error().message.find(words), std::string::npos) << place.error().message;
}

TEST(IpcPlace, MakesADirectoryForThisUserOnly) {
  ScratchFolder folder;
  ASSERT_TRUE(IpcPlace::take(folder.at("a/b/bus")).ok());
  struct stat status {};
  ASSERT_EQ(stat(folder.at("a/b").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
}

TEST(IpcPlace, IsHeldByOneAtATime) {
  ScratchFolder folder;
  {
    auto first = IpcPlace::take(folder.at("bus"));
    ASSERT_TRUE(first.ok());
    expect_refused(folder.at("bus"), "another master is listening");
  }
  EXPECT_TRUE(IpcPlace::take(folder.at("bus")).ok());
}

TEST(IpcPlace, ReplacesTheSocketOfADeadMaster) {
  ScratchFolder folder;
  close(make_socket(folder.at("bus")));
  EXPECT_TRUE(IpcPlace::take(folder.at("bus")).ok());
  EXPECT_NE(access(folder.at("bus").c_str(), F_OK), 0);
}

TEST(IpcPlace, LeavesALivingSocketAlone) {
  ScratchFolder folder;
  int fd = make_socket(folder.at("bus"));
  expect_refused(folder.at("bus"), "another master is listening");
  EXPECT_EQ(access(folder.at("bus").c_str(), F_OK), 0);
  close(fd);
}

TEST(IpcPlace, LeavesWhatIsNoSocketAlone) {
  ScratchFolder folder;
  folder.write("bus", "something of value");
  expect_refused(folder.at("bus"), "no socket");
  EXPECT_EQ(file_bytes(folder.at("bus")), "something of value");
}

TEST(IpcPlace, RefusesADirectoryThatOthersCanChange) {
  ScratchFolder folder;
  ASSERT_EQ(mkdir(folder.at("open").c_str(), 0700), 0);
  ASSERT_EQ(chmod(folder.at("open").c_str(), 0777), 0);
  expect_refused(folder.at("open/bus"), "others can change");
  ASSERT_EQ(chmod(folder.at("open").c_str(), 01777), 0);
  EXPECT_TRUE(IpcPlace::take(folder.at("open/bus")).ok());
}

}  // namespace
}  // namespace rebus::ipc_place_test
