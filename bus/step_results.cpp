#include "bus/step_results.h"

#include <algorithm>

#include "bus/codec.h"
#include "descriptor/crash_point.h"

namespace rebus {
namespace {

// Children of one atomic step wait in memory for its end.
constexpr size_t kMaxChildrenAtFinish = 1000;
constexpr uint64_t kMaxBytesAtFinish = 256 << 20;       // of their values
constexpr size_t kMaxDescriptionsAtFinish = 512 << 10;  // bytes of the rest: it has to fit into one message

}  // namespace

void StepResults::stamp(NewDescriptor& item) const {
  auto time = std::chrono::steady_clock::now() - start_;
  item.descriptor.processing_time_us =
      static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(time).count());
}

Result<void> StepResults::push(NewDescriptor item, std::vector<NewDescriptor> results) {
  stamp(item);
  for (NewDescriptor& result : results) stamp(result);
  crash_point("output-given");
  if (auto goes_on = bus_.look(); !goes_on) return goes_on;
  if (spec_.publish == Publish::kAsItGoes) return bus_.push(std::move(item), std::move(results));
  auto kept = keep_child(std::move(item));
  for (size_t i = 0; kept && i < results.size(); i++) kept = keep_child(std::move(results[i]));
  return kept;
}

Result<void> StepResults::keep_child(NewDescriptor item) {
  large_ += item.descriptor.value.size() > kMaxInlineValue ? 1 : 0;
  value_bytes_ += item.descriptor.value.size();
  description_bytes_ += encoded_size(item);
  bool is_too_much = children_.size() == kMaxChildrenAtFinish || large_ > kMaxLargeChildren ||
                     value_bytes_ > kMaxBytesAtFinish || description_bytes_ > kMaxDescriptionsAtFinish;
  if (is_too_much) {
    return Error{Code::kLimit,
                 "one atomic step of " + spec_.name +
                     " gave more than 1000 results, 128 of more than 64 KiB, 256 MiB of values, "
                     "or 512 KiB of labels and precursors"};
  }
  children_.push_back(std::move(item));
  return {};
}

Result<void> StepResults::keep(uint32_t version, std::string bytes) {
  if (version == 0) return Error{Code::kInvalid, "the version of what an agent keeps counts from 1"};
  if (bytes.size() > kMaxState) {
    return Error{Code::kLimit, spec_.name + " keeps more than 64 KiB: more belongs into a descriptor"};
  }
  state_ = AgentState{version, std::move(bytes)};
  return {};
}

Error StepResults::later(std::string reason, std::chrono::milliseconds wait, uint32_t retries) {
  auto most = std::chrono::milliseconds(std::chrono::hours(24 * 7));
  later_ms_ = static_cast<uint32_t>(std::clamp(wait, std::chrono::milliseconds(1), most).count());
  retries_ = retries;
  return {Code::kTryLater, std::move(reason)};
}

Finish StepResults::end(Seq seq, const Result<Outcome>& ended) {
  Finish finish;
  finish.seq = seq;
  if (ended) {
    finish.outcome = *ended;
    finish.state = std::move(state_);
    if (*ended == Outcome::kDone) finish.children = std::move(children_);
    return finish;
  }
  finish.outcome = Outcome::kFailed;
  finish.message = ended.error().message;
  if (ended.error().code == Code::kTryLater) finish.later_ms = later_ms_, finish.retries = retries_;
  return finish;
}

}  // namespace rebus
