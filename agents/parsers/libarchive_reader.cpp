#include "agents/parsers/libarchive_reader.h"

#include <archive.h>
#include <archive_entry.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <utility>

#include "agents/parsers/utf8_locale.h"
#include "agents/parsers/zip_layout.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

constexpr size_t kTarBlock = 512;
constexpr int kMaxRetries = 100;

struct FreeArchive {
  void operator()(struct archive* a) const { archive_read_free(a); }
};
using Archive = std::unique_ptr<struct archive, FreeArchive>;
using Support = int (*)(struct archive*);

// Left out: mtree (names files of this host), shar, and raw, which takes anything.
constexpr Support kFormats[] = {
    archive_read_support_format_tar, archive_read_support_format_zip,     archive_read_support_format_7zip,
    archive_read_support_format_rar, archive_read_support_format_rar5,    archive_read_support_format_cab,
    archive_read_support_format_ar,  archive_read_support_format_iso9660, archive_read_support_format_cpio,
    archive_read_support_format_lha, archive_read_support_format_xar,     archive_read_support_format_warc,
};

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

// The bytes of the archive, as libarchive wants them: sought in the value, or from inside its compressions.
struct LibarchiveReader::Source {
  explicit Source(Value of) : value(std::move(of)), inside(value) {
    if (inside.layers() == 0) plain.emplace(value);
  }
  bool is_plain() const { return plain.has_value(); }
  uint64_t size() const { return is_plain() ? value.size() : given; }

  Value value;
  Decompression inside;
  std::optional<ValueStream> plain;  // set if there are no compressions
  uint64_t given = 0;                // bytes of `inside`
  Bytes last;                        // the part given last
  std::array<uint8_t, kTarBlock> tail{};
  std::optional<Error> error;  // of reading or decompressing; libarchive is told of an end
  Archive archive;

  static la_ssize_t read(struct archive*, void* self, const void** data) {
    return static_cast<Source*>(self)->read_next(data);
  }
  static la_int64_t skip(struct archive*, void* self, la_int64_t count) {
    auto& source = *static_cast<Source*>(self);
    uint64_t position = source.plain->position();
    uint64_t left = source.value.size() - std::min(position, source.value.size());
    uint64_t skipped = std::min<uint64_t>(left, static_cast<uint64_t>(std::max<la_int64_t>(count, 0)));
    source.plain->seek(position + skipped);
    return static_cast<la_int64_t>(skipped);
  }
  static la_int64_t seek(struct archive*, void* self, la_int64_t offset, int whence) {
    auto& source = *static_cast<Source*>(self);
    la_int64_t base = whence == SEEK_SET   ? 0
                      : whence == SEEK_CUR ? static_cast<la_int64_t>(source.plain->position())
                                           : static_cast<la_int64_t>(source.value.size());
    la_int64_t target = 0;
    if (__builtin_add_overflow(base, offset, &target) || target < 0) return ARCHIVE_FATAL;
    source.plain->seek(static_cast<uint64_t>(target));
    return target;
  }

  Result<Bytes> next() {
    if (plain) return plain->next();
    auto part = inside.next();
    if (!part || part->empty()) return part;
    last = *part;
    given += last.size();
    size_t kept = std::min(last.size(), kTarBlock);
    std::copy_n(last.end() - static_cast<ptrdiff_t>(kept), kept, tail.end() - static_cast<ptrdiff_t>(kept));
    return last;
  }

 private:
  la_ssize_t read_next(const void** data) {
    auto part = next();
    if (!part) {
      error = part.error();
      return 0;
    }
    *data = part->data();
    return static_cast<la_ssize_t>(part->size());
  }
};

LibarchiveReader::LibarchiveReader(Value value, const std::vector<std::string>& passwords)
    : source_(std::make_unique<Source>(std::move(value))) {
  source_->archive.reset(archive_read_new());
  struct archive* a = source_->archive.get();
  if (a == nullptr) throw std::bad_alloc();
  for (Support support : kFormats) support(a);
  for (const std::string& password : passwords) archive_read_add_passphrase(a, password.c_str());
}

LibarchiveReader::~LibarchiveReader() = default;

Error LibarchiveReader::failure(const std::string& what) const {
  if (source_->error) return *source_->error;
  std::string reason = text_or_empty(archive_error_string(source_->archive.get()));
  return {Code::kFailed, escape(reason.empty() ? what : reason)};
}

Result<void> LibarchiveReader::open() {
  struct archive* a = source_->archive.get();
  archive_read_set_read_callback(a, &Source::read);
  if (source_->is_plain()) {
    archive_read_set_skip_callback(a, &Source::skip);
    archive_read_set_seek_callback(a, &Source::seek);
  }
  archive_read_set_callback_data(a, source_.get());
  is_open_ = archive_read_open1(a) == ARCHIVE_OK;
  if (!is_open_) return failure("cannot be opened");
  return {};
}

