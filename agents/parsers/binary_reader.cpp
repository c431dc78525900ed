#include "agents/parsers/binary_reader.h"

#include <algorithm>

namespace rebus {
namespace {

Error ends(uint64_t offset) {
  return {Code::kFailed, "it is cut: it ends before byte " + std::to_string(offset)};
}

}  // namespace

uint64_t Fields::number(size_t at, size_t bytes) const {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes; i++) {
    size_t place = at + (order_ == ByteOrder::kBig ? i : bytes - 1 - i);
    value = value << 8 | (place < bytes_.size() ? static_cast<uint8_t>(bytes_[place]) : 0);
  }
  return value;
}

Result<std::string> BinaryReader::bytes(uint64_t offset, size_t size) {
  if (offset > value_.size() || size > value_.size() - offset) return ends(offset + size);
  std::string out;
  out.reserve(size);
  while (out.size() < size) {
    uint64_t at = offset + out.size();
    auto part = block(at / kBlock);
    if (!part) return part.error();
    auto rest = part->substr(std::min<size_t>(at % kBlock, part->size()));
    if (rest.empty()) return ends(at);
    out += rest.substr(0, size - out.size());
  }
  return out;
}

Result<std::string> BinaryReader::name(uint64_t offset, size_t most) {
  std::string out;
  while (out.size() <= most) {
    uint64_t at = offset + out.size();
    if (at < offset || at >= value_.size()) return ends(at);
    auto part = block(at / kBlock);
    if (!part) return part.error();
    auto rest = part->substr(std::min<size_t>(at % kBlock, part->size()));
    if (rest.empty()) return ends(at);
    size_t end = rest.find('\0');
    out += rest.substr(0, std::min(end, most + 1));
    if (end != rest.npos && out.size() <= most) return out;
  }
  return Error{Code::kFailed, "a name in it is longer than " + std::to_string(most) + " bytes"};
}

Result<std::string_view> BinaryReader::block(uint64_t number) {
  if (auto known = places_.find(number); known != places_.end()) {
    blocks_.splice(blocks_.begin(), blocks_, known->second);
    return std::string_view(blocks_.front().bytes);
  }
  std::string bytes(std::min<uint64_t>(kBlock, value_.size() - number * kBlock), '\0');
  auto count = value_.read_at(number * kBlock, {reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()});
  if (!count) return count.error();
  bytes.resize(*count);
  if (blocks_.size() == kBlocks) {
    places_.erase(blocks_.back().number);
    blocks_.pop_back();
  }
  blocks_.push_front({number, std::move(bytes)});
  places_[number] = blocks_.begin();
  return std::string_view(blocks_.front().bytes);
}

}  // namespace rebus
