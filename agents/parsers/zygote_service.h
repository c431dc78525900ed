// ZygoteService: a process that has loaded what workers need, and makes them by fork. It sees no hostile byte
// itself.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <optional>

#include "agents/parsers/file_packet.h"
#include "agents/parsers/parser_link.h"
#include "agents/parsers/private_folder.h"
#include "agents/parsers/scan_messages.h"
#include "agents/support/sandbox/cage.h"

namespace rebus {

// A worker has its socket as standard input, its file as standard output, and is in the cage before it says
// hello. It ends with its zygote, which ends with its agent, and ends the workers before.
class ZygoteService {
 public:
  // What a worker does with its link, until it returns.
  using Serve = std::function<void(ParserLink&)>;
  // `control`: a socket to the agent (SOCK_SEQPACKET). Without a worker for the time of `rest` it ends: it
  // takes memory, and is started anew when it is needed.
  ZygoteService(FileHandle control, SandboxLevel level, const CageLimits& limits,
                std::chrono::milliseconds rest, Serve serve);
  ~ZygoteService();
  ZygoteService(const ZygoteService&) = delete;
  ZygoteService& operator=(const ZygoteService&) = delete;

  // Until the agent is gone, or has no worker for too long.
  void run();

 private:
  using Folder = std::optional<PrivateFolder>;  // where the namespaces give none

  bool is_wanted() const;
  ZygoteAnswer answer(const ZygoteCall& call, std::vector<FileHandle> files);
  ZygoteAnswer start_worker(int socket, int file);
  ZygoteAnswer end_worker(pid_t worker);
  [[noreturn]] void be_worker(int socket, int file, const Folder& folder);

  FileHandle control_;
  const SandboxLevel level_;
  const CageLimits limits_;
  const std::chrono::milliseconds rest_;
  const Serve serve_;
  const bool needs_folders_;
  std::map<pid_t, Folder> workers_;
};

}  // namespace rebus
