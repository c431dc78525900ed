#include "agents/support/clamd_scanner.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "agents/parsers/file_packet.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

constexpr timeval kDaemonPatience{240, 0};   // its own MaxScanTime is two minutes, unless set otherwise
constexpr size_t kMaxDaemonReply = 4096;     // bytes
constexpr uint64_t kMostShared = 256 << 20;  // bytes of memory; more is sent
constexpr std::chrono::seconds kTrust{60};   // it may be started anew with other settings
constexpr int kTooManyLevels = 110;          // libclamav opens 100 at most, whatever clamd.conf says

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

FileHandle patient(FileHandle socket) {
  setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &kDaemonPatience, sizeof(kDaemonPatience));
  setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &kDaemonPatience, sizeof(kDaemonPatience));
  return socket;
}

// --- zip files to try it with ---

// Little-endian, filled up with zeros.
void put_number(std::string& to, uint32_t number, size_t bytes) {
  for (size_t i = 0; i < bytes; i++) to += i < sizeof number ? static_cast<char>(number >> (8 * i)) : '\0';
}

// One member, as it is. APPNOTE.TXT, 4.3.
std::string zip_of(const std::string& bytes, bool is_encrypted) {
  constexpr uint32_t kVersion = 20, kName = 1;
  auto size = static_cast<uint32_t>(bytes.size());
  std::string member;
  put_number(member, kVersion, 2), put_number(member, is_encrypted ? 1 : 0, 2);
  put_number(member, 0, 2 + 2), put_number(member, 0x21, 2);  // stored, at 1980-01-01
  put_number(member, 0, 4), put_number(member, size, 4), put_number(member, size, 4),
      put_number(member, kName, 2), put_number(member, 0, 2);
  std::string zip = "PK\3\4" + member + "a" + bytes;
  const auto directory = static_cast<uint32_t>(zip.size());
  zip += "PK\1\2", put_number(zip, kVersion, 2), zip += member, put_number(zip, 0, 2 + 2),
      put_number(zip, 0, 2 + 4), put_number(zip, 0, 4), zip += "a";
  const auto end = static_cast<uint32_t>(zip.size());
  zip += "PK\5\6", put_number(zip, 0, 4), put_number(zip, 1, 2), put_number(zip, 1, 2);
  put_number(zip, end - directory, 4), put_number(zip, directory, 4), put_number(zip, 0, 2);
  return zip;
}

std::string deep_zip() {
  std::string zip = zip_of("nothing", false);
  for (int i = 0; i < kTooManyLevels; i++) zip = zip_of(zip, false);
  return zip;
}

// --- replies ---

Error connection_error() {
  bool is_slow = errno == EAGAIN || errno == EWOULDBLOCK;
  return {is_slow ? Code::kLimit : Code::kUnavailable, is_slow ? "does not answer" : std::strerror(errno)};
}

// Up to the zero byte, or the end.
Result<std::string> read_reply(int socket) {
  std::string reply;
  while (reply.find('\0') == std::string::npos && reply.size() <= kMaxDaemonReply) {
    std::array<char, 1024> part{};
    ssize_t count = recv(socket, part.data(), part.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return connection_error();
    if (count == 0) break;
    reply.append(part.data(), static_cast<size_t>(count));
  }
  reply.resize(std::min({reply.size(), reply.find('\0'), kMaxDaemonReply}));
  return reply;
}

Result<void> send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t count = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return connection_error();
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return {};
}

// "fd[10]: NAME FOUND", "stream: OK", "INSTREAM size limit exceeded. ERROR".
ScanAnswer answer_of(std::string_view reply) {
  constexpr std::string_view kFound = " FOUND", kError = " ERROR";
  ScanAnswer answer;
  size_t colon = reply.find(": ");
  std::string_view said = colon == reply.npos ? reply : reply.substr(colon + 2);
  if (said == "OK") return answer;
  if (said.ends_with(kFound)) {
    answer.names.emplace_back(said.substr(0, said.size() - kFound.size()));
  } else if (reply.find("size limit exceeded") != reply.npos) {
    answer.names.push_back(std::string(kLimitReached) + ".StreamMaxLength");
  } else if (said.ends_with(kError)) {
    answer.error = said.substr(0, said.size() - kError.size());
  } else {
    answer.error = said.empty() ? "it answered nothing" : "it answered: " + std::string(said);
  }
  return answer;
}

ScanAnswer timed_out() {
  ScanAnswer answer;
  answer.names.push_back(std::string(kLimitReached) + ".MaxScanTime");
  return answer;
}

// "ClamAV 1.4.6/27500/Mon Nov 23 08:30:00 2026": engine, version and day of the signatures.
ScanSource source_of(const std::string& version) {
  constexpr std::string_view kName = "ClamAV ";
  ScanSource source;
  const size_t first = std::min(version.find('/'), version.size());
  const size_t second = std::min(version.find('/', first + 1), version.size());
  std::string_view engine = std::string_view(version).substr(0, first);
  if (engine.starts_with(kName)) engine.remove_prefix(kName.size());
  source.engine = escape(engine);
  source.database.digest = sha256(as_bytes(version)).hex();
  source.database.version =
      first < version.size() ? escape(version.substr(first + 1, second - first - 1)) : "unknown";
  tm day{};
  bool has_day =
      second < version.size() && strptime(&version[second + 1], "%a %b %d %H:%M:%S %Y", &day) != nullptr;
  if (has_day) source.database.date_ns = static_cast<int64_t>(timegm(&day)) * 1'000'000'000;
  return source;
}

}  // namespace

