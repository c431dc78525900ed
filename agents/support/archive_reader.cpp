#include "agents/support/archive_reader.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "agents/support/utf8_locale.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

constexpr size_t kReadBytes = 256 << 10;
constexpr size_t kTarBlock = 512;
constexpr int kMaxRetries = 100;
// Calls in a row that give neither bytes nor an end.
constexpr int kMaxIdleCalls = 1000;

struct FreeArchive {
  void operator()(struct archive* a) const { archive_read_free(a); }
};
using Archive = std::unique_ptr<struct archive, FreeArchive>;
using Support = int (*)(struct archive*);

constexpr Support kFilters[] = {
    archive_read_support_filter_gzip, archive_read_support_filter_bzip2, archive_read_support_filter_compress,
    archive_read_support_filter_lzma, archive_read_support_filter_xz,    archive_read_support_filter_lzip,
    archive_read_support_filter_lz4,  archive_read_support_filter_zstd,  archive_read_support_filter_rpm,
};

// Left out: mtree (names files of this host), shar, and raw, which takes anything.
constexpr Support kFormats[] = {
    archive_read_support_format_tar, archive_read_support_format_zip,     archive_read_support_format_7zip,
    archive_read_support_format_rar, archive_read_support_format_rar5,    archive_read_support_format_cab,
    archive_read_support_format_ar,  archive_read_support_format_iso9660, archive_read_support_format_cpio,
    archive_read_support_format_lha, archive_read_support_format_xar,     archive_read_support_format_warc,
};

// Anything but ARCHIVE_OK says that libarchive would start an external program for this compression. It
// cannot be taken back from a reader, so each is tried on one that is thrown away.
bool is_built_in(Support filter) {
  Archive scratch(archive_read_new());
  return scratch && filter(scratch.get()) == ARCHIVE_OK;
}

const std::vector<Support>& built_in_filters() {
  static const std::vector<Support> filters = [] {
    std::vector<Support> found;
    std::copy_if(std::begin(kFilters), std::end(kFilters), std::back_inserter(found), is_built_in);
    return found;
  }();
  return filters;
}

std::string text_or_empty(const char* text) { return text != nullptr ? text : ""; }

std::string name_of(archive_entry* entry) {
  const char* name = archive_entry_pathname(entry);  // the raw bytes; nullptr if they cannot be told
  return text_or_empty(name != nullptr ? name : archive_entry_pathname_utf8(entry));
}

ArchiveMember::Type type_of(archive_entry* entry) {
  if (archive_entry_hardlink(entry) != nullptr || archive_entry_hardlink_utf8(entry) != nullptr) {
    return ArchiveMember::Type::kHardlink;
  }
  switch (archive_entry_filetype(entry)) {
    case AE_IFREG:
      return ArchiveMember::Type::kFile;
    case AE_IFLNK:
      return ArchiveMember::Type::kSymlink;
    case AE_IFDIR:
      return ArchiveMember::Type::kDirectory;
    case 0:
      return ArchiveMember::Type::kFile;  // formats without file types
    default:
      return ArchiveMember::Type::kOther;
  }
}

std::string target_of(archive_entry* entry, ArchiveMember::Type type) {
  if (type == ArchiveMember::Type::kSymlink) return text_or_empty(archive_entry_symlink(entry));
  if (type != ArchiveMember::Type::kHardlink) return {};
  const char* target = archive_entry_hardlink(entry);
  return text_or_empty(target != nullptr ? target : archive_entry_hardlink_utf8(entry));
}

ArchiveMember member_of(archive_entry* entry, uint64_t index) {
  ArchiveMember member;
  member.type = type_of(entry);
  member.index = index;
  member.name = name_of(entry);
  member.link_target = target_of(entry, member.type);
  member.encrypted = archive_entry_is_encrypted(entry) != 0;
  member.size = archive_entry_size_is_set(entry)
                    ? static_cast<uint64_t>(std::max<la_int64_t>(archive_entry_size(entry), 0))
                    : 0;
  member.device = static_cast<uint64_t>(archive_entry_dev(entry));
  member.inode = static_cast<uint64_t>(archive_entry_ino64(entry));
  member.links = archive_entry_nlink(entry);
  return member;
}

}  // namespace

