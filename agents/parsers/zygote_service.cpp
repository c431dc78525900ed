#include "agents/parsers/zygote_service.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <limits>
#include <utility>

#include "agents/parsers/parser_messages.h"

namespace rebus {
namespace {

int wait_for(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  return status;
}

// Tried by a process of its own.
bool has_namespaces(const CageLimits& limits) {
  pid_t pid = fork();
  if (pid == 0) _exit(enter_cage_layer("namespaces", limits) ? 0 : 1);
  return pid > 0 && wait_for(pid) == 0;
}

ZygoteAnswer trouble(std::string words) {
  ZygoteAnswer answer;
  answer.trouble = std::move(words);
  return answer;
}

}  // namespace

ZygoteService::ZygoteService(FileHandle control, SandboxLevel level, const CageLimits& limits,
                             std::chrono::milliseconds rest, Serve serve)
    : control_(std::move(control)),
      level_(level),
      limits_(limits),
      rest_(rest),
      serve_(std::move(serve)),
      needs_folders_(level == SandboxLevel::kNone || !has_namespaces(limits)) {
  PrivateFolder::remove_left_over();
}

ZygoteService::~ZygoteService() {
  while (!workers_.empty()) (void)end_worker(workers_.begin()->first);
}

void ZygoteService::run() {
  while (is_wanted()) {
    auto packet = receive_packet(control_.get());
    if (!packet) return;
    auto call = unpack<ZygoteCall>(packet->bytes);
    if (!call) return;
    auto said = send_packet(control_.get(), pack(answer(*call, std::move(packet->files))));
    if (!said) return;
  }
}

bool ZygoteService::is_wanted() const {
  pollfd waiting{control_.get(), POLLIN, 0};
  return !workers_.empty() || poll(&waiting, 1, static_cast<int>(rest_.count())) != 0;
}

ZygoteAnswer ZygoteService::answer(const ZygoteCall& call, std::vector<FileHandle> files) {
  if (call.worker != 0) return end_worker(static_cast<pid_t>(call.worker));
  if (files.size() != kMaxPacketFiles) return trouble("no files came for it");
  return start_worker(files[0].get(), files[1].get());
}

ZygoteAnswer ZygoteService::start_worker(int socket, int file) {
  Folder folder;
  if (needs_folders_) {
    auto made = PrivateFolder::make();
    if (!made) return trouble(made.error().message);
    folder.emplace(*std::move(made));
  }
  pid_t pid = fork();
  if (pid == 0) be_worker(socket, file, folder);
  if (pid < 0) return trouble(std::string("fork: ") + std::strerror(errno));
  workers_.emplace(pid, std::move(folder));
  ZygoteAnswer answer;
  answer.worker = pid;
  return answer;
}

// Until it was waited for nobody else has its number.
ZygoteAnswer ZygoteService::end_worker(pid_t worker) {
  auto found = workers_.find(worker);
  if (found == workers_.end()) return trouble("there is no such worker");
  kill(worker, SIGKILL);
  ZygoteAnswer answer;
  answer.status = wait_for(worker);
  workers_.erase(found);
  return answer;
}

// Standard error is nowhere already.
void ZygoteService::be_worker(int socket, int file, const Folder& folder) {
  bool is_ready = dup2(socket, STDIN_FILENO) >= 0 && dup2(file, STDOUT_FILENO) >= 0 &&
                  close_range(STDERR_FILENO + 1, std::numeric_limits<unsigned>::max(), 0) == 0 &&
                  (!folder || chdir(folder->path().c_str()) == 0);
  if (!is_ready) _exit(1);
  ParserLink link{FileHandle(STDIN_FILENO)};
  auto layers = enter_cage(level_, limits_);
  auto said = link.say(ParserWord::kHello,
                       layers ? WorkerHello{*layers, {}} : WorkerHello{{}, layers.error().message});
  if (!layers) (void)link.receive();  // until the agent has heard it
  if (layers && said) serve_(link);
  _exit(layers ? 0 : 1);
}

}  // namespace rebus