Result<std::optional<ArchiveMember>> LibarchiveReader::next() {
  Utf8Locale locale;
  if (!is_open_) {
    auto opened = open();
    if (!opened) return opened.error();
  }
  for (int retry = 0; retry < kMaxRetries; retry++) {
    archive_entry* entry = nullptr;
    int status = archive_read_next_header(source_->archive.get(), &entry);
    if (status == ARCHIVE_EOF && source_->error) return *source_->error;
    if (status == ARCHIVE_EOF) return std::optional<ArchiveMember>();
    if (status == ARCHIVE_FATAL) return failure("damaged");
    if (status != ARCHIVE_OK) note_damage(status);
    if (status != ARCHIVE_OK && status != ARCHIVE_WARN) continue;
    ArchiveMember member = member_of(entry, next_index_++);
    if (member.type == ArchiveMember::Type::kDirectory && member.size > 0) look_into_directory(member);
    if (format() == ARCHIVE_FORMAT_RAR_V5) look_at_rar5(member);
    return std::optional(std::move(member));
  }
  return failure("damaged headers");
}

// Bytes of a directory: in a tar the list of an incremental backup, in a zip a good place to hide something.
// Other formats have them by their nature.
void LibarchiveReader::look_into_directory(ArchiveMember& member) const {
  if (format() == ARCHIVE_FORMAT_TAR) member.type = ArchiveMember::Type::kFile;
  member.is_unreadable = has_directory();
}

void LibarchiveReader::look_at_rar5(ArchiveMember& member) {
  if (!rar5_) rar5_.emplace(source_->value);
  rar5_file_ = rar5_->next().value_or(Rar5Headers::File());
  member.encrypted = member.encrypted || rar5_file_.is_encrypted;
}

// A name in a character set that it does not know is no damage: the bytes are there.
void LibarchiveReader::note_damage(int status) {
  std::string reason = text_or_empty(archive_error_string(source_->archive.get()));
  bool is_charset = status == ARCHIVE_WARN && reason.find("t be converted") != std::string::npos;
  if (!is_charset && !damage_) damage_ = escape(reason.empty() ? "damaged headers" : reason);
}

// One call of libarchive, and what it means.
struct LibarchiveReader::Block {
  int status = ARCHIVE_OK;
  Bytes bytes;
  uint64_t offset = 0;
};

LibarchiveReader::Block LibarchiveReader::next_block() {
  struct archive* a = source_->archive.get();
  const void* data = nullptr;
  size_t size = 0;
  la_int64_t offset = 0;
  int status = archive_read_data_block(a, &data, &size, &offset);
  if (status == ARCHIVE_EOF) size = 0;
  // Only tar tells its length at the end (that of a last hole); elsewhere the number means nothing then.
  bool is_tar = format() == ARCHIVE_FORMAT_TAR;
  if (status == ARCHIVE_EOF && !is_tar) offset = 0;
  return {status,
          {static_cast<const uint8_t*>(data), size},
          static_cast<uint64_t>(std::max<la_int64_t>(offset, 0))};
}

LibarchiveReader::Reading LibarchiveReader::read(const Use& use) {
  Utf8Locale locale;
  if (rar5_file_.is_encrypted) return {End::kUnreadable, "encryption of RAR 5 is not supported", {}};
  Reading reading;
  uint32_t checksum = 0;
  for (int idle = 0; idle < kMaxIdleCalls;) {
    Block block = next_block();
    bool ends = block.status == ARCHIVE_EOF;
    if (block.status == ARCHIVE_FATAL) return ended(End::kBroken);
    if (block.status == ARCHIVE_FAILED) return ended(End::kUnreadable);
    if (block.status == ARCHIVE_WARN) reading = ended(End::kDamaged);
    if (!block.bytes.empty() || ends) {
      auto used = use(block.offset, block.bytes);
      if (!used) return {End::kStopped, {}, used.error()};
      if (rar5_file_.checksum) checksum = crc32_z(checksum, block.bytes.data(), block.bytes.size());
    }
    if (ends) return checked(reading, checksum);
    idle = block.bytes.empty() ? idle + 1 : 0;
  }
  return {End::kBroken, "no more data comes", {}};
}

LibarchiveReader::Reading LibarchiveReader::checked(Reading reading, uint32_t checksum) const {
  bool is_wrong = rar5_file_.checksum && *rar5_file_.checksum != checksum;
  return is_wrong && reading.end == End::kWhole ? Reading{End::kDamaged, "its checksum is wrong", {}}
                                                : reading;
}

