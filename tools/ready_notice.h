// Readiness: how a program tells whoever started it that it is ready.
#pragma once

#include <string>

namespace rebus {

// Tells systemd, or rebus_infra, which speaks the same, that the program is ready; does nothing if
// $NOTIFY_SOCKET names nobody.
void notify_ready();

// The other side.
class ReadySocket {
 public:
  ReadySocket();
  ~ReadySocket();
  ReadySocket(const ReadySocket&) = delete;
  ReadySocket& operator=(const ReadySocket&) = delete;

  // For the environment of the program: "NOTIFY_SOCKET=…".
  std::string variable() const;
  // Readable when there is something to take.
  int fd() const { return fd_; }
  // True if the program said that it is ready.
  bool take() const;

 private:
  int fd_;
  std::string name_;
};

}  // namespace rebus
