// Packets: messages over a socket that can bring open files with them.
#pragma once

#include <sys/uio.h>

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "descriptor/file_handle.h"
#include "descriptor/result.h"

namespace rebus {

constexpr size_t kMaxPacket = 64 << 10;  // bytes
constexpr size_t kMaxPacketFiles = 2;

struct FilePacket {
  std::string bytes;
  std::vector<FileHandle> files;
};

// One message, over a socket that keeps them apart (SOCK_SEQPACKET), or some bytes of a stream. kUnavailable:
// the other end is gone; kLimit: it does nothing for as long as the socket allows.
Result<void> send_packet(int socket, std::string_view bytes, std::span<const int> files = {});
Result<FilePacket> receive_packet(int socket);

// Of these bytes as many as there is room for, and with them the files: as sendmsg().
ssize_t send_part(int socket, std::span<iovec> parts, std::span<const int> files);
// What is there, into the begin of `buffer`, and the files that came with it: as recvmsg().
ssize_t receive_part(int socket, std::span<char> buffer, std::vector<FileHandle>& files);

}  // namespace rebus
