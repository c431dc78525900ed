// watch: files that come into directories of this host enter the bus, as long as it runs.
#include <sys/stat.h>

#include <algorithm>
#include <chrono>

#include "agents/support/file_type.h"
#include "agents/support/injected_file.h"
#include "agents/support/sandbox/told_layers.h"
#include "agents/support/submission_note.h"
#include "agents/support/type_path.h"
#include "agents/support/watched_tree.h"
#include "bus/agent.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kAgent = "watch";
constexpr std::chrono::milliseconds kStopCheck(200);
// Of one submission; then the next begins. A stream of files that never pauses must not keep it open for
// ever.
constexpr uint64_t kMaxBurst = 1000;  // files
constexpr std::chrono::seconds kMaxBurstTime(10);

class Watch final : public Agent {
 public:
  explicit Watch(const Setting& setting) : setting_(setting) {}

  Result<void> run(Bus& bus) override {
    bus_ = &bus;
    auto watched = watch();
    return bus.gone() ? Result<void>() : watched;  // being stopped is its end
  }

 private:
  Result<void> watch() {
    auto tree = WatchedTree::open(setting_.options.arguments(), setting_.options.flag("recursive"), hooks());
    if (!tree) return tree.error();
    auto scanned = tree->scan();
    if (scanned) scanned = close_burst();
    if (!scanned) return scanned;
    setting_.out.note("watch: everything that was there is taken; waiting for more");
    while (!bus_->gone() && !tree->is_over()) {
      auto changed = tree->turn(burst_ != 0 ? std::chrono::milliseconds(0) : kStopCheck);
      if (!changed) return changed.error();
      auto closed = *changed ? Result<void>() : close_burst();
      if (!closed) return closed;
    }
    auto closed = close_burst();
    if (!closed || bus_->gone()) return closed;
    return Error{Code::kUnavailable, "every directory that was watched is gone"};
  }

  WatchedTree::Hooks hooks() {
    return {[this](InputFile& file, const std::string& path, const std::string& label) {
              return take(file, path, label);
            },
            [this](const std::string& path, const Error& error) { complain(path, error); },
            [this](const std::string& line) { setting_.out.note("watch: " + line); }};
  }

  // --- one file ---

  // False: somebody wrote it meanwhile.
  Result<bool> take(InputFile& file, const std::string& path, const std::string& label) {
    auto writer = bus_->new_value();
    auto before = file.version();
    auto read = file.read_into(*writer, [&] { return bus_->gone(); });
    if (!read) return is_told(path, read.error());
    auto value = writer->seal();
    if (!value) return value.error();
    bool is_half = file.version() != before || value->size() != static_cast<uint64_t>(before.size) ||
                   WatchedTree::is_being_written(file);
    if (is_half) return false;
    std::string name = label.substr(0, kMaxLabel);
    auto known = is_known(*value, name);
    if (!known) return known.error();
    auto injected = *known ? Result<void>() : inject(*std::move(value), path, name);
    return injected ? Result<bool>(true) : injected.error();
  }

  // Asked of the bus, which alone knows what was stored: these bytes under this name.
  Result<bool> is_known(const Value& value, const std::string& name) {
    Find query;
    query.by = By::kDigest;
    query.text = value.digest().hex();
    query.domain = setting_.domain;
    std::vector<Seq> objects;
    auto searched = bus_->for_each(query, [&](const Record& record) {
      if (record.descriptor.is_object() && record.value_digest == value.digest())
        objects.push_back(record.seq);
      return true;
    });
    if (!searched) return searched.error();
    for (Seq object : objects) {
      auto origins = bus_->origins_of(object);
      if (!origins) return origins.error();
      auto is_it = [&](const Origin& origin) { return origin.container == 0 && origin.name == name; };
      if (std::ranges::any_of(*origins, is_it)) return true;
    }
    return false;
  }

  Result<void> inject(Value value, const std::string& path, const std::string& name) {
    if (burst_ == 0) {
      auto opened = open_burst(path, name);
      if (!opened) return opened;
    }
    auto type = identify(value);
    if (!type) return type.error();
    auto item = make_injected({setting_.domain, kAgent, std::move(value), name, taken_}, *std::move(type));
    if (!item) return item.error();
    auto pushed = bus_->push(*std::move(item), burst_, [this, path](const Result<Pushed>& answer) {
      if (!answer) refused(path, answer.error());
    });
    if (!pushed) return pushed;
    taken_++;
    bool is_full = taken_ == kMaxBurst || Clock::now() - begun_ > kMaxBurstTime;
    return is_full ? close_burst() : Result<void>();
  }