// The bytes under the archive, as libarchive wants them.
struct ArchiveReader::Source {
  Value value;
  uint64_t position = 0;
  std::vector<uint8_t> buffer;
  std::optional<Error> error;  // of reading the value
  Archive archive;

  static la_ssize_t read(struct archive* a, void* self, const void** data) {
    return static_cast<Source*>(self)->read_next(a, data);
  }
  static la_int64_t skip(struct archive*, void* self, la_int64_t count) {
    auto& source = *static_cast<Source*>(self);
    uint64_t left = source.value.size() - std::min(source.position, source.value.size());
    uint64_t skipped = std::min<uint64_t>(left, static_cast<uint64_t>(std::max<la_int64_t>(count, 0)));
    source.position += skipped;
    return static_cast<la_int64_t>(skipped);
  }
  static la_int64_t seek(struct archive*, void* self, la_int64_t offset, int whence) {
    auto& source = *static_cast<Source*>(self);
    la_int64_t base = whence == SEEK_SET   ? 0
                      : whence == SEEK_CUR ? static_cast<la_int64_t>(source.position)
                                           : static_cast<la_int64_t>(source.value.size());
    la_int64_t target = 0;
    if (__builtin_add_overflow(base, offset, &target) || target < 0) return ARCHIVE_FATAL;
    source.position = static_cast<uint64_t>(target);
    return target;
  }

 private:
  la_ssize_t read_next(struct archive* a, const void** data) {
    if (const std::string* bytes = value.source().in_memory()) return whole(*bytes, data);
    buffer.resize(kReadBytes);
    auto count = value.read_at(position, buffer);
    if (!count) {
      error = count.error();
      archive_set_error(a, EIO, "%s", "the archive itself could not be read");
      return -1;
    }
    position += *count;
    *data = buffer.data();
    return static_cast<la_ssize_t>(*count);
  }

  la_ssize_t whole(const std::string& bytes, const void** data) {
    size_t start = std::min<uint64_t>(position, bytes.size());
    *data = bytes.data() + start;
    position = bytes.size();
    return static_cast<la_ssize_t>(bytes.size() - start);
  }
};

ArchiveReader::ArchiveReader(Value value, Content content, const std::vector<std::string>& passwords)
    : source_(std::make_unique<Source>()) {
  source_->value = std::move(value);
  source_->archive.reset(archive_read_new());
  struct archive* a = source_->archive.get();
  if (a == nullptr) throw std::bad_alloc();
  for (Support filter : built_in_filters()) filter(a);
  if (content == Content::kSingleFile) {
    archive_read_support_format_raw(a);
    archive_read_support_format_empty(a);  // raw wants at least one byte
  } else {
    for (Support format : kFormats) format(a);
  }
  for (const std::string& password : passwords) archive_read_add_passphrase(a, password.c_str());
}

ArchiveReader::~ArchiveReader() = default;

Error ArchiveReader::failure(const std::string& what) const {
  if (source_->error) return *source_->error;
  std::string reason = text_or_empty(archive_error_string(source_->archive.get()));
  bool nested = reason.find("too many filters") != std::string::npos;
  if (reason.empty()) reason = what;
  return {nested ? Code::kLimit : Code::kFailed, escape(reason)};
}

Result<void> ArchiveReader::open() {
  struct archive* a = source_->archive.get();
  archive_read_set_read_callback(a, &Source::read);
  archive_read_set_skip_callback(a, &Source::skip);
  archive_read_set_seek_callback(a, &Source::seek);
  archive_read_set_callback_data(a, source_.get());
  is_open_ = archive_read_open1(a) == ARCHIVE_OK;
  if (!is_open_) return failure("cannot be opened");
  return {};
}

