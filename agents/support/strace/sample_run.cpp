#include "agents/support/strace/sample_run.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>

#include "agents/support/child_program.h"
#include "agents/support/strace/guest_machine.h"
#include "agents/support/strace/host_handlers.h"
#include "agents/support/strace/trace_line.h"
#include "agents/support/strace/trace_reader.h"
#include "agents/support/strace/trace_summary.h"
#include "descriptor/escape.h"
#include "descriptor/file_handle.h"

namespace rebus {
namespace {

using How = ChildEnd::How;

constexpr uint64_t kMostSample = 256 << 20;    // bytes of the file
constexpr uint64_t kMostInMachine = 64 << 20;  // the same, in a machine
constexpr uint64_t kMostMemory = 1ULL << 30;   // of each process; of all, where there are cgroups
constexpr uint64_t kMostScratch = 64 << 20;    // bytes
constexpr uint64_t kSampleProcesses = 64;      // and threads
constexpr uint64_t kMostOutput = 64 << 10;     // bytes kept of what it writes itself
constexpr uint64_t kEventsPerTrace = 3;        // bytes of /strace/events to one of the trace, at most
constexpr const char* kSample = "sample";
constexpr const char* kQemu = "qemu-user";

// What strace says for whom: -f children, too; -q no attaching; times; strings whole up to 128 bytes.
const std::vector<std::string> kStrace = {"-f", "-q", "-ttt", "-s", "128", "--decode-pids=pidns"};

std::string place_of(const std::string& name) { return std::string(kCellInputs) + "/" + name; }

// The file's own, since some programs look at it, where it is harmless.
std::string name_of(const std::string& label) {
  constexpr size_t kMostName = 64;
  std::string name = label.substr(label.rfind('/') + 1);
  bool is_harmless = std::ranges::all_of(name, [](unsigned char c) {
    return c < 0x80 && (std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_');
  });
  bool is_taken = name.empty() || name == "." || name == ".." || name == kQemu;
  return is_harmless && !is_taken && name.size() <= kMostName ? name : kSample;
}

// Whoever stored or sent it was wrong, or lied: what another file does must not stand at this one.
Error not_the_sample() {
  return {Code::kFailed, "what came is not what its SHA-256 says, and is not run: is the store damaged?"};
}

Result<FileHandle> copy_of(const Value& value) {
  if (value.size() > kMostSample)
    return Error{Code::kLimit,
                 "it has more than " + std::to_string(kMostSample >> 20) + " MiB and is not run"};
  FileHandle file(memfd_create(kSample, MFD_CLOEXEC));
  Sha256 hash;
  auto copied = value.for_each_chunk([&](Bytes chunk) -> Result<void> {
    hash.update(chunk);
    while (!chunk.empty()) {
      ssize_t size = write(file.get(), chunk.data(), chunk.size());
      if (size <= 0) return Error{Code::kFailed, std::string("a copy: ") + std::strerror(errno)};
      chunk = chunk.subspan(static_cast<size_t>(size));
    }
    return {};
  });
  if (!copied) return copied.error();
  if (hash.finish() != value.digest()) return not_the_sample();
  return file;
}

// One run, and what is kept of it.
class SampleRun {
 public:
  SampleRun(Work& work, const SampleSetting& setting)
      : work_(work),
        setting_(setting),
        raw_(work.new_value()),
        events_(work.new_value()),
        name_(name_of(work.descriptor().label)),
        reader_(place_of(setting.engine == SampleEngine::kUser ? kQemu : name_),
                [this](const TraceEvent& event) { take(event); }) {}

  Result<void> run() {
    auto end = setting_.engine == SampleEngine::kSystem ? run_in_machine() : run_in_cell();
    reader_.end();
    if (!end) return end.error().code == Code::kNotFound ? not_started() : end.error();
    if (!error_.message.empty()) return error_;
    if (end->how == How::kExit && summary_.end().how == SampleEnd::How::kUnknown) end->how = How::kLost;
    return push(*end);
  }

 private:
  Result<ChildEnd> run_in_cell() {
    auto sample = copy_of(work_.value());
    if (!sample) return sample.error();
    ChildProgram program = this->program(sample->get());
    FileHandle qemu(-1);
    if (setting_.engine == SampleEngine::kUser) {
      qemu = FileHandle(open(setting_.qemu.c_str(), O_RDONLY | O_CLOEXEC));
      if (qemu.get() < 0) return Error{Code::kUnavailable, "there is no " + escape(setting_.qemu)};
      program.files.push_back({kQemu, qemu.get()});
      program.words.insert(program.words.begin(), place_of(kQemu));
    }
    return run_child(program, setting_.input);
  }

  Result<ChildEnd> run_in_machine() {
    auto sample = work_.value().load(kMostInMachine);
    if (!sample) return sample.error();
    if (sha256(as_bytes(*sample)) != work_.value().digest()) return not_the_sample();
    auto files = machine_files(setting_, name_, *sample);
    if (!files) return files.error();
    FileHandle kernel(open((setting_.machine + "/vmlinuz").c_str(), O_RDONLY | O_CLOEXEC));
    if (kernel.get() < 0)
      return Error{Code::kUnavailable, "there is no kernel in " + escape(setting_.machine)};
    ChildProgram program = machine_program(setting_, kernel.get(), files->get());
    MachineOutput output([this](std::string_view part) { return take_trace(part); },
                         [this](std::string_view part) { return take_output(part); });
    program.take_output = [&](std::string_view part) { return output.read(part); };
    auto end = run_child(program, "");
    if (!end) return end;
    if (is_not_started()) return Error{Code::kNotFound, ""};
    end->layers.emplace_back("virtual machine");
    if (output.was_time_over()) end->how = How::kTime;
    if (!output.is_whole() && end->how == How::kExit) end->how = How::kLost;
    return end;
  }

  ChildProgram program(int sample) {
    ChildProgram program{.words = {place_of(name_)},
                         .variables = setting_.environment,
                         .files = {{name_, sample}},
                         .time = setting_.time,
                         .most_output = UINT64_MAX,
                         .most_memory = kMostMemory,
                         .most_scratch = kMostScratch,
                         .most_processes = kSampleProcesses,
                         .system = setting_.system,
                         .is_sample = true,
                         .strace = kStrace};
    program.words.insert(program.words.end(), setting_.arguments.begin(), setting_.arguments.end());
    program.take_output = [this](std::string_view part) { return take_output(part); };
    program.take_trace = [this](std::string_view part) { return take_trace(part); };
    return program;
  }

  // It goes on when it has written enough: what it does is what counts.
  Result<void> take_output(std::string_view part) {
    const size_t room = kMostOutput - output_.size();
    is_output_cut_ = is_output_cut_ || part.size() > room;
    output_ += part.substr(0, room);
    return work_.progress();
  }

  Result<void> take_trace(std::string_view part) {
    const bool is_last = part.size() > setting_.most_trace - raw_->size();
    part = part.substr(0, setting_.most_trace - raw_->size());
    auto kept = raw_->append(as_bytes(part));
    if (!kept) return kept;
    reader_.read(part);
    if (!error_.message.empty()) return error_;
    is_trace_cut_ = is_trace_cut_ || is_last;
    if (is_trace_cut_) return Error{Code::kLimit, "enough"};
    return work_.progress();
  }

  void take(const TraceEvent& event) {
    summary_.add(event);
    const bool is_first = events_->size() == 0;
    if (is_first && event.has_failed()) start_error_ = event.result;
    std::string line = event.json() + "\n";
    is_trace_cut_ = is_trace_cut_ || events_->size() + line.size() > kEventsPerTrace * setting_.most_trace;
    if (is_trace_cut_ || !error_.message.empty()) return;
    auto kept = events_->append(as_bytes(line));
    if (!kept) error_ = kept.error();
  }

  // In a machine nobody says so but the trace.
  bool is_not_started() const { return !start_error_.empty(); }

  Error not_started() const {
    return {Code::kFailed, "it cannot be started: " + escape(start_error_.substr(0, 200)) +
                               "; is what interprets it, or a library, missing in the sandbox?"};
  }

  // Of files that are no programs for this processor. A machine has a kernel of its own.
  std::string handlers_that_may_run() const {
    std::string names;
    if (setting_.engine == SampleEngine::kSystem || !summary_.has_started_own()) return names;
    for (const std::string& name : host_handlers()) names += (names.empty() ? "" : ", ") + name;
    return names;
  }

  std::vector<std::string> gaps(const ChildEnd& end) const {
    std::vector<std::string> gaps;
    const std::string seconds = std::to_string(setting_.time.count());
    if (end.how == How::kTime) gaps.push_back("it was ended after " + seconds + " s");
    if (end.how == How::kMemory) gaps.push_back("it was ended because its memory was used up");
    if (end.how == How::kLost) gaps.push_back("it, or its tracer, was ended from outside");
    if (!reader_.has_begun()) gaps.push_back("its begin is not in the trace, so nothing of it was told");
    if (end.memory_kills > 0)
      gaps.push_back(counted(end.memory_kills, "kill") + " because its memory was used up");
    if (is_trace_cut_)
      gaps.push_back("it was ended after " + std::to_string(setting_.most_trace >> 20) + " MiB of trace");
    if (is_output_cut_) gaps.push_back("its output is cut at " + std::to_string(kMostOutput >> 10) + " KiB");
    if (reader_.strange_lines() > 0)
      gaps.push_back(counted(reader_.strange_lines(), "line") + " of the trace could not be read");
    if (auto handlers = handlers_that_may_run(); !handlers.empty())
      gaps.push_back("what it started may have been run by a handler of this host (binfmt_misc: " + handlers +
                     ")");
    for (std::string& gap : summary_.gaps()) gaps.push_back(std::move(gap));
    return gaps;
  }

  std::string end_json(const ChildEnd& end) const {
    JsonObject json;
    const SampleEnd& seen = summary_.end();
    if (seen.how == SampleEnd::How::kExited)
      return json.add("exit", leading_number(seen.what).value_or(0)).str();
    if (end.how == How::kMemory) return json.add("killed", "memory").str();
    if (end.how == How::kTime) return json.add("killed", "time").str();
    if (end.how == How::kOutput) return json.add("killed", "trace").str();
    if (seen.how == SampleEnd::How::kUnknown) return json.add("killed", "from outside").str();
    return json.add("signal", seen.what).str();
  }

  Result<void> push(const ChildEnd& end) {
    JsonObject summary;
    summary_.write_to(summary);
    summary.add("architecture", setting_.architecture).add("engine", engine_name(setting_.engine));
    const std::vector<std::string> gaps = this->gaps(end);
    summary.add_json("end", end_json(end)).add("partial", gaps).add("sandbox", end.layers);
    summary.add("output", output_).add("errors", end.err);
    auto pushed = work_.push("/strace/summary", summary.str(), Kind::kStructured);
    if (pushed) pushed = push_value("/strace/events", *events_, Kind::kText);
    if (pushed) pushed = push_value("/strace/raw", *raw_, Kind::kRaw);
    return pushed && !gaps.empty() ? push_limit(gaps) : pushed;
  }

  Result<void> push_limit(const std::vector<std::string>& gaps) {
    std::string reason;
    for (const std::string& gap : gaps) reason += (reason.empty() ? "" : "; ") + gap;
    return work_.push(std::string(kLimitPath) + "/strace", JsonObject().add("reason", reason).str(),
                      Kind::kStructured);
  }

  Result<void> push_value(const std::string& path, ValueWriter& writer, Kind kind) {
    auto value = writer.seal();
    if (!value) return value.error();
    NewDescriptor item;
    item.descriptor = make_child(work_.descriptor(), "strace_" + setting_.architecture, path, *value, kind);
    return work_.push(std::move(item));
  }

  Work& work_;
  const SampleSetting& setting_;
  std::unique_ptr<ValueWriter> raw_, events_;
  const std::string name_;  // that it runs by
  TraceSummary summary_;
  TraceReader reader_;
  std::string output_, start_error_;
  bool is_output_cut_ = false, is_trace_cut_ = false;
  Error error_;  // of keeping what was read
};

}  // namespace

Result<void> check_tracing() {
  auto ignore = [](std::string_view) { return Result<void>(); };
  auto end = run_child({.words = {"true"}, .strace = kStrace, .take_trace = ignore}, "");
  if (!end) return end.error();
  return {};
}

Result<void> run_sample(Work& work, const SampleSetting& setting) { return SampleRun(work, setting).run(); }

}  // namespace rebus