Error ClamdScanner::wrong(const std::string& what) const {
  return {Code::kUnavailable, "clamd at " + escape(address_) + " " + what};
}

Result<FileHandle> ClamdScanner::connect() const {
  if (is_local()) {
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    if (address_.size() >= sizeof(to.sun_path)) return wrong("has too long a path for a socket");
    std::copy(address_.begin(), address_.end(), to.sun_path);
    FileHandle made = patient(FileHandle(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)));
    if (::connect(made.get(), reinterpret_cast<sockaddr*>(&to), sizeof(to)) == 0) return made;
    return wrong(std::string("cannot be reached: ") + std::strerror(errno));
  }
  const size_t colon = std::min(address_.rfind(':'), address_.size());
  addrinfo hints{}, *list = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  int error = getaddrinfo(address_.substr(0, colon).c_str(),
                          colon < address_.size() ? &address_[colon + 1] : "", &hints, &list);
  if (error != 0)
    return wrong(std::string("is no path of a socket, and no HOST:PORT: ") + gai_strerror(error));
  std::unique_ptr<addrinfo, FreeAddresses> addresses(list);
  for (const addrinfo* each = list; each != nullptr; each = each->ai_next) {
    FileHandle made = patient(FileHandle(socket(each->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0)));
    if (::connect(made.get(), each->ai_addr, each->ai_addrlen) == 0) return made;
  }
  return wrong(std::string("cannot be reached: ") + std::strerror(errno));
}

Result<std::string> ClamdScanner::ask(std::string_view command) const {
  auto socket = connect();
  if (!socket) return socket.error();
  auto sent = send_all(socket->get(), command);
  auto reply = sent ? read_reply(socket->get()) : sent.error();
  return reply ? reply : wrong(reply.error().message);
}

Result<void> ClamdScanner::refresh() {
  using namespace std::string_view_literals;
  auto version = ask("zVERSION\0"sv);
  if (!version) return version.error();
  if (!version->starts_with("ClamAV ")) return wrong("is no clamd");
  auto now = std::chrono::steady_clock::now();
  if (*version == version_ && now - checked_ < kTrust) return {};
  auto checked = check_candour();
  if (!checked) return checked;
  checked_ = now;
  version_ = *std::move(version);
  source_ = source_of(version_);
  return {};
}

// It cannot be asked for its settings, but it can be tried out: what it says OK to must be clean.
Result<void> ClamdScanner::check_candour() {
  auto checked = check_names(deep_zip(), kLimitReached, "AlertExceedsMax yes");
  return checked
             ? check_names(zip_of(std::string(64, 'x'), true), "Heuristics.Encrypted.", "AlertEncrypted yes")
             : checked;
}

Result<void> ClamdScanner::check_names(std::string probe, std::string_view name, const char* option) {
  auto answer = scan(Value::of(std::move(probe)));
  if (!answer) return answer.error();
  bool is_named = std::any_of(answer->names.begin(), answer->names.end(),
                              [&](const auto& each) { return each.starts_with(name); });
  if (is_named) return {};
  return wrong(
      std::string("does not say when it has not seen all of a file, which would be called clean: put '") +
      option + "' into its clamd.conf and start it anew" +
      (answer->error.empty() ? "" : " (it says: " + escape(answer->error) + ")"));
}

Result<ScanAnswer> ClamdScanner::scan(const Value& value) {
  bool is_shared = is_local() && value.size() <= kMostShared;
  auto answer = is_shared ? hand_over(value) : stream(value);
  if (!answer && answer.error().code == Code::kLimit) return timed_out();
  return answer;
}

Result<ScanAnswer> ClamdScanner::hand_over(const Value& value) {
  using namespace std::string_view_literals;
  if (!file_) {
    auto file = SharedFile::make("rebus-antivirus");
    if (!file) return file.error();
    file_ = std::make_unique<SharedFile>(*std::move(file));
  }
  auto filled = file_->fill(value);
  if (!filled) return filled.error();
  auto socket = connect();
  if (!socket) return socket.error();
  auto sent = send_all(socket->get(), "zFILDES\0"sv);
  const std::array<int, 1> files = {file_->readable()};
  if (sent) sent = send_packet(socket->get(), "\0"sv, files);
  auto reply = sent || sent.error().code == Code::kUnavailable ? read_reply(socket->get()) : sent.error();
  if (!reply) return reply.error().code == Code::kLimit ? reply.error() : wrong(reply.error().message);
  return answer_of(*reply);
}

// Whoever has had enough closes its end, and has said why.
Result<ScanAnswer> ClamdScanner::stream(const Value& value) const {
  using namespace std::string_view_literals;
  auto socket = connect();
  if (!socket) return socket.error();
  Result<void> sent = send_all(socket->get(), "zINSTREAM\0"sv);
  auto read = value.for_each_chunk([&](Bytes chunk) -> Result<void> {
    std::array<char, 4> size{};  // big-endian
    for (size_t i = 0; i < size.size(); i++)
      size[i] = static_cast<char>(chunk.size() >> (8 * (size.size() - 1 - i)));
    if (sent) sent = send_all(socket->get(), {size.data(), size.size()});
    if (sent) sent = send_all(socket->get(), as_text(chunk));
    return sent ? sent : Error{Code::kStopped, "it closed its end"};
  });
  if (!read && sent) return read.error();
  if (sent) sent = send_all(socket->get(), "\0\0\0\0"sv);
  auto reply = read_reply(socket->get());
  if (!reply) return reply.error().code == Code::kLimit ? reply.error() : wrong(reply.error().message);
  return answer_of(*reply);
}

}  // namespace rebus
