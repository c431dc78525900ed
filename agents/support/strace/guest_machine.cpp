#include "agents/support/strace/guest_machine.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "descriptor/escape.h"

namespace rebus {
namespace {

constexpr std::chrono::seconds kBootPatience{60};  // it takes some 2 s
constexpr uint64_t kMachineMemory = 3ULL << 30;    // of qemu, with the 512 MiB of the machine
constexpr size_t kMostConsoleLine = 1 << 20;       // bytes; longer ones are no lines of strace

// An archive in the form "newc", which the kernel unpacks (its Documentation/driver-api/early-userspace/
// buffer-format.rst); it may follow another one.
class Initramfs {
 public:
  void add_folder(const std::string& name) { add(name, 0040755, ""); }
  void add_file(const std::string& name, unsigned mode, const std::string& bytes) {
    add(name, 0100000 | mode, bytes);
  }
  std::string take() {
    add("TRAILER!!!", 0, "");
    return std::move(bytes_);
  }

 private:
  void add(const std::string& name, unsigned mode, const std::string& bytes) {
    std::array<char, 128> header{};
    std::snprintf(header.data(), header.size(),
                  "070701%08X%08X%08X%08X%08X%08X%08zX%08X%08X%08X%08X%08zX%08X", ++number_, mode, 0U, 0U, 1U,
                  0U, bytes.size(), 0U, 0U, 0U, 0U, name.size() + 1, 0U);
    bytes_ += header.data() + name + '\0';
    pad();
    bytes_ += bytes;
    pad();
  }
  void pad() { bytes_.resize((bytes_.size() + 3) / 4 * 4); }

  std::string bytes_;
  unsigned number_ = 0;
};

std::string quoted(const std::string& word) {
  std::string text = "'";
  for (char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

// Read by the shell of tools/arm64_system.sh. strace is root there, the sample nobody.
std::string script_of(const SampleSetting& setting, const std::string& program) {
  std::string words = "busybox env -i PATH=/usr/bin:/bin HOME=/tmp";
  for (const std::string& variable : setting.environment) words += " " + quoted(variable);
  words += " strace -u nobody -f -q -ttt -s 128 -o /dev/ttyAMA0 " + quoted(program);
  for (const std::string& argument : setting.arguments) words += " " + quoted(argument);
  return "ulimit -u 64\n" + words + " < /rebus/stdin > /output/out 2>&1 &\npid=$!\n(busybox sleep " +
         std::to_string(setting.time.count()) +
         "; : > /output/late; kill -9 $pid) &\nwait $pid\n"
         "[ -e /output/late ] && busybox printf '\\n=time\\n' > /dev/ttyAMA0\n";
}

Result<void> write_all(const FileHandle& file, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t size = write(file.get(), bytes.data(), bytes.size());
    if (size <= 0) return Error{Code::kFailed, std::string("the machine's files: ") + std::strerror(errno)};
    bytes.remove_prefix(static_cast<size_t>(size));
  }
  return {};
}

Result<std::string> file_at(const std::string& path) {
  FileHandle file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string bytes;
  std::array<char, 64 << 10> part{};
  ssize_t size = -1;
  while (file.get() >= 0 && (size = read(file.get(), part.data(), part.size())) > 0)
    bytes.append(part.data(), static_cast<size_t>(size));
  if (size < 0) return Error{Code::kUnavailable, escape(path) + ": " + std::strerror(errno)};
  return bytes;
}

}  // namespace

const char* engine_name(SampleEngine engine) {
  constexpr const char* kNames[] = {"native", "user", "system"};
  return kNames[static_cast<size_t>(engine)];
}

Result<void> check_machine(const std::string& folder) {
  bool is_there = !folder.empty() && access((folder + "/vmlinuz").c_str(), R_OK) == 0 &&
                  access((folder + "/initrd").c_str(), R_OK) == 0;
  if (!is_there)
    return Error{Code::kUnavailable,
                 "--engine system wants a machine: tools/arm64_system.sh FOLDER makes one, "
                 "--machine FOLDER names it"};
  if (is_installed("qemu-system-aarch64")) return {};
  return Error{Code::kUnavailable,
               "there is no qemu-system-aarch64 in $PATH (Debian: apt-get install qemu-system-arm)"};
}

Result<FileHandle> machine_files(const SampleSetting& setting, const std::string& name,
                                 const std::string& sample) {
  auto files = file_at(setting.machine + "/initrd");
  if (!files) return files.error();
  files->resize((files->size() + 3) / 4 * 4);
  const std::string folder = std::string(kCellInputs).substr(1);
  Initramfs more;
  more.add_folder("rebus");
  more.add_folder(folder);
  more.add_file("rebus/run", 0400, script_of(setting, std::string(kCellInputs) + "/" + name));
  more.add_file("rebus/stdin", 0400, setting.input);
  more.add_file(folder + "/" + name, 0555, sample);
  FileHandle file(memfd_create("machine", MFD_CLOEXEC));
  auto written = write_all(file, *files);
  if (written) written = write_all(file, more.take());
  if (!written) return written.error();
  return file;
}

ChildProgram machine_program(const SampleSetting& setting, int kernel, int files) {
  const std::string place = std::string(kCellInputs) + "/";
  return {.words = {"qemu-system-aarch64",
                    "-M",
                    "virt",
                    "-cpu",
                    "cortex-a57",
                    "-accel",
                    "tcg,tb-size=64",
                    "-m",
                    "512",
                    "-smp",
                    "1",
                    "-display",
                    "none",
                    "-monitor",
                    "none",
                    "-serial",
                    "stdio",
                    "-no-reboot",
                    "-nic",
                    "none",
                    "-kernel",
                    place + "vmlinuz",
                    "-initrd",
                    place + "initrd",
                    "-append",
                    "console=ttynull quiet panic=-1 rdinit=/init"},
          .files = {{"vmlinuz", kernel}, {"initrd", files}},
          .time = setting.time + kBootPatience,
          .most_output = UINT64_MAX,
          .most_memory = kMachineMemory};
}

// Lines of strace begin with a number; those of /init with "=", behind an empty one, or the end of a line
// that was cut off.
Result<void> MachineOutput::read(std::string_view bytes) {
  while (!bytes.empty() && !is_output_) {
    std::string_view part = bytes.substr(0, bytes.find('\n') + 1);
    if (part.empty()) part = bytes;
    bytes.remove_prefix(part.size());
    line_ += part;
    if (!line_.ends_with('\n') && line_.size() < kMostConsoleLine) continue;
    is_output_ = line_ == "=output\n";
    was_time_over_ = was_time_over_ || line_ == "=time\n";
    bool is_trace = !line_.starts_with('=') && line_ != "\n";
    auto taken = is_trace ? take_trace_(line_) : Result<void>();
    line_.clear();
    if (!taken) return taken;
  }
  return is_output_ && !bytes.empty() ? take_output_(bytes) : Result<void>();
}

}  // namespace rebus