LibarchiveReader::Reading LibarchiveReader::ended(End end) const {
  const std::optional<Error>& error = source_->error;
  if (error && error->code != Code::kFailed) return {end, {}, error};
  if (error) return {end, error->message, {}};
  return {end, escape(text_or_empty(archive_error_string(source_->archive.get()))), {}};
}

int LibarchiveReader::format() const {
  return archive_format(source_->archive.get()) & ARCHIVE_FORMAT_BASE_MASK;
}

uint64_t LibarchiveReader::position() const {
  return static_cast<uint64_t>(archive_filter_bytes(source_->archive.get(), 0));
}

Result<bool> LibarchiveReader::ended_early() {
  if (format() == ARCHIVE_FORMAT_AR) return position() < source_->size();
  if (format() == ARCHIVE_FORMAT_ISO9660) return is_cut_image();
  if (format() != ARCHIVE_FORMAT_TAR || position() < kTarBlock) return false;
  auto last = source_->tail;
  if (source_->is_plain()) {
    auto count = source_->value.read_at(position() - kTarBlock, last);
    if (!count) return count.error();
  } else if (position() < source_->given) {
    return false;
  }
  return std::ranges::any_of(last, [](uint8_t byte) { return byte != 0; });
}

// The primary volume descriptor tells the number of blocks of the volume (ECMA-119, 8.4.8).
Result<bool> LibarchiveReader::is_cut_image() const {
  constexpr uint64_t kDescriptor = 16 * 2048;
  std::array<uint8_t, 132> descriptor{};
  if (!source_->is_plain()) return false;
  auto count = source_->value.read_at(kDescriptor, descriptor);
  if (!count) return count.error();
  auto number = [&](size_t at, size_t size) {
    uint64_t sum = 0;
    for (size_t i = 0; i < size; i++) sum |= uint64_t{descriptor[at + i]} << (8 * i);
    return sum;
  };
  return number(80, 4) * number(128, 2) > source_->value.size();
}

Result<ContainedBytes::Rest> LibarchiveReader::rest() {
  auto part = rest_bytes();
  return part ? Result<Rest>(Rest{part->size(), all_zero(*part)}) : part.error();
}

Result<Bytes> LibarchiveReader::rest_bytes() {
  if (!std::exchange(is_at_rest_, true)) {
    auto looked = look_beside_directory();
    if (!looked) return looked.error();
    uint64_t at = position();
    if (source_->is_plain()) {
      source_->plain->seek(has_own_end() ? at : source_->value.size());
    } else if (size_t left = source_->given - std::min(at, source_->given); left > 0) {
      return source_->last.last(std::min(left, source_->last.size()));
    }
  }
  auto part = source_->next();
  if (!part || !part->empty() || source_->is_plain()) return part;
  return source_->inside.rest();
}

Result<void> LibarchiveReader::look_beside_directory() {
  if (!source_->is_plain() || format() != ARCHIVE_FORMAT_ZIP) return {};
  auto more = zip_has_more(source_->value);
  if (!more) return more.error();
  has_more_ = *more;
  return {};
}

bool LibarchiveReader::is_compressed_zip() const {
  return is_compressed() && source_->inside.begin() == "PK\3\4";
}

bool LibarchiveReader::has_own_end() const {
  return format() == ARCHIVE_FORMAT_TAR || format() == ARCHIVE_FORMAT_CPIO;
}

bool LibarchiveReader::has_trailing() const { return has_more_ || source_->inside.has_trailing(); }

bool LibarchiveReader::is_compressed() const { return source_->inside.layers() > 0; }

bool LibarchiveReader::has_directory() const {
  return format() == ARCHIVE_FORMAT_ZIP || format() == ARCHIVE_FORMAT_7ZIP;
}

// --- a single file ---

ContainedBytes::Reading SingleContent::read(const Use& use) {
  for (uint64_t offset = 0;;) {
    auto part = content_.next();
    bool is_damaged = !part && part.error().code == Code::kFailed;
    if (is_damaged) return {content_.check_failed() ? End::kDamaged : End::kBroken, part.error().message, {}};
    if (!part) return {End::kBroken, {}, part.error()};
    if (part->empty()) return {};
    auto used = use(offset, *part);
    if (!used) return {End::kStopped, {}, used.error()};
    offset += part->size();
  }
}

Result<ContainedBytes::Rest> SingleContent::rest() {
  auto part = content_.rest();
  return part ? Result<Rest>(Rest{part->size(), all_zero(*part)}) : part.error();
}

}  // namespace rebus
