#include "agents/support/file_type.h"

#include <fcntl.h>
#include <magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <system_error>

#include "agents/support/file_handle.h"
#include "agents/support/utf8_locale.h"
#include "descriptor/escape.h"
#include "descriptor/spool.h"

namespace rebus {
namespace {

constexpr uint64_t kWholeCopy = 64 << 20;
constexpr uint64_t kEdgeCopy = 16 << 20;
constexpr size_t kMaxWords = 16 << 10;

// Never look inside compressed data (a bomb would be unpacked), and never through a forked program.
constexpr int kAlways = MAGIC_NO_CHECK_COMPRESS;
// The encoding comes from the bytes alone; all rules off makes this pass nearly free.
constexpr int kNoRules = MAGIC_NO_CHECK_TAR | MAGIC_NO_CHECK_SOFT | MAGIC_NO_CHECK_APPTYPE |
                         MAGIC_NO_CHECK_ELF | MAGIC_NO_CHECK_TEXT | MAGIC_NO_CHECK_CDF | MAGIC_NO_CHECK_CSV |
                         MAGIC_NO_CHECK_TOKENS | MAGIC_NO_CHECK_JSON;

Error errno_error(const std::string& what) {
  return {Code::kFailed, what + ": " + std::generic_category().message(errno)};
}

// --- a file that libmagic can read ---

// libmagic moves the file offset, which all users of one descriptor share: a second opening has its own.
std::optional<FileHandle> reopen(int fd) {
  FileHandle own(open(("/proc/self/fd/" + std::to_string(fd)).c_str(), O_RDONLY | O_CLOEXEC));
  if (own.get() < 0) return std::nullopt;
  return own;
}

Result<void> copy_range(const Value& value, uint64_t from, uint64_t upto, int fd) {
  std::string buffer(std::min<uint64_t>(Value::kChunkSize, upto - from), '\0');
  if (lseek(fd, static_cast<off_t>(from), SEEK_SET) < 0) return errno_error("copying a value");
  while (from < upto) {
    size_t want = std::min<uint64_t>(buffer.size(), upto - from);
    auto count = value.read_at(from, {reinterpret_cast<uint8_t*>(buffer.data()), want});
    if (!count) return count.error();
    auto written = write_all(fd, as_bytes(std::string_view(buffer).substr(0, *count)), "copying a value");
    if (!written) return written;
    from += *count;
  }
  return {};
}

Result<void> copy_value(const Value& value, int fd) {
  if (const std::string* bytes = value.source().in_memory()) {
    return write_all(fd, as_bytes(*bytes), "copying a value");
  }
  if (value.size() <= kWholeCopy) return copy_range(value, 0, value.size(), fd);
  auto head = copy_range(value, 0, kEdgeCopy, fd);
  if (!head) return head;
  return copy_range(value, value.size() - kEdgeCopy, value.size(), fd);
}

// libmagic calls a position-independent program by that name only in an executable file: hence the mode.
Result<FileHandle> copy_to_memory(const Value& value) {
  FileHandle memory(memfd_create("rebus-file-type", MFD_CLOEXEC));
  if (memory.get() < 0 || fchmod(memory.get(), 0755) != 0) return errno_error("no memory to identify a file");
  auto copied = copy_value(value, memory.get());
  if (!copied) return copied.error();
  return memory;
}

Result<FileHandle> readable_file(const Value& value) {
  int fd = value.source().file_descriptor();
  if (fd >= 0) {
    if (auto own = reopen(fd)) return std::move(*own);
  }
  return copy_to_memory(value);
}

// --- libmagic ---

struct CloseMagic {
  void operator()(magic_t magic) const { magic_close(magic); }
};
using Magic = std::unique_ptr<magic_set, CloseMagic>;

Error database_error(const std::string& reason) {
  return {Code::kFailed, "the file type database of libmagic, " + std::string(magic_getpath(nullptr, 0)) +
                             ", cannot be used (" + escape(reason) +
                             "): install the package libmagic-mgc, or unset MAGIC"};
}

Result<Magic> load_magic() {
  Magic magic(magic_open(kAlways));
  if (!magic) return database_error("libmagic does not start");
  if (magic_load(magic.get(), nullptr) == 0) return magic;
  const char* reason = magic_error(magic.get());
  return database_error(reason != nullptr ? reason : "unknown reason");
}

Result<magic_t> magic_of_thread() {
  static thread_local Magic magic;
  if (!magic) {
    auto loaded = load_magic();
    if (!loaded) return loaded.error();
    magic = std::move(*loaded);
  }
  return magic.get();
}

std::optional<std::string> ask(magic_t magic, int fd, int flags) {
  if (lseek(fd, 0, SEEK_SET) < 0 || magic_setflags(magic, kAlways | flags) != 0) return std::nullopt;
  const char* answer = magic_descriptor(magic, fd);
  if (answer == nullptr) return std::nullopt;
  return std::string(std::string_view(answer).substr(0, kMaxWords));
}

// A rule that fails on hostile bytes is an answer, too; `file` prints it the same way.
std::string words_of(magic_t magic, int fd) {
  if (auto words = ask(magic, fd, MAGIC_NONE)) return *words;
  const char* reason = magic_error(magic);
  return "ERROR: " + std::string(reason != nullptr ? reason : "no reason given");
}

// --- the MIME type without a second run ---

struct KnownMime {
  std::string_view words;  // begin of the words
  std::string_view mime;
};

// The second run of all rules for the MIME type costs as much as the first. For these words, which most files
// have, the answer is always the same one (the test asks libmagic itself on real files).
constexpr KnownMime kKnownMimes[] = {
    {"empty", "inode/x-empty"},  // as `file` says of a path; libmagic of a descriptor: application/x-empty
    {"ASCII text", "text/plain"},
    {"Unicode text, UTF-8 text", "text/plain"},
    {"ISO-8859 text", "text/plain"},
    {"C source, ", "text/x-c"},
    {"C++ source, ", "text/x-c++"},
    {"assembler source, ", "text/x-asm"},
    {"POSIX shell script, ", "text/x-shellscript"},
    {"Bourne-Again shell script, ", "text/x-shellscript"},
    {"Perl script text executable", "text/x-perl"},
};

constexpr KnownMime kElfMimes[] = {
    {"shared object, ", "application/x-sharedlib"},
    {"pie executable, ", "application/x-pie-executable"},
    {"executable, ", "application/x-executable"},
    {"relocatable, ", "application/x-object"},
};

std::string_view lookup(std::span<const KnownMime> table, std::string_view words) {
  for (const KnownMime& known : table) {
    if (words.starts_with(known.words)) return known.mime;
  }
  return {};
}

std::string_view known_mime(std::string_view words) {
  for (std::string_view elf : {"ELF 64-bit LSB ", "ELF 32-bit LSB ", "ELF 32-bit MSB ", "ELF 64-bit MSB "}) {
    if (words.starts_with(elf)) return lookup(kElfMimes, words.substr(elf.size()));
  }
  return lookup(kKnownMimes, words);
}

std::string mime_of(magic_t magic, int fd, std::string_view words) {
  std::string_view known = known_mime(words);
  if (!known.empty()) return std::string(known);
  return ask(magic, fd, MAGIC_MIME_TYPE).value_or("application/octet-stream");
}

std::string encoding_of(magic_t magic, int fd) {
  return ask(magic, fd, MAGIC_MIME_ENCODING | kNoRules).value_or("binary");
}

}  // namespace

Result<FileType> identify(const Value& value) {
  auto magic = magic_of_thread();
  if (!magic) return magic.error();
  auto file = readable_file(value);
  if (!file) return file.error();
  Utf8Locale locale;
  FileType type;
  type.words = words_of(*magic, file->get());
  type.mime = mime_of(*magic, file->get(), type.words);
  type.encoding = encoding_of(*magic, file->get());
  return type;
}

Result<void> check_file_type_database() {
  auto magic = magic_of_thread();
  if (!magic) return magic.error();
  return {};
}

}  // namespace rebus