  // --- submissions: one for what comes together ---

  Result<void> open_burst(const std::string& path, const std::string& name) {
    auto opened =
        bus_->open_submission(make_submission_note(setting_.domain, name, path, kAgent), Lane::kNormal);
    if (!opened) return opened.error();
    burst_ = *opened;
    taken_ = 0;
    begun_ = Clock::now();
    if (!setting_.networked) setting_.out.submitted(burst_);
    return {};
  }

  Result<void> close_burst() {
    if (burst_ == 0) return {};
    auto closed = bus_->close_submission(burst_);
    if (!closed) return closed;
    if (broken_) return *broken_;
    if (setting_.networked)
      setting_.out.note("submission " + std::to_string(burst_) + ": " + counted(taken_, "file"));
    burst_ = 0;
    return {};
  }

  // --- what goes wrong ---

  // Unless it is the file that cannot be read, the error is everybody's.
  Result<bool> is_told(const std::string& path, const Error& error) {
    if (error.code != Code::kUnreadable) return error;
    complain(path, error);
    return true;
  }

  void refused(const std::string& path, const Error& error) {
    if (!concerns_one_file(error.code)) {
      broken_ = error;
      return;
    }
    setting_.out.note("not injected: " + escape(path) + ": " + error.message);
    setting_.out.incomplete();
  }

  // A file may have been a temporary one; what is there and cannot be read is missed.
  void complain(const std::string& path, const Error& error) {
    struct stat status {};
    const auto& watched = setting_.options.arguments();
    bool is_missed = lstat(path.c_str(), &status) == 0 || std::ranges::find(watched, path) != watched.end();
    if (is_missed) setting_.out.input_failed();
    setting_.out.note("cannot inject " + escape(path) + ": " + error.message);
  }

  Setting setting_;
  Bus* bus_ = nullptr;
  SubmissionId burst_ = 0;  // the open submission
  uint64_t taken_ = 0;      // files in it
  Clock::time_point begun_;
  std::optional<Error> broken_;  // of the bus, told by the answer to a push
};

Result<void> declare(const Options& options, Hello& hello) {
  for (const std::string& name : options.arguments()) {
    struct stat status {};
    bool is_directory = stat(name.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
    if (!is_directory)
      return Error{Code::kInvalid, "'" + escape(name) + "' is no directory that could be watched"};
  }
  return tell_sandbox(hello, check_file_type_database());
}

constexpr const char* kHelp =
    R"(Takes the files in the directories, and every file that comes later, as soon as it is complete: closed after it was
written, moved in, or linked. Labels are paths that begin with the directory's name: incoming/a.exe. Symbolic links,
pipes and devices are left out. With --recursive also what is in directories below, new ones included.

It runs until it is stopped (SIGINT, SIGTERM); in one process the chain then finishes what was taken and ends. Files that
come together are one submission, closed when nothing more comes, after 1,000 files or after 10 seconds.

Bytes that the bus has under the same name are not injected again: not after a restart or a crash either, as it is the
bus that is asked. So at its start every file is read, and a changed file is taken with its new bytes. A name in another
watched directory of the same base name is the same name.

What vanishes before it can be read, or cannot be read, is named on standard error and left out; the latter makes the exit
code 1, and so does a directory of DIRS that is gone; when all of them are, watch ends with exit code 75. Only a file of the same user, or of any if it runs as root, is known to be still open for writing when a
watch begins; others may be taken twice, half and whole.

Examples:
  rebus_agent --bus zmq watch --recursive /srv/incoming
  rebus_agent hasher unarchive watch incoming -- return --short md5_hash)";

}  // namespace

extern const AgentSpec watch_agent;
const AgentSpec watch_agent = {
    .name = kAgent,
    .summary = "files that come into directories enter the bus",
    .help = kHelp,
    .role = Role::kClient,  // a producer would keep the bus from being idle
    .yields = file_type_paths(),
    .options = {{.name = "-r,--recursive", .help = "watch the directories below, too"}},
    .arguments = {"DIRS", "directories to watch", 1, ArgumentsSpec::kMany},
    .stays = true,
    .make = [](const Setting& setting) -> std::unique_ptr<Agent> { return std::make_unique<Watch>(setting); },
    .declare = declare,
};

}  // namespace rebus