Result<std::optional<ArchiveMember>> ArchiveReader::next() {
  Utf8Locale locale;
  if (!is_open_) {
    auto opened = open();
    if (!opened) return opened.error();
  }
  for (int retry = 0; retry < kMaxRetries; retry++) {
    archive_entry* entry = nullptr;
    int status = archive_read_next_header(source_->archive.get(), &entry);
    if (status == ARCHIVE_EOF) return std::optional<ArchiveMember>();
    if (status == ARCHIVE_OK || status == ARCHIVE_WARN) return std::optional(member_of(entry, next_index_++));
    if (status == ARCHIVE_FATAL) return failure("damaged");
  }
  return failure("damaged headers");
}

// One call of libarchive, and what it means.
struct ArchiveReader::Block {
  int status = ARCHIVE_OK;
  Bytes bytes;
  uint64_t offset = 0;
};

ArchiveReader::Block ArchiveReader::next_block() {
  struct archive* a = source_->archive.get();
  const void* data = nullptr;
  size_t size = 0;
  la_int64_t offset = 0;
  int status = archive_read_data_block(a, &data, &size, &offset);
  if (status == ARCHIVE_EOF) size = 0;
  // Only tar tells its length at the end (that of a last hole); elsewhere the number means nothing then.
  bool is_tar = (archive_format(a) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_TAR;
  if (status == ARCHIVE_EOF && !is_tar) offset = 0;
  return {status,
          {static_cast<const uint8_t*>(data), size},
          static_cast<uint64_t>(std::max<la_int64_t>(offset, 0))};
}

ArchiveReader::Reading ArchiveReader::read(const Use& use) {
  Utf8Locale locale;
  Reading reading;
  for (int idle = 0; idle < kMaxIdleCalls;) {
    Block block = next_block();
    bool ends = block.status == ARCHIVE_EOF;
    if (block.status == ARCHIVE_FATAL) return ended(End::kBroken);
    if (block.status == ARCHIVE_FAILED) return ended(End::kUnreadable);
    if (block.status == ARCHIVE_WARN) reading = ended(End::kDamaged);
    if (!block.bytes.empty() || ends) {
      auto used = use(block.offset, block.bytes);
      if (!used) return {End::kStopped, {}, used.error()};
    }
    if (ends) return reading;
    idle = block.bytes.empty() ? idle + 1 : 0;
  }
  return {End::kBroken, "no more data comes", {}};
}

ArchiveReader::Reading ArchiveReader::ended(End end) const {
  return {end, escape(text_or_empty(archive_error_string(source_->archive.get()))), source_->error};
}

Result<bool> ArchiveReader::ended_early() const {
  struct archive* a = source_->archive.get();
  if (compressions() > 0) return false;  // the compression told its own end
  int format = archive_format(a) & ARCHIVE_FORMAT_BASE_MASK;
  auto position = static_cast<uint64_t>(archive_filter_bytes(a, 0));
  if (format == ARCHIVE_FORMAT_AR) return position < source_->value.size();
  if (format != ARCHIVE_FORMAT_TAR || position < kTarBlock) return false;
  std::array<uint8_t, kTarBlock> last{};
  auto count = source_->value.read_at(position - kTarBlock, last);
  if (!count) return count.error();
  return std::ranges::any_of(last, [](uint8_t byte) { return byte != 0; });
}

int ArchiveReader::compressions() const { return archive_filter_count(source_->archive.get()) - 1; }

bool ArchiveReader::has_directory() const {
  int format = archive_format(source_->archive.get()) & ARCHIVE_FORMAT_BASE_MASK;
  return format == ARCHIVE_FORMAT_ZIP || format == ARCHIVE_FORMAT_7ZIP;
}

bool ArchiveReader::tells_of_encryption(const std::string& message) {
  for (const char* word : {"ncrypt", "assphrase", "Crypto codec"}) {
    if (message.find(word) != std::string::npos) return true;
  }
  return false;
}

}  // namespace rebus
