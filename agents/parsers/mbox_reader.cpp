#include "agents/parsers/mbox_reader.h"

#include <algorithm>
#include <array>
#include <vector>

namespace rebus {
namespace {

constexpr std::string_view kMark = "From ";
constexpr size_t kChunk = 64 << 10;

// "From a@example.org Mon Jan  1 00:00:00 2024": a time tells it from a sentence.
bool is_mark(const LineScanner::Line& line) {
  if (!line.is_begin || !line.text.starts_with(kMark)) return false;
  size_t colon = line.text.find(':');
  auto is_digit = [&](size_t at) { return at < line.text.size() && std::isdigit(line.text[at]) != 0; };
  return colon != line.text.npos && is_digit(colon - 1) && is_digit(colon + 1) && is_digit(colon + 2);
}

}  // namespace

bool MboxReader::begins(const Value& value) {
  LineScanner lines(value);
  auto line = lines.next();
  return line && *line && is_mark(**line);
}

// Up to the next mark behind an empty line, which belongs to the mark.
Result<std::optional<ArchiveMember>> MboxReader::next() {
  if (next_index_ == 0) {
    auto mark = lines_.next();
    if (!mark) return mark.error();
  } else if (next_begin_ == 0) {
    return std::optional<ArchiveMember>();
  }
  begin_ = end_ = lines_.position();
  next_begin_ = 0;
  uint64_t before_empty = begin_;
  bool is_behind_empty = false;
  while (true) {
    auto line = lines_.next();
    if (!line) return line.error();
    if (!*line) break;
    if (is_behind_empty && is_mark(**line)) {
      next_begin_ = (*line)->end;
      end_ = before_empty;
      break;
    }
    is_behind_empty = (*line)->text.empty();
    if (is_behind_empty) before_empty = (*line)->begin;
    end_ = (*line)->end;
  }
  ArchiveMember member;
  member.index = next_index_++;
  member.name = "message-" + std::to_string(next_index_) + ".eml";
  return std::optional(std::move(member));
}

ContainedBytes::Reading MboxReader::read(const Use& use) {
  std::vector<uint8_t> buffer(kChunk);
  for (uint64_t at = begin_; at < end_;) {
    auto count = value_.read_at(at, std::span(buffer).first(std::min<uint64_t>(kChunk, end_ - at)));
    if (!count) return {End::kBroken, {}, count.error()};
    if (*count == 0) return {End::kBroken, "it is shorter than it was", {}};
    auto used = use(at - begin_, Bytes(buffer).first(*count));
    if (!used) return {End::kStopped, {}, used.error()};
    at += *count;
  }
  return {};
}

}  // namespace rebus
