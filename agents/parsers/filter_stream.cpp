#include "agents/parsers/filter_stream.h"

#include <archive.h>
#include <archive_entry.h>

#include <new>
#include <utility>

#include "descriptor/escape.h"

namespace rebus {
namespace {

using Support = int (*)(struct archive*);

constexpr Support kFilters[] = {
    archive_read_support_filter_bzip2, archive_read_support_filter_compress, archive_read_support_filter_lzma,
    archive_read_support_filter_xz,    archive_read_support_filter_lzip,     archive_read_support_filter_lz4,
    archive_read_support_filter_zstd,  archive_read_support_filter_rpm,
};

// Anything but ARCHIVE_OK says that libarchive would start an external program for this compression. It
// cannot be taken back from a reader, so each is tried on one that is thrown away.
bool is_built_in(Support filter) {
  struct archive* scratch = archive_read_new();
  bool ok = scratch != nullptr && filter(scratch) == ARCHIVE_OK;
  archive_read_free(scratch);
  return ok;
}

const std::vector<Support>& built_in_filters() {
  static const std::vector<Support> filters = [] {
    std::vector<Support> found;
    std::copy_if(std::begin(kFilters), std::end(kFilters), std::back_inserter(found), is_built_in);
    return found;
  }();
  return filters;
}

}  // namespace

// An error below is an end for libarchive, which would otherwise drop what it has taken off so far.
struct FilterStream::Input {
  explicit Input(std::unique_ptr<ByteStream> of) : below(std::move(of)) {}
  std::unique_ptr<ByteStream> below;
  std::optional<Error> error;
  Bytes last;          // the part given last
  uint64_t given = 0;  // bytes

  static la_ssize_t read(struct archive*, void* self, const void** data) {
    auto& input = *static_cast<Input*>(self);
    auto part = input.below->next();
    if (!part) {
      input.error = part.error();
      return 0;
    }
    if (!part->empty()) input.last = *part;
    input.given += part->size();
    *data = part->data();
    return static_cast<la_ssize_t>(part->size());
  }
};

FilterStream::FilterStream(std::unique_ptr<ByteStream> below)
    : input_(std::make_unique<Input>(std::move(below))), archive_(archive_read_new()) {
  if (archive_ == nullptr) throw std::bad_alloc();
  for (Support filter : built_in_filters()) filter(archive_);
  archive_read_support_format_raw(archive_);
  archive_read_support_format_empty(archive_);  // raw wants at least one byte
  open();
}

FilterStream::~FilterStream() { archive_read_free(archive_); }

void FilterStream::open() {
  archive_entry* entry = nullptr;
  int status = archive_read_open(archive_, input_.get(), nullptr, &Input::read, nullptr);
  if (status == ARCHIVE_OK) status = archive_read_next_header(archive_, &entry);
  compressions_ = std::max(archive_filter_count(archive_) - 1, 0);
  ended_ = status == ARCHIVE_EOF;
  if (status == ARCHIVE_OK || status == ARCHIVE_EOF) return;
  error_ = failure();
  compressions_ = std::max(compressions_, 1);  // the bare bytes would not have failed
}

// Bytes of the last part that no compression took.
size_t FilterStream::unused() const {
  auto used = static_cast<uint64_t>(archive_filter_bytes(archive_, -1));
  return std::min<uint64_t>(input_->given - std::min(used, input_->given), input_->last.size());
}

Result<Bytes> FilterStream::rest() {
  if (compressions_ == 0) return input_->below->rest();
  size_t left = std::exchange(is_at_rest_, true) ? 0 : unused();
  if (left > 0) return input_->last.last(left);
  return input_->below->next();
}

Error FilterStream::failure() const {
  if (input_->error) return *input_->error;
  const char* reason = archive_error_string(archive_);
  std::string text = reason != nullptr ? reason : "damaged";
  bool nested = text.find("too many filters") != std::string::npos;
  return {nested ? Code::kLimit : Code::kFailed, escape(text)};
}

Result<Bytes> FilterStream::next() {
  for (int idle = 0; !ended_ && !error_; idle++) {
    const void* data = nullptr;
    size_t size = 0;
    la_int64_t offset = 0;
    int status = archive_read_data_block(archive_, &data, &size, &offset);
    if (status == ARCHIVE_OK && size > 0) return Bytes(static_cast<const uint8_t*>(data), size);
    ended_ = status == ARCHIVE_EOF;
    if (idle == kMaxIdleCalls || (!ended_ && status != ARCHIVE_OK)) error_ = failure();
  }
  if (!error_) error_ = input_->error;
  if (error_) return *error_;
  return Bytes();
}

}  // namespace rebus
