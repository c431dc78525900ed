#include "agents/parsers/rar5_headers.h"

namespace rebus {
namespace {

// Bytes of a header: of most, and of one with the longest name.
constexpr size_t kUsualHeader = 1 << 10, kMostHeader = 80 << 10;
constexpr size_t kCrc = 4;
constexpr int kMaxNumber = 10;  // bytes

constexpr uint64_t kFile = 2, kEnd = 5;          // types of headers
constexpr uint64_t kHasExtra = 1, kHasData = 2;  // flags of any header
constexpr uint64_t kHasTime = 2, kHasCrc = 4;    // flags of a file
constexpr uint64_t kSplit = 0x18;                // flags of any header: parts of it are elsewhere
constexpr uint64_t kMethod = 7ULL << 7;          // of compression; 0: stored
constexpr uint64_t kEncryption = 1;              // a record of the extra area

}  // namespace

// Fields one after the other; none behind the first that does not fit.
class Rar5Headers::Header {
 public:
  explicit Header(Bytes bytes) : bytes_(bytes) {}
  bool fits() const { return fits_; }
  size_t position() const { return at_; }

  uint64_t number() {
    uint64_t value = 0;
    for (int i = 0; i < kMaxNumber && at_ < bytes_.size(); i++) {
      uint8_t byte = bytes_[at_++];
      value |= uint64_t{byte & 0x7fU} << (7 * i);
      if ((byte & 0x80) == 0) return value;
    }
    fits_ = false;
    return 0;
  }

  uint32_t word() {
    Bytes four = take(4);
    if (four.empty()) return 0;
    return uint32_t{four[0]} | uint32_t{four[1]} << 8 | uint32_t{four[2]} << 16 | uint32_t{four[3]} << 24;
  }

  Bytes take(uint64_t size) {
    fits_ = fits_ && size <= bytes_.size() - at_;
    if (!fits_) return {};
    at_ += size;
    return bytes_.subspan(at_ - size, size);
  }

 private:
  Bytes bytes_;
  size_t at_ = 0;
  bool fits_ = true;
};

// What stands behind its own size.
Bytes Rar5Headers::read_header() {
  for (size_t size : {kUsualHeader, kMostHeader}) {
    buffer_.resize(size);
    auto count = value_.read_at(position_, buffer_);
    Header begin(Bytes(buffer_).first(count ? *count : 0));
    begin.take(kCrc);
    Bytes bytes = begin.take(begin.number());
    header_end_ = position_ + begin.position();
    if (begin.fits()) return bytes;
  }
  return {};
}

std::optional<Rar5Headers::File> Rar5Headers::next() {
  while (position_ != 0) {
    Bytes bytes = read_header();
    Header header(bytes);
    uint64_t type = header.number(), flags = header.number();
    uint64_t extra_size = (flags & kHasExtra) != 0 ? header.number() : 0;
    uint64_t data_size = (flags & kHasData) != 0 ? header.number() : 0;
    bool goes_on = header.fits() && type != kEnd && extra_size <= bytes.size();
    if (!goes_on || __builtin_add_overflow(header_end_, data_size, &position_)) position_ = 0;
    if (!goes_on) return {};
    if (type != kFile) continue;
    File file;
    uint64_t file_flags = header.number();
    header.number();  // size
    header.number();  // attributes
    if ((file_flags & kHasTime) != 0) header.word();
    uint32_t checksum = (file_flags & kHasCrc) != 0 ? header.word() : 0;
    bool is_stored = (header.number() & kMethod) == 0 && (flags & kSplit) == 0;
    if (is_stored && (file_flags & kHasCrc) != 0 && header.fits()) file.checksum = checksum;
    file.is_encrypted = has_record(bytes.last(extra_size), kEncryption);
    return file;
  }
  return {};
}

bool Rar5Headers::has_record(Bytes area, uint64_t type) {
  for (Header extra(area); extra.fits() && extra.position() < area.size();) {
    if (Header(extra.take(extra.number())).number() == type) return true;
  }
  return false;
}

}  // namespace rebus
