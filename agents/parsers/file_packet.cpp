#include "agents/parsers/file_packet.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace rebus {
namespace {

Error gone() {
  if (errno == EAGAIN || errno == EWOULDBLOCK) return {Code::kLimit, "does nothing any more"};
  return {Code::kUnavailable, "is gone"};
}

union Control {
  cmsghdr header;
  char bytes[CMSG_SPACE(kMaxPacketFiles * sizeof(int))];
};

void add_files(msghdr& message, std::vector<FileHandle>& files) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    std::array<int, kMaxPacketFiles> numbers{};
    const size_t count = std::min((part->cmsg_len - CMSG_LEN(0)) / sizeof(int), numbers.size());
    std::memcpy(numbers.data(), CMSG_DATA(part), count * sizeof(int));
    for (size_t i = 0; i < count; i++) files.emplace_back(numbers[i]);
  }
}

}  // namespace

ssize_t send_part(int socket, std::span<iovec> parts, std::span<const int> files) {
  Control control{};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  if (!files.empty()) {
    message.msg_control = &control;
    message.msg_controllen = CMSG_SPACE(files.size_bytes());
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(files.size_bytes());
    std::memcpy(CMSG_DATA(&control.header), files.data(), files.size_bytes());
  }
  return sendmsg(socket, &message, MSG_NOSIGNAL);
}

Result<void> send_packet(int socket, std::string_view bytes, std::span<const int> files) {
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  ssize_t sent = 0;
  do {
    sent = send_part(socket, std::span(&part, 1), files);
  } while (sent < 0 && errno == EINTR);
  return sent == static_cast<ssize_t>(bytes.size()) ? Result<void>() : gone();
}

ssize_t receive_part(int socket, std::span<char> buffer, std::vector<FileHandle>& files) {
  iovec part{buffer.data(), buffer.size()};
  Control control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = &control;
  message.msg_controllen = sizeof(control);
  ssize_t count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  if (count >= 0) add_files(message, files);
  return count;
}

Result<FilePacket> receive_packet(int socket) {
  FilePacket packet;
  packet.bytes.resize(kMaxPacket);
  ssize_t count = 0;
  do {
    count = receive_part(socket, packet.bytes, packet.files);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return gone();
  if (count == 0) return Error{Code::kUnavailable, "is gone"};
  packet.bytes.resize(static_cast<size_t>(count));
  return packet;
}

}  // namespace rebus
