#include "descriptor/value.h"

#include <algorithm>
#include <cstring>

namespace rebus {
namespace {

class MemorySource final : public ValueSource {
 public:
  explicit MemorySource(std::string bytes) : bytes_(std::move(bytes)) {}
  Result<size_t> read_at(uint64_t offset, std::span<uint8_t> buffer) const override {
    if (offset >= bytes_.size()) return size_t{0};
    size_t count = std::min<size_t>(buffer.size(), bytes_.size() - offset);
    std::memcpy(buffer.data(), bytes_.data() + offset, count);
    return count;
  }
  std::optional<Bytes> in_memory() const override { return as_bytes(bytes_); }

 private:
  std::string bytes_;
};

}  // namespace

std::shared_ptr<const ValueSource> memory_source(std::string bytes) {
  return std::make_shared<MemorySource>(std::move(bytes));
}

Value::Value() {
  static const Value empty = of("");
  *this = empty;
}

Value::Value(std::shared_ptr<const ValueSource> source, uint64_t size, const Digest& digest)
    : source_(std::move(source)), size_(size), digest_(digest) {}

Value Value::of(std::string bytes) {
  Digest digest = sha256(as_bytes(bytes));
  uint64_t size = bytes.size();
  return {memory_source(std::move(bytes)), size, digest};
}

Result<size_t> Value::read_at(uint64_t offset, std::span<uint8_t> buffer) const {
  if (offset >= size_) return size_t{0};
  size_t want = std::min<uint64_t>(buffer.size(), size_ - offset);
  auto count = source_->read_at(offset, buffer.first(want));
  if (count && *count < want)
    return Error{Code::kStorage, "value " + digest_.hex() + " is shorter than recorded"};
  return count;
}

Result<void> Value::for_each_chunk(const std::function<Result<void>(Bytes)>& use) const {
  if (auto bytes = source_->in_memory()) return use(*bytes);
  std::string buffer(std::min<uint64_t>(kChunkSize, size_), '\0');
  for (uint64_t offset = 0; offset < size_;) {
    auto count = read_at(offset, {reinterpret_cast<uint8_t*>(buffer.data()), buffer.size()});
    if (!count) return count.error();
    auto used = use(as_bytes(std::string_view(buffer).substr(0, *count)));
    if (!used) return used;
    offset += *count;
  }
  return {};
}

Result<std::string> Value::load(uint64_t limit) const {
  if (size_ > limit) {
    return Error{Code::kLimit, "value of " + std::to_string(size_) + " bytes is over the limit of " +
                                   std::to_string(limit) + " for reading it whole"};
  }
  if (auto bytes = source_->in_memory()) return std::string(as_text(*bytes));
  std::string out(size_, '\0');
  auto count = read_at(0, {reinterpret_cast<uint8_t*>(out.data()), out.size()});
  if (!count) return count.error();
  return out;
}

}  // namespace rebus
