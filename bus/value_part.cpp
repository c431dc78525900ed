#include "bus/value_part.h"

#include <memory>

#include "bus/absent_source.h"

namespace rebus {

void ValuePacker::add(const Value& value, Ride ride) {
  headers_.push_back({value.size(), value.digest(), false});
  if (ride == Ride::kUploaded) return;
  auto inlined = inline_bytes(value);
  if (!inlined && ride == Ride::kMust && !error_) error_ = inlined.error();
}

Result<void> ValuePacker::inline_bytes(const Value& value) {
  if (value.size() > kMaxInlineValue || bytes_.size() + value.size() > kMaxMessageValues) {
    return Error{Code::kLimit, "a value of " + std::to_string(value.size()) + " bytes has to be uploaded"};
  }
  auto loaded = value.load(kMaxInlineValue);
  if (!loaded) return loaded.error();
  bytes_ += *loaded;
  headers_.back().inlined = true;
  return {};
}

void ValueUnpacker::take(Descriptor& d, Ride ride) {
  if (next_ == headers_.size()) return fail("a value header is missing");
  const ValueHeader& header = headers_[next_++];
  // Of nothing there is nothing to wait for, but its digest must be right all the same.
  if (header.inlined || header.size == 0) return take_inlined(d, header);
  if (ride == Ride::kMust) return fail("a value is neither inlined nor uploaded");
  d.value = Value(std::make_shared<AbsentSource>(), header.size, header.digest);
}

void ValueUnpacker::take_inlined(Descriptor& d, const ValueHeader& header) {
  if (header.size > kMaxInlineValue) return fail("a value is too large to be inlined");
  if (header.size > bytes_.size()) return fail("the value part is too short");
  d.value = Value::of(std::string(bytes_.substr(0, header.size)));
  bytes_.remove_prefix(header.size);
  if (d.value.digest() != header.digest) fail("a value does not match its digest");
}

const char* ValueUnpacker::end() {
  if (next_ != headers_.size()) fail("there are more value headers than descriptors");
  if (!bytes_.empty()) fail("the value part is too long");
  return fault_;
}

}  // namespace rebus
