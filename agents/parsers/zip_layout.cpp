#include "agents/parsers/zip_layout.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rebus {
namespace {

constexpr std::string_view kEndMark{"PK\5\6", 4}, kEnd64Mark{"PK\6\6", 4}, kLocator64Mark{"PK\6\7", 4};
constexpr std::string_view kEntryMark{"PK\1\2", 4}, kLocalMark{"PK\3\4", 4};
constexpr uint64_t kEndSize = 22, kEnd64Size = 56, kLocator64Size = 20, kEntrySize = 46, kLocalSize = 30;
constexpr uint64_t kMostComment = 0xffff;
constexpr uint64_t kMostDirectory = 256 << 20;  // bytes that are looked at
constexpr uint64_t kSpanMark = 4;          // before the first member of what was to be an archive in volumes
constexpr uint64_t kMostHidden = 1 << 20;  // bytes between members that are searched for another member

class Layout {
 public:
  explicit Layout(const Value& value) : value_(value) {}

  Result<bool> has_more() {
    auto end = find_end();
    if (!end) return end.error();
    if (!*end) return false;
    if (ends_at_ < value_.size()) return true;
    auto listed = read_directory(**end);
    if (!listed) return listed.error();
    return *listed ? has_gaps() : Result<bool>(false);
  }

 private:
  struct Directory {
    uint64_t begin = 0, end = 0;  // in the value
    uint64_t shift = 0;           // what stands before the zip
  };
  struct Member {
    uint64_t begin = 0, packed = 0, name = 0;
    bool operator<(const Member& other) const { return begin < other.begin; }
  };

  Result<std::string> bytes(uint64_t offset, uint64_t size) const {
    std::string read(std::min(size, value_.size() - std::min(offset, value_.size())), '\0');
    auto count = value_.read_at(offset, {reinterpret_cast<uint8_t*>(read.data()), read.size()});
    if (!count) return count.error();
    read.resize(*count);
    return read;
  }
  // Little-endian; what lies behind the end counts as zeros.
  static uint64_t number(std::string_view from, size_t at, size_t size) {
    uint64_t sum = 0;
    for (size_t i = 0; i < size && at + i < from.size(); i++)
      sum |= uint64_t{static_cast<unsigned char>(from[at + i])} << (8 * i);
    return sum;
  }

  // The last end mark whose comment fits. Nothing: there is none, or it makes no sense.
  Result<std::optional<Directory>> find_end() {
    const uint64_t size = value_.size(), from = size - std::min(size, kEndSize + kMostComment);
    auto tail = bytes(from, size - from);
    if (!tail) return tail.error();
    for (size_t at = tail->rfind(kEndMark); at != tail->npos;
         at = at == 0 ? tail->npos : tail->rfind(kEndMark, at - 1)) {
      const std::string_view end = std::string_view(*tail).substr(at);
      const uint64_t behind = from + at + kEndSize + number(end, 20, 2);
      if (end.size() < kEndSize || behind > size) continue;
      ends_at_ = behind;
      return directory_of(from + at, number(end, 12, 4), number(end, 16, 4));
    }
    return std::optional<Directory>();
  }

  Result<std::optional<Directory>> directory_of(uint64_t end, uint64_t size, uint64_t offset) const {
    if (size == 0xffffffff || offset == 0xffffffff) {
      auto records = end >= kEnd64Size + kLocator64Size
                         ? bytes(end - kEnd64Size - kLocator64Size, kEnd64Size + kLocator64Size)
                         : Result<std::string>(std::string());
      if (!records) return records.error();
      bool is_zip64 = records->starts_with(kEnd64Mark) && records->substr(kEnd64Size, 4) == kLocator64Mark;
      if (!is_zip64) return std::optional<Directory>();
      size = number(*records, 40, 8);
      offset = number(*records, 48, 8);
      end -= kEnd64Size + kLocator64Size;
    }
    bool is_sound = size <= end && offset <= end - size && size <= kMostDirectory;
    if (!is_sound) return std::optional<Directory>();
    return std::optional(Directory{end - size, end, end - size - offset});
  }

  // False: it is damaged, which is told elsewhere.
  Result<bool> read_directory(const Directory& directory) {
    auto all = bytes(directory.begin, directory.end - directory.begin);
    if (!all) return all.error();
    for (size_t at = 0; at < all->size();) {
      const std::string_view entry = std::string_view(*all).substr(at);
      if (!entry.starts_with(kEntryMark) || entry.size() < kEntrySize) return false;
      const uint64_t name = number(entry, 28, 2), extra = number(entry, 30, 2),
                     comment = number(entry, 32, 2);
      Member member{number(entry, 42, 4), number(entry, 20, 4), name};
      if (entry.size() < kEntrySize + name + extra) return false;
      widen(member, number(entry, 24, 4), entry.substr(kEntrySize + name, extra));
      member.begin += directory.shift;
      members_.push_back(member);
      at += kEntrySize + name + extra + comment;
    }
    members_.push_back({directory.begin, 0, 0});
    std::sort(members_.begin(), members_.end());
    return true;
  }

  // Of zip64 those numbers that do not fit stand in an extra field, in this order.
  static void widen(Member& member, uint64_t size, std::string_view extra) {
    constexpr uint64_t kNone = 0xffffffff, kZip64 = 1;
    while (extra.size() >= 4) {
      const uint64_t length = number(extra, 2, 2);
      if (number(extra, 0, 2) == kZip64) {
        size_t at = size == kNone ? 12 : 4;
        if (member.packed == kNone) member.packed = number(extra, std::exchange(at, at + 8), 8);
        if (member.begin == kNone) member.begin = number(extra, at, 8);
      }
      extra.remove_prefix(std::min<size_t>(extra.size(), 4 + length));
    }
  }

  Result<bool> has_gaps() const {
    if (members_.front().begin > kSpanMark) return true;
    for (size_t i = 0; i + 1 < members_.size(); i++) {
      auto hides = hides_behind(members_[i], members_[i + 1].begin);
      if (!hides || *hides) return hides;
    }
    return false;
  }

  // What may stand there are a description of the member, padding, and signatures; not another member.
  Result<bool> hides_behind(const Member& member, uint64_t next) const {
    const uint64_t least = member.begin + kLocalSize + member.name + member.packed;
    if (least + kLocalSize >= next || least < member.begin) return false;
    auto header = bytes(member.begin, kLocalSize);
    if (!header) return header.error();
    const uint64_t end =
        member.begin + kLocalSize + number(*header, 26, 2) + number(*header, 28, 2) + member.packed;
    if (!header->starts_with(kLocalMark) || end + kLocalSize >= next) return false;
    auto gap = bytes(end, std::min(next - end, kMostHidden));
    if (!gap) return gap.error();
    return gap->find(kLocalMark) != gap->npos;
  }

  const Value& value_;
  uint64_t ends_at_ = 0;
  std::vector<Member> members_;  // the last is the directory
};

}  // namespace

Result<bool> zip_has_more(const Value& value) { return Layout(value).has_more(); }

}  // namespace rebus
