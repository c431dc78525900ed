#include "tools/ready_notice.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace rebus {
namespace {

constexpr std::string_view kReady = "READY=1";

}  // namespace

void notify_ready() {
  const char* name = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (name == nullptr || std::strlen(name) >= sizeof address.sun_path) return;
  std::strcpy(address.sun_path, name);
  if (name[0] == '@') address.sun_path[0] = '\0';  // an abstract name
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + std::strlen(name));
  // A manager that does not hear it says so itself.
  (void)sendto(fd, kReady.data(), kReady.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address),
               size);
  close(fd);
}

// Bound to no name it is given an abstract one: nothing is left behind in the file system.
ReadySocket::ReadySocket() : fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  auto* general = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = offsetof(sockaddr_un, sun_path);
  if (bind(fd_, general, size) != 0) return;
  size = sizeof address;
  if (getsockname(fd_, general, &size) != 0) return;
  name_.assign(address.sun_path + 1, size - offsetof(sockaddr_un, sun_path) - 1);
}

ReadySocket::~ReadySocket() { close(fd_); }

std::string ReadySocket::variable() const { return "NOTIFY_SOCKET=@" + name_; }

bool ReadySocket::take() const {
  std::array<char, 256> buffer;
  ssize_t size = recv(fd_, buffer.data(), buffer.size(), 0);
  return size > 0 && std::string_view(buffer.data(), static_cast<size_t>(size)).starts_with(kReady);
}

}  // namespace rebus
