#include "agents/parsers/magic.h"

#include <magic.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <span>

#include "agents/parsers/utf8_locale.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

constexpr size_t kMaxWords = 16 << 10;

// Never look inside compressed data (a bomb would be unpacked), and never through a forked program.
constexpr int kAlways = MAGIC_NO_CHECK_COMPRESS;
// The encoding comes from the bytes alone; all rules off makes this pass nearly free.
constexpr int kNoRules = MAGIC_NO_CHECK_TAR | MAGIC_NO_CHECK_SOFT | MAGIC_NO_CHECK_APPTYPE |
                         MAGIC_NO_CHECK_ELF | MAGIC_NO_CHECK_TEXT | MAGIC_NO_CHECK_CDF | MAGIC_NO_CHECK_CSV |
                         MAGIC_NO_CHECK_TOKENS | MAGIC_NO_CHECK_JSON;

// --- libmagic ---

Error database_error(const std::string& reason) {
  return {Code::kFailed, "the file type database of libmagic, " + std::string(magic_getpath(nullptr, 0)) +
                             ", cannot be used (" + escape(reason) +
                             "): install the package libmagic-mgc, or unset MAGIC"};
}

// libmagic takes an empty file for a database.
bool knows_gzip(magic_t magic) {
  constexpr std::string_view kBegin("\x1f\x8b\x08\0\0\0\0\0\0\3", 10);
  const char* answer = magic_buffer(magic, kBegin.data(), kBegin.size());
  return answer != nullptr && std::string_view(answer).starts_with("gzip");
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
    {"XML 1.0 document, ", "text/xml"},
    {"HTML document, ", "text/html"},
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

// A zero byte between others is in no encoding that libmagic knows but UTF-16 and UTF-32, and those only by
// the mark they begin with. What has zeros at its end only is left to libmagic.
bool is_binary(std::string_view begin) {
  for (std::string_view mark :
       {std::string_view("\xfe\xff"), std::string_view("\xff\xfe"), std::string_view("\0\0\xfe\xff", 4)}) {
    if (begin.starts_with(mark)) return false;
  }
  const size_t zero = begin.find('\0');
  return zero != begin.npos && begin.find_last_not_of('\0') > zero;
}

// libmagic looks at no more for it than what MagicSieve::kBegin is.
std::string encoding_of(magic_t magic, std::string_view begin) {
  if (is_binary(begin)) return "binary";
  const char* answer = magic_setflags(magic, kAlways | MAGIC_MIME_ENCODING | kNoRules) == 0
                           ? magic_buffer(magic, begin.data(), begin.size())
                           : nullptr;
  return answer != nullptr ? answer : "binary";
}

}  // namespace

Magic::Magic(MagicHandle magic)
    : magic_(std::move(magic)),
      choice_(std::make_unique<ChosenMagic>(kAlways)),
      buffer_(MagicSieve::kBegin + MagicSieve::kMore) {}

Result<Magic> Magic::load() {
  Magic out(MagicHandle(magic_open(kAlways)));
  if (!out.magic_) return database_error("libmagic does not start");
  if (magic_load(out.magic_.get(), nullptr) != 0) {
    const char* reason = magic_error(out.magic_.get());
    return database_error(reason != nullptr ? reason : "unknown reason");
  }
  return knows_gzip(out.magic_.get()) ? Result(std::move(out)) : database_error("it does not even know gzip");
}

FileType Magic::identify(int file) {
  Utf8Locale locale;
  magic_set* magic = chosen(file);
  FileType type;
  type.words = words_of(magic, file);
  type.mime = mime_of(magic, file, type.words);
  type.encoding = encoding_of(magic, begin_);
  return type;
}

magic_set* Magic::chosen(int file) {
  struct stat status = {};
  const ssize_t size = pread(file, buffer_.data(), MagicSieve::kBegin, 0);
  if (size < 0 || fstat(file, &status) != 0) return magic_.get();
  begin_ = {buffer_.data(), static_cast<size_t>(size)};
  magic_set* few = choice_->choose(begin_, static_cast<uint64_t>(status.st_size));
  return few != nullptr ? few : magic_.get();
}

}  // namespace rebus
