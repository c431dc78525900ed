#include "bus/codec.h"

#include <array>
#include <memory>

#include "descriptor/pack.h"

namespace rebus {
namespace {

// --- names, in the order of Body ---

constexpr std::array kNames = {
    "Hello",       "Goodbye",     "Heartbeat",    "OpenSubmission", "CloseSubmission",
    "Push",        "ValueAppend", "Finish",       "Read",           "Find",
    "ListOrigins", "ListMarks",   "ListUuids",    "GetStatus",      "GetSubmission",
    "WaitIdle",    "Started",     "Progress",     "ListFailures",   "ListPending",
    "ProcessEnd",  "Retry",       "ListBulk",     "GetState",       "Ask",
    "SetMode",     "Cancel",      "Pause",        "Forget",         "Prune",
    "Welcome",     "Alive",       "Lost",         "Failure",        "Done",
    "Opened",      "Pushed",      "Task",         "Data",           "Items",
    "Origins",     "Marks",       "Uuids",        "Status",         "SubmissionStatus",
    "Idle",        "FailedTasks", "PendingTasks", "Retried",        "BulkTask",
    "State",       "Asked",       "Cancelled",    "Paused",         "Forgotten",
    "Pruned",      "Withdrawn",   "Held"};
static_assert(kNames.size() == std::variant_size_v<Bodies>);

// --- limits of what is inside, checked on both ways ---

bool is_known(Role v) { return v >= Role::kProducer && v <= Role::kClient; }
bool is_known(By v) { return v >= By::kSelector && v <= By::kRoots; }
bool is_known(Kind v) { return v <= Kind::kStructured; }
bool is_known(Lane v) { return v <= Lane::kBulk; }
bool is_known(Outcome v) { return v >= Outcome::kDone && v <= Outcome::kProcessable; }
bool is_known(Mode v) { return v >= Mode::kAutomatic && v <= Mode::kComplete; }
bool is_known(Code v) { return v >= Code::kInvalid && v <= Code::kProtocol; }
bool is_known(PendingState v) { return v <= PendingState::kDelayed; }

size_t bytes_of(const std::vector<Selector>& selectors) {
  size_t bytes = 0;
  for (const Selector& selector : selectors) bytes += selector.path().size() + 2 * sizeof(Digest);
  return bytes;
}

template <class T>
const char* fault_in(const T& v);

// Stops at the first fault; `exempt` may be longer than a text.
struct FindFault {
  const std::string* exempt = nullptr;
  const char* fault = nullptr;
  template <class T>
  void operator()(uint64_t, const T& v) {
    if constexpr (std::is_same_v<T, std::string>) {
      if (&v == exempt) return;
    }
    if (fault == nullptr) fault = fault_in(v);
  }
};

template <class T>
const char* fault_in_fields(const T& v) {
  FindFault find;
  if constexpr (requires { v.message; }) find.exempt = &v.message;
  const_cast<T&>(v).fields(find);  // fields() serves reading too, so it is not const
  return find.fault;
}

template <class T>
const char* fault_in(const T& v) {
  if constexpr (std::is_enum_v<T>) {
    return is_known(v) ? nullptr : "an unknown number where one of a list is wanted";
  } else if constexpr (std::is_same_v<T, std::string>) {
    return v.size() <= kMaxText ? nullptr : "a text is too long";
  } else if constexpr (packing::IsVector<T>::value) {
    if constexpr (std::is_same_v<T, std::vector<Selector>>) {
      if (v.size() > kMaxPrecursors || bytes_of(v) > kMaxPrecursorBytes) return "too many precursors";
    }
    const char* fault = nullptr;
    for (size_t i = 0; i < v.size() && fault == nullptr; i++) fault = fault_in(v[i]);
    return fault;
  } else if constexpr (packing::IsOptional<T>::value) {
    return v ? fault_in(*v) : nullptr;
  } else if constexpr (requires(T & s, FindFault & f) { s.fields(f); }) {
    return fault_in_fields(v);
  } else {
    return nullptr;
  }
}

// --- the descriptors of a message, in order ---

template <class M, class Use>
void each_descriptor(M& message, const Use& use) {
  auto use_new = [&](auto& item) { use(item.descriptor, item.upload == 0 ? Ride::kMust : Ride::kUploaded); };
  if constexpr (requires { message.note; }) {
    use(message.note, Ride::kMust);
  } else if constexpr (requires { message.item; }) {
    use_new(message.item);
    for (auto& result : message.results) use_new(result);
  } else if constexpr (requires { message.children; }) {
    for (auto& child : message.children) use_new(child);
  } else if constexpr (requires { message.record.descriptor; }) {
    use(message.record.descriptor, Ride::kMay);
  } else if constexpr (requires { message.records; }) {
    for (auto& record : message.records) use(record.descriptor, Ride::kMay);
  }
}

// --- one message ---

// A message (or a reference to one) as it stands in the body.
template <class M>
struct Wire {
  M message;
  std::vector<ValueHeader> values;
  template <class A>
  void fields(A& a) {
    message.fields(a);
    a(kValuesKey, values);
  }
};

template <class M>
Result<std::string> encode_as(uint64_t request, const M& message) {
  const std::string name = message_name(M::kType);
  if (const char* fault = fault_in_fields(message))
    return Error{Code::kLimit, name + " cannot be sent: " + fault};
  ValuePacker packer;
  each_descriptor(message, [&](const Descriptor& d, Ride ride) { packer.add(d.value, ride); });
  if (packer.error()) return *packer.error();
  std::string values = packer.take_bytes();
  if constexpr (requires { message.bytes; }) values = message.bytes;
  std::string body = pack(Wire<M&>{const_cast<M&>(message), packer.take_headers()});
  if (body.size() > kMaxFrameBody || values.size() > kMaxMessageValues) {
    return Error{Code::kLimit, name + " cannot be sent: it is larger than a message may be"};
  }
  FrameHeader header;
  header.type = M::kType;
  header.request = request;
  return make_frame(header, body, values);
}

Error misunderstood(uint16_t type, const std::string& why) {
  return {Code::kProtocol, std::string(message_name(type)) + " is not understood: " + why};
}

template <class M>
Result<Body> decode_as(const FrameView& frame) {
  auto wire = unpack<Wire<M>>(frame.body);
  if (!wire) return misunderstood(M::kType, wire.error().message);
  M& message = wire->message;
  if (const char* fault = fault_in_fields(message)) return misunderstood(M::kType, fault);
  std::string_view values = frame.values;
  if constexpr (requires { message.bytes; }) message.bytes = std::exchange(values, {});
  ValueUnpacker unpacker(wire->values, values);
  each_descriptor(message, [&](Descriptor& d, Ride ride) { unpacker.take(d, ride); });
  if (const char* fault = unpacker.end()) return misunderstood(M::kType, fault);
  return Body(std::move(message));
}

struct Decoder {
  uint16_t type;
  Result<Body> (*decode)(const FrameView&);
};

template <size_t... I>
constexpr auto make_decoders(std::index_sequence<I...>) {
  return std::array{Decoder{std::variant_alternative_t<I, Bodies>::kType,
                            &decode_as<std::variant_alternative_t<I, Bodies>>}...};
}

constexpr auto kDecoders = make_decoders(std::make_index_sequence<std::variant_size_v<Bodies>>());

}  // namespace

const char* message_name(uint16_t type) {
  for (size_t i = 0; i < kDecoders.size(); i++) {
    if (kDecoders[i].type == type) return kNames[i];
  }
  return nullptr;
}

Result<std::string> encode(const Message& message) {
  return std::visit([&](const auto& body) { return encode_as(message.request, body); }, message.body);
}

Result<Message> decode(const FrameView& frame) {
  for (const Decoder& decoder : kDecoders) {
    if (decoder.type != frame.header.type) continue;
    auto body = decoder.decode(frame);
    if (!body) return body.error();
    return Message{frame.header.request, *std::move(body)};
  }
  return Error{Code::kProtocol, "there is no message of type " + std::to_string(frame.header.type)};
}

}  // namespace rebus
