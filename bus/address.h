// Address: where a master listens.
#pragma once

#include <string>
#include <string_view>

#include "descriptor/result.h"

namespace rebus {

// "ipc:///run/user/1000/rebus/bus" or "tcp://127.0.0.1:5600".
class Address {
 public:
  static Result<Address> parse(std::string_view text);
  // Without an option: $REBUS_BUSADDR, else a socket of the user's own in $XDG_RUNTIME_DIR/rebus, else in
  // /tmp/rebus-UID. kUnavailable if that directory is somebody else's: he would get what is pushed.
  static Result<Address> usual();

  const std::string& str() const { return text_; }
  bool is_tcp() const { return path_.empty(); }
  bool is_loopback() const { return loopback_; }
  // Of an ipc socket.
  const std::string& path() const { return path_; }

 private:
  std::string text_;
  std::string path_;
  bool loopback_ = false;
};

// Until there are keys, tcp has neither encryption nor authentication: kInvalid unless `insecure_tcp` says
// that this is understood.
Result<void> check_allowed(const Address& address, bool insecure_tcp);

// What to warn of when this address is used; empty: nothing.
std::string danger_of(const Address& address);

// kUnavailable unless the directory is this user's and closed to others.
Result<void> check_private(const std::string& directory);

}  // namespace rebus
