#include "bus/codec.h"

#include <gtest/gtest.h>

#include <set>

#include "bus/absent_source.h"
#include "descriptor/pack.h"
#include "tests/support/random_message.h"

namespace rebus::codec_test {
namespace {

constexpr size_t kKinds = std::variant_size_v<Bodies>;
constexpr SessionKey kSession{7, 0x1122334455667788};

std::string sealed(const Message& message) {
  auto frame = encode(message);
  EXPECT_TRUE(frame.ok()) << frame.error().message;
  if (!frame) return {};
  seal_frame(*frame, kSession);
  return *std::move(frame);
}

Result<Message> opened(const std::string& bytes) {
  auto frame = open_frame(bytes);
  if (!frame) return frame.error();
  return decode(*frame);
}

// The message with `change` done to its body, header and checksum right.
template <class M>
Result<Message> decode_body(const std::string& body, const std::string& values = {}) {
  FrameHeader header;
  header.type = M::kType;
  std::string frame = make_frame(header, body, values);
  seal_frame(frame, kSession);
  return opened(frame);
}

void expect_protocol_error(const Result<Message>& message, const std::string& words) {
  ASSERT_FALSE(message.ok());
  EXPECT_EQ(message.error().code, Code::kProtocol);
  EXPECT_NE(message.error().message.find(words), std::string::npos) << message.error().message;
}

// A body of integers, by key.
std::string map_of(const std::vector<std::pair<uint64_t, uint64_t>>& entries) {
  PackWriter writer;
  writer.map(entries.size());
  for (const auto& [key, number] : entries) {
    writer.unsigned_integer(key);
    writer.unsigned_integer(number);
  }
  return writer.take();
}

template <size_t N>
struct Headers {
  Descriptor note;
  std::vector<ValueHeader> values{N};
  template <class A>
  void fields(A& a) {
    a(1, note), a(kValuesKey, values);
  }
};

Descriptor object_with(std::string bytes) {
  return make_object(Domain(), "/binary/elf", "a", Value::of(std::move(bytes)), "inject");
}

class CodecOfEachKind : public ::testing::TestWithParam<size_t> {};
INSTANTIATE_TEST_SUITE_P(All, CodecOfEachKind, ::testing::Range(size_t{0}, kKinds));

TEST_P(CodecOfEachKind, GivesBackWhatWasSaid) {
  RandomMessages random(GetParam() + 1);
  for (int i = 0; i < 200; i++) {
    Message message = random.make(GetParam());
    std::string frame = sealed(message);
    auto back = opened(frame);
    ASSERT_TRUE(back.ok()) << back.error().message;
    EXPECT_EQ(back->request, message.request);
    EXPECT_EQ(back->body.index(), message.body.index());
    EXPECT_EQ(sealed(*back), frame);
    EXPECT_EQ(open_frame(frame)->header.session, kSession);
  }
}

TEST(Codec, GivesEachKindANumberAndANameOfItsOwn) {
  std::set<uint16_t> types;
  std::set<std::string> names;
  for (size_t kind = 0; kind < kKinds; kind++) {
    Message message = RandomMessages(1).make(kind);
    uint16_t type = std::visit([](const auto& body) { return body.kType; }, message.body);
    types.insert(type);
    names.insert(message_name(type));
  }
  EXPECT_EQ(types.size(), kKinds);
  EXPECT_EQ(names.size(), kKinds);
}

TEST(Codec, CarriesValuesInOrder) {
  Finish finish;
  for (const char* bytes : {"first", "", "third"}) finish.children.push_back({object_with(bytes), {}, 0});
  auto back = opened(sealed({0, finish}));
  ASSERT_TRUE(back.ok());
  const auto& children = std::get<Finish>(back->body).children;
  ASSERT_EQ(children.size(), 3u);
  EXPECT_EQ(*children[0].descriptor.value.load(100), "first");
  EXPECT_EQ(*children[1].descriptor.value.load(100), "");
  EXPECT_EQ(*children[2].descriptor.value.load(100), "third");
}

bool is_absent(const Value& value) { return dynamic_cast<const AbsentSource*>(&value.source()) != nullptr; }

TEST(Codec, UploadedValuesDoNotRideAlong) {
  Finish finish;
  finish.children.push_back({object_with(std::string(kMaxInlineValue, 'a')), {}, 0});
  finish.children.push_back({object_with("b"), {}, 17});
  auto back = opened(sealed({0, finish}));
  ASSERT_TRUE(back.ok());
  const auto& children = std::get<Finish>(back->body).children;
  EXPECT_FALSE(is_absent(children[0].descriptor.value));
  const Value& absent = children[1].descriptor.value;
  EXPECT_TRUE(is_absent(absent));
  EXPECT_EQ(absent.size(), 1u);
  EXPECT_EQ(absent.digest(), Value::of("b").digest());
  EXPECT_EQ(absent.load(1).error().code, Code::kUnavailable);
}

TEST(Codec, LargeStoredValuesDoNotRideAlong) {
  Task task;
  task.record.descriptor = object_with(std::string(kMaxInlineValue + 1, 'b'));
  auto back = opened(sealed({0, task}));
  ASSERT_TRUE(back.ok());
  EXPECT_TRUE(is_absent(std::get<Task>(back->body).record.descriptor.value));
}

// A master that stored such a one would fail when it wants to read it.
TEST(Codec, RefusesANewValueThatIsNeitherInlinedNorUploaded) {
  Push push;
  push.item.descriptor = object_with(std::string(kMaxInlineValue + 1, 'b'));
  EXPECT_EQ(encode({1, push}).error().code, Code::kLimit);
  push.item.upload = 17;
  EXPECT_TRUE(encode({1, push}).ok());
  Headers<1> claim;
  claim.values[0].size = 100;
  expect_protocol_error(decode_body<OpenSubmission>(pack(claim)), "neither inlined nor uploaded");
}

TEST(Codec, ResultsThatArePushedWithTheirObjectHaveTheirValues) {
  Push push;
  push.item.descriptor = object_with("object");
  push.results = {{object_with("first"), {}, 0}, {object_with("second"), {}, 0}};
  auto back = opened(sealed({1, push}));
  ASSERT_TRUE(back.ok());
  const Push& got = std::get<Push>(back->body);
  ASSERT_EQ(got.results.size(), 2u);
  EXPECT_EQ(*got.item.descriptor.value.load(100), "object");
  EXPECT_EQ(*got.results[0].descriptor.value.load(100), "first");
  EXPECT_EQ(*got.results[1].descriptor.value.load(100), "second");
}

TEST(Codec, ValuesOfOneMessageStayWithinTheirSum) {
  Items items;
  for (int i = 0; i < 17; i++) {
    Record record;
    record.descriptor = object_with(std::string(kMaxInlineValue, static_cast<char>('a' + i)));
    items.records.push_back(record);
  }
  std::string frame = sealed({1, items});
  EXPECT_EQ(open_frame(frame)->values.size(), kMaxMessageValues);
  auto back = opened(frame);
  ASSERT_TRUE(back.ok());
  const auto& records = std::get<Items>(back->body).records;
  EXPECT_TRUE(records[15].descriptor.value.load(kMaxInlineValue).ok());
  EXPECT_FALSE(records[16].descriptor.value.load(kMaxInlineValue).ok());
}

TEST(Codec, AStoredValueThatCannotBeReadIsLeftOut) {
  Value broken(std::make_shared<AbsentSource>(), 10, Digest{});
  Task task;
  task.record.descriptor = object_with("x");
  task.record.descriptor.value = broken;
  EXPECT_TRUE(encode({0, task}).ok());
  Push push;
  push.item.descriptor = task.record.descriptor;
  EXPECT_EQ(encode({1, push}).error().code, Code::kUnavailable);
}

TEST(Codec, TellsARecordsSizeInAMessage) {
  Items items;
  for (int i = 0; i < 100; i++) {
    Record record;
    record.descriptor = object_with(std::to_string(i));
    items.records.push_back(record);
  }
  std::string frame = sealed({1, items});
  EXPECT_LE(open_frame(frame)->body.size(), 100 * encoded_size(items.records[0]) + 100);
}

TEST(Codec, RefusesAValueWithAFalseDigest) {
  std::string frame = sealed({1, OpenSubmission{object_with("right"), Lane::kNormal}});
  frame.back() ^= 1;
  seal_frame(frame, kSession);
  expect_protocol_error(opened(frame), "does not match its digest");
}

// Nobody would notice later: there is nothing to read.
TEST(Codec, RefusesAnEmptyValueWithAFalseDigest) {
  Task task;
  task.record.descriptor = object_with("");
  std::string frame = sealed({0, task});
  std::string body(open_frame(frame)->body);
  size_t digest = body.find(as_text(task.record.descriptor.value.digest().bytes));
  ASSERT_NE(digest, std::string::npos);
  body[digest] ^= 1;
  expect_protocol_error(decode_body<Task>(body), "does not match its digest");
}

TEST(Codec, RefusesWrongValueHeaders) {
  std::string frame = sealed({1, OpenSubmission{object_with("right"), Lane::kNormal}});
  auto parts = *open_frame(frame);
  std::string body(parts.body), values(parts.values);
  expect_protocol_error(decode_body<OpenSubmission>(body, values + "x"), "too long");
  expect_protocol_error(decode_body<OpenSubmission>(body, values.substr(1)), "too short");
  expect_protocol_error(decode_body<OpenSubmission>(pack(OpenSubmission{}), values), "missing");
  expect_protocol_error(decode_body<Heartbeat>(pack(Headers<1>{})), "more value headers");
  expect_protocol_error(decode_body<Heartbeat>(pack(Heartbeat{}), "x"), "too long");
}

TEST(Codec, RefusesUnknownNumbers) {
  expect_protocol_error(decode_body<Hello>(map_of({{2, 5}})), "unknown number");
  expect_protocol_error(decode_body<Find>(map_of({{1, 12}})), "unknown number");
  expect_protocol_error(decode_body<Finish>(map_of({{2, 6}})), "unknown number");
  expect_protocol_error(decode_body<SetMode>(map_of({{2, 5}})), "unknown number");
  expect_protocol_error(decode_body<Failure>(map_of({{1, 99}})), "unknown number");
  expect_protocol_error(decode_body<Failure>(map_of({{1, 257}})), "malformed");
  EXPECT_TRUE(decode_body<Failure>(map_of({{1, 12}})).ok());
}

TEST(Codec, IgnoresUnknownKeys) {
  auto welcome = decode_body<Welcome>(map_of({{2, 3}, {77, 5}}));
  ASSERT_TRUE(welcome.ok());
  EXPECT_EQ(std::get<Welcome>(welcome->body).epoch, 3u);
}

TEST(Codec, RefusesLongTextsButNotLongMessages) {
  Hello hello;
  hello.agent.assign(kMaxText, 'a');
  EXPECT_TRUE(encode({1, hello}).ok());
  hello.agent += 'a';
  EXPECT_EQ(encode({1, hello}).error().code, Code::kLimit);
  expect_protocol_error(decode_body<Hello>(pack(hello)), "too long");
  EXPECT_TRUE(decode_body<Failure>(pack(Failure{Code::kFailed, hello.agent})).ok());
  Finish finish;
  finish.message = hello.agent;
  EXPECT_TRUE(opened(sealed({0, finish})).ok());
}

TEST(Codec, RefusesTooManyPrecursors) {
  Push push;
  push.item.descriptor = object_with("");
  auto& precursors = push.item.descriptor.precursors;
  precursors.assign(kMaxPrecursors, push.item.descriptor.selector);
  EXPECT_TRUE(encode({1, push}).ok());
  precursors.push_back(precursors.front());
  EXPECT_EQ(encode({1, push}).error().code, Code::kLimit);
  precursors.assign(300, Selector::of("/" + std::string(1000, 'a'), Digest{}));
  EXPECT_EQ(encode({1, push}).error().code, Code::kLimit);
}

TEST(Codec, WhatCanBePushedCanBeHandedOut) {
  const std::string text(kMaxText, 't');
  Descriptor d = object_with("");
  d.label = d.agent = d.salt = d.producer_version = d.host = text;
  d.file_type = {text, text, text};
  d.selector = Selector::of("/" + std::string(kMaxTypePath - 1, 'a'), Digest{});
  d.precursors.assign(kMaxPrecursorBytes / (kMaxTypePath + 64), d.selector);
  ASSERT_TRUE(encode({1, Push{{d, {}, 0}, 1}}).ok());
  Task task;
  task.record.descriptor = d;
  task.origin.emplace().name = text;
  EXPECT_TRUE(encode({0, task}).ok());
}

TEST(Codec, RefusesMessagesOverTheLimits) {
  EXPECT_TRUE(encode({1, Data{std::string(kMaxMessageValues, 'x')}}).ok());
  EXPECT_EQ(encode({1, Data{std::string(kMaxMessageValues + 1, 'x')}}).error().code, Code::kLimit);
  Items items;
  items.records.resize(20);
  for (Record& record : items.records) record.descriptor.label.assign(kMaxText, 'l');
  EXPECT_EQ(encode({1, items}).error().code, Code::kLimit);
}

// A few bytes must not make the reader allocate what they claim.
TEST(Codec, RefusesHostileClaims) {
  const std::string millions = "\xdd\x7f\xff\xff\xff";  // array of 2^31-1
  expect_protocol_error(decode_body<Finish>("\x81\x04" + millions), "malformed");
  std::string nested = "\x81\x04";
  for (int i = 0; i < 10; i++) nested += std::string("\xdd\x00\x0f\x00\x00", 5);
  expect_protocol_error(decode_body<Finish>(nested + std::string(kMaxFrameBody - nested.size(), '\x80')),
                        "malformed");
  // A million empty maps, each a descriptor of a KiB.
  const uint32_t count = kMaxFrameBody - 7;
  std::string maps = std::string("\x81\x04\xdd") + static_cast<char>(count >> 24) +
                     static_cast<char>(count >> 16) + static_cast<char>(count >> 8) +
                     static_cast<char>(count);
  expect_protocol_error(decode_body<Finish>(maps + std::string(count, '\x80')), "malformed");
  expect_protocol_error(decode_body<Finish>(std::string(kMaxFrameBody, '\x91')), "malformed");
}

TEST(Frame, RefusesWhatIsNone) {
  const std::string frame = sealed({5, Heartbeat{}});
  expect_protocol_error(opened(""), "no rebus frame");
  expect_protocol_error(opened(frame.substr(1)), "no rebus frame");
  expect_protocol_error(opened(frame.substr(0, kFrameHeader - 1)), "no rebus frame");
  expect_protocol_error(opened(frame + "x"), "length");
  expect_protocol_error(opened(frame.substr(0, frame.size() - 1)), "length");
  for (size_t i = 8; i < frame.size(); i++) {
    std::string broken = frame;
    broken[i] ^= 0x10;
    EXPECT_FALSE(opened(broken).ok()) << i;
  }
}

TEST(Frame, RefusesAnotherVersionAndStillTellsTheRequest) {
  std::string frame = sealed({5, Heartbeat{}});
  frame[4] = 2;
  expect_protocol_error(opened(frame), "protocol version 2");
  EXPECT_EQ(peek_header(frame)->request, 5u);
}

TEST(Frame, RefusesUnknownTypes) {
  FrameHeader header;
  header.type = 999;
  std::string frame = make_frame(header, "\x80", "");
  seal_frame(frame, kSession);
  expect_protocol_error(opened(frame), "type 999");
}

TEST(Frame, RefusesSizesOverTheLimit) {
  FrameHeader header;
  header.type = Heartbeat::kType;
  std::string frame = make_frame(header, std::string(kMaxFrameBody + 1, 'x'), "");
  seal_frame(frame, kSession);
  expect_protocol_error(opened(frame), "too large");
  frame = make_frame(header, "", std::string(kMaxMessageValues + 1, 'x'));
  seal_frame(frame, kSession);
  expect_protocol_error(opened(frame), "too large");
}

TEST(Frame, MayBeSealedAgainForAnotherSession) {
  std::string frame = sealed({5, Heartbeat{}});
  seal_frame(frame, {8, 9});
  ASSERT_TRUE(opened(frame).ok());
  EXPECT_EQ(open_frame(frame)->header.session, (SessionKey{8, 9}));
}

}  // namespace
}  // namespace rebus::codec_test
