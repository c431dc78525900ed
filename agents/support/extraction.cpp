#include "agents/support/extraction.h"

#include <algorithm>
#include <array>

namespace rebus {
namespace {

class BudgetedWriter {
 public:
  BudgetedWriter(ValueWriter& writer, const Budget& budget) : writer_(writer), budget_(budget) {}

  Result<void> put(uint64_t offset, Bytes bytes) {
    bool is_end = bytes.empty() && offset <= writer_.size();
    if (is_end) return {};
    if (offset < writer_.size()) return Error{Code::kFailed, "parts of a member overlap"};
    uint64_t size = 0;
    if (__builtin_add_overflow(offset, bytes.size(), &size)) size = UINT64_MAX;
    auto allowed = allow(size);
    if (!allowed) return allowed;
    auto filled = fill_up_to(offset, size);
    if (!filled) return filled;
    return writer_.append(bytes);
  }

  const std::optional<Budget::Spent>& spent() const { return spent_; }

 private:
  Result<void> allow(uint64_t size) {
    spent_ = budget_.grow(size);
    if (spent_) return Error{Code::kLimit, spent_->reason};
    return {};
  }

  Result<void> fill_up_to(uint64_t offset, uint64_t size) {
    static constexpr std::array<uint8_t, 64 << 10> kZeros{};
    while (writer_.size() < offset) {
      auto allowed = allow(size);  // a long hole takes time, too
      if (!allowed) return allowed;
      auto appended = writer_.append(Bytes(kZeros).first(std::min(kZeros.size(), offset - writer_.size())));
      if (!appended) return appended;
    }
    return {};
  }

  ValueWriter& writer_;
  const Budget& budget_;
  std::optional<Budget::Spent> spent_;
};

using End = ContainedBytes::End;

// A value if all bytes came.
Extraction finish(Extraction out, ValueWriter& writer) {
  if (out.reading.end != End::kWhole && out.reading.end != End::kDamaged) return out;
  auto value = writer.seal();
  if (value) {
    out.value = std::move(*value);
  } else {
    out.reading = {End::kStopped, {}, value.error()};
  }
  return out;
}

}  // namespace

Extraction extract(ContainedBytes& content, ValueWriter& writer, const Budget& budget) {
  BudgetedWriter target(writer, budget);
  Extraction out;
  out.reading = content.read([&](uint64_t offset, Bytes bytes) { return target.put(offset, bytes); });
  out.spent = target.spent();
  bool overlaps = out.reading.end == End::kStopped && out.reading.error->code == Code::kFailed;
  if (overlaps) out.reading = {End::kUnreadable, out.reading.error->message, {}};
  return finish(std::move(out), writer);
}

}  // namespace rebus
