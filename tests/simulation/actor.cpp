#include "tests/simulation/actor.h"

namespace rebus::simulation {
namespace {

std::string value_text(const Task& task) { return *task.record.descriptor.value.load(1 << 20); }

NewDescriptor child(const Task& task, const std::string& agent, const std::string& path, std::string text) {
  NewDescriptor item;
  item.descriptor = make_child(task.record.descriptor, agent, path, Value::of(std::move(text)), Kind::kText);
  return item;
}

NewDescriptor file(const std::string& agent, std::string text, Selector container, uint64_t ordinal) {
  bool is_container = text.starts_with("box");
  NewDescriptor item;
  item.descriptor = make_object(Domain(), is_container ? "/archive/box" : "/binary/elf", text.substr(0, 8),
                                Value::of(text), agent);
  item.origin = OriginClaim{std::move(container), text.substr(0, 8), ordinal};
  return item;
}

// A box names its members: "box <depth> <seed>".
std::string member_text(uint64_t depth, uint64_t draw) {
  if (depth > 0 && draw % 3 == 0) return "box " + std::to_string(depth - 1) + " " + std::to_string(draw % 7);
  return "elf " + std::to_string(draw % 11);  // few texts: many equal files
}

}  // namespace

Hello hello_of(const Actor& actor) {
  Hello hello;
  hello.agent = actor.name;
  hello.role = Role::kConsumer;
  hello.credit = 2;
  hello.token = actor.token;
  switch (actor.part) {
    case Part::kInject:
      hello.role = Role::kProducer;
      hello.submission = actor.closed ? 0 : actor.submission;
      break;
    case Part::kUnpack:
      hello.prefixes = {"/archive"};
      break;
    case Part::kHash:
    case Part::kClock:
    case Part::kFrail:
    case Part::kGather:
    case Part::kDigest:
      hello.prefixes = {"/binary"};
      break;
    case Part::kChain:
      hello.prefixes = {"/hash", "/chain"};
      break;
    case Part::kFussy:
      hello.prefixes = {"/"};
      break;
    case Part::kRead:
      hello.role = Role::kReader;
      hello.prefixes = {"/"};
      hello.from = actor.position + 1;
      break;
  }
  hello.objects_only = hello.prefixes == std::vector<std::string>{"/binary"};
  if (actor.part == Part::kGather) hello.modes = {Mode::kIdle};
  if (actor.part == Part::kDigest) hello.modes = {Mode::kComplete};
  return hello;
}

Descriptor note_of(uint64_t injector) {
  return make_object(Domain(), std::string(kSubmissionPath), "note",
                     Value::of("submission " + std::to_string(injector)), "inject");
}

std::deque<NewDescriptor> plan_of(uint64_t seed, uint64_t injector) {
  Random random(seed * 31 + injector);
  std::deque<NewDescriptor> plan;
  size_t count = 1 + random() % 5;
  for (size_t i = 0; i < count; i++) plan.push_back(file("inject", member_text(2, random()), {}, i));
  return plan;
}

std::vector<NewDescriptor> members_of(const Descriptor& container) {
  std::string text = *container.value.load(1 << 20);
  Random random(std::hash<std::string>()(text));
  uint64_t depth = static_cast<uint64_t>(text[4] - '0');
  std::vector<NewDescriptor> members;
  size_t count = random() % 4;
  for (size_t i = 0; i < count; i++) {
    members.push_back(file("unpack", member_text(depth, random()), container.selector, i));
  }
  return members;
}

bool is_poison(const Task& task) { return task.record.descriptor.selector.id()->bytes[1] % 4 == 0; }

Finish finish_of_bulk(const Actor& actor) {
  Finish finish;
  finish.seq = actor.bulk->seq;
  if (actor.collected.empty()) return finish;  // all of it was pruned meanwhile
  std::string text;
  for (const Record& record : actor.collected) text += std::to_string(record.seq) + " ";
  NewDescriptor item;
  item.descriptor = make_child(actor.collected.front().descriptor, actor.name, "/" + actor.name,
                               Value::of(std::move(text)), Kind::kText);
  finish.children.push_back(std::move(item));
  return finish;
}

Finish finish_of(const Actor& actor, const Task& task, Random& random) {
  Finish finish;
  if (task.is_offer) finish.outcome = Outcome::kProcessable;
  finish.seq = task.origin ? task.origin->seq : task.record.seq;
  switch (actor.part) {
    case Part::kHash:
      finish.children.push_back(child(task, "hash", "/hash", "#" + value_text(task)));
      break;
    case Part::kClock:
      finish.children.push_back(child(task, "clock", "/clock", std::to_string(random())));
      break;
    case Part::kChain:
      finish.children.push_back(child(task, "chain", "/chain", value_text(task) + "'"));
      break;
    case Part::kFussy: {
      uint8_t draw = task.record.descriptor.selector.id()->bytes[0];
      if (draw % 5 == 0) finish.outcome = Outcome::kFiltered;
      if (draw % 5 == 1 || draw % 5 == 2) finish.outcome = Outcome::kFailed;
      if (draw % 5 == 2) finish.later_ms = 700, finish.retries = 2;
      break;
    }
    default:
      break;
  }
  return finish;
}

}  // namespace rebus::simulation
