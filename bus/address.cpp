#include "bus/address.h"

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <system_error>

#include "descriptor/escape.h"

namespace rebus {
namespace {

constexpr std::string_view kIpc = "ipc://";
constexpr std::string_view kTcp = "tcp://";

Error wrong(std::string_view text, const std::string& why) {
  return {Code::kInvalid, "'" + escape(text.substr(0, 200)) + "' is no bus address: " + why};
}

// "*" as a port is any free one, for masters only.
bool is_port(std::string_view text) {
  unsigned port = 0;
  auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), port);
  return text == "*" ||
         (failed == std::errc() && end == text.data() + text.size() && port > 0 && port < 65536);
}

bool is_host(std::string_view text) {
  static constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]%*";
  return !text.empty() && text.find_first_not_of(kAllowed) == std::string_view::npos;
}

bool is_loopback_host(std::string_view host) {
  return host.starts_with("127.") || host == "[::1]" || host == "localhost";
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

}  // namespace

Result<Address> Address::parse(std::string_view text) {
  Address address;
  address.text_ = text;
  if (text.starts_with(kIpc)) {
    address.path_ = text.substr(kIpc.size());
    if (!address.path_.starts_with('/')) return wrong(text, "after ipc:// comes an absolute path");
    if (address.path_.size() >= sizeof(sockaddr_un::sun_path))
      return wrong(text, "its path is over 107 bytes");
    if (address.path_.find('\0') != std::string::npos) return wrong(text, "it has a zero byte");
    return address;
  }
  if (!text.starts_with(kTcp)) return wrong(text, "it begins with ipc:// or tcp://");
  size_t colon = text.rfind(':');
  std::string_view host = text.substr(kTcp.size(), colon < kTcp.size() ? 0 : colon - kTcp.size());
  if (!is_host(host) || !is_port(text.substr(colon + 1)))
    return wrong(text, "it is like tcp://127.0.0.1:5600");
  address.loopback_ = is_loopback_host(host);
  return address;
}

Result<Address> Address::usual() {
  if (std::string given = variable("REBUS_BUSADDR"); !given.empty()) return parse(given);
  std::string runtime = variable("XDG_RUNTIME_DIR");
  std::string directory = runtime.empty() ? "/tmp/rebus-" + std::to_string(getuid()) : runtime + "/rebus";
  auto is_safe = check_private(directory);
  if (!is_safe) return is_safe.error();
  return parse("ipc://" + directory + "/bus");
}

Result<void> check_allowed(const Address& address, bool insecure_tcp) {
  if (!address.is_tcp() || insecure_tcp) return {};
  return Error{Code::kInvalid, address.str() +
                                   " would be neither encrypted nor authenticated: use ipc://, or say "
                                   "--insecure-tcp if that is what you want"};
}

std::string danger_of(const Address& address) {
  if (!address.is_tcp()) return {};
  if (address.is_loopback()) {
    return "INSECURE: every user and every program of this host can use the bus at " + address.str();
  }
  return "INSECURE: EVERYBODY WHO REACHES " + address.str() +
         " over the network can read all samples and results and push and forge them: nothing is encrypted, "
         "nobody "
         "is authenticated";
}

Result<void> check_private(const std::string& directory) {
  struct stat status {};
  if (lstat(directory.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};  // nobody's yet
    return Error{Code::kUnavailable, escape(directory) + ": " + std::generic_category().message(errno)};
  }
  bool is_ours = S_ISDIR(status.st_mode) && status.st_uid == geteuid() && (status.st_mode & 077) == 0;
  if (is_ours) return {};
  return Error{Code::kUnavailable,
               escape(directory) +
                   " is not a directory of this user's with mode 0700, so the bus in it is not trusted"};
}

}  // namespace rebus
