#include "bus/runner.h"

#include <unistd.h>

#include <algorithm>
#include <exception>

#include "bus/codec.h"
#include "descriptor/json.h"

namespace rebus {
namespace {

using Clock = std::chrono::steady_clock;

// Children of one atomic step wait in memory for its end.
constexpr size_t kMaxChildrenAtFinish = 1000;
constexpr uint64_t kMaxBytesAtFinish = 256 << 20;       // of their values
constexpr size_t kMaxDescriptionsAtFinish = 512 << 10;  // bytes of the rest: it has to fit into one message

std::string long_name(const OptionSpec& option) { return option.name.substr(option.name.rfind("--") + 2); }

bool is_fallback(const OptionSpec& option, const std::vector<std::string>& values) {
  std::string joined;
  for (const std::string& value : values) joined += (joined.empty() ? "" : ",") + value;
  return !option.fallback.empty() && joined == option.fallback;
}

class TaskWork final : public Work {
 public:
  TaskWork(const AgentSpec& spec, Bus& bus, Task task)
      : spec_(spec), bus_(bus), task_(std::move(task)), start_(Clock::now()) {}

  const Record& record() const override { return task_.record; }
  const Origin* origin() const override { return task_.origin ? &*task_.origin : nullptr; }
  Bus& bus() override { return bus_; }
  std::unique_ptr<ValueWriter> new_value() override { return bus_.new_value(); }

  Result<void> push(std::string path, std::string value, Kind kind) override {
    if (!is_type_path(path)) return Error{Code::kInvalid, "agent pushes to an invalid type path"};
    NewDescriptor item;
    item.descriptor =
        make_child(descriptor(), spec_.name, std::move(path), Value::of(std::move(value)), kind);
    return push(std::move(item));
  }

  Result<void> push(NewDescriptor item) override {
    item.descriptor.processing_time_us = static_cast<uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start_).count());
    if (spec_.publish == Publish::kAsItGoes) return bus_.push(std::move(item));
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

  void progress() override { bus_.progress(); }

  Error later(std::string reason, std::chrono::milliseconds wait, uint32_t retries) override {
    auto most = std::chrono::milliseconds(std::chrono::hours(24 * 7));
    later_ms_ = static_cast<uint32_t>(std::clamp(wait, std::chrono::milliseconds(1), most).count());
    retries_ = retries;
    return {Code::kTryLater, std::move(reason)};
  }

  Finish end(const Result<bool>& taken) {
    Finish finish;
    finish.seq = task_.origin ? task_.origin->seq : task_.record.seq;
    if (!taken) {
      finish.outcome = Outcome::kFailed;
      finish.message = taken.error().message;
      if (taken.error().code == Code::kTryLater) finish.later_ms = later_ms_, finish.retries = retries_;
    } else if (!*taken) {
      finish.outcome = Outcome::kFiltered;
    } else {
      finish.children = std::move(children_);
    }
    return finish;
  }

 private:
  const AgentSpec& spec_;
  Bus& bus_;
  Task task_;
  Clock::time_point start_;
  std::vector<NewDescriptor> children_;
  size_t large_ = 0;
  uint64_t value_bytes_ = 0;
  size_t description_bytes_ = 0;
  uint32_t later_ms_ = 0, retries_ = 0;
};

// Agent code is caught here and nowhere else.
template <class Step>
auto guarded(Step step) -> decltype(step()) {
  try {
    return step();
  } catch (const std::exception& e) {
    return Error{Code::kFailed, std::string("agent threw: ") + e.what()};
  } catch (...) {
    return Error{Code::kFailed, "agent threw something that is no std::exception"};
  }
}

Result<bool> process_one(Agent& agent, TaskWork& work) {
  return guarded([&]() -> Result<bool> {
    if (!agent.accepts(work)) return false;
    auto processed = agent.process(work);
    auto flushed = work.bus().flush();  // what it published as it went must be stored before the task ends
    if (!processed) return processed.error();
    if (!flushed) return flushed.error();
    return true;
  });
}

Result<void> serve(const AgentSpec& spec, Agent& agent, Bus& bus, RunCounts& counts) {
  while (auto event = bus.next_event()) {
    if (std::holds_alternative<Idle>(*event)) return {};
    TaskWork work(spec, bus, std::get<Task>(std::move(*event)));
    counts.offered++;
    auto taken = process_one(agent, work);
    // Not the descriptor's fault: its task is somebody else's when this agent has gone.
    bool is_ours = !taken && (taken.error().code == Code::kStopped || taken.error().code == Code::kStorage);
    if (is_ours) return taken.error();
    if (!taken && taken.error().code != Code::kTryLater) counts.failed++;
    if (taken) ++(*taken ? counts.taken : counts.filtered);
    auto finished = bus.finish(work.end(taken));
    if (!finished) return finished;
  }
  return {};
}

Result<void> wait_for_injections(Bus& bus) {
  Find notes;
  notes.by = By::kPrefix;
  notes.text = kSubmissionPath;
  notes.all_domains = true;
  Result<SubmissionStatus> complete = SubmissionStatus();
  auto found = bus.for_each(notes, [&](Record& note) {
    complete = bus.submission(note.submission, true);
    return complete.ok();
  });
  if (!found) return found;
  return complete ? Result<void>() : complete.error();
}

// Of an agent that ends when the bus is idle.
Result<void> get_ready(const AgentSpec& spec, Bus& bus) {
  if (spec.role == Role::kReader) return bus.ask_idle();
  if (!spec.waits_for_idle) return {};
  if (spec.role == Role::kProducer) return wait_for_injections(bus);
  auto idle = bus.wait_idle();
  return idle ? Result<void>() : idle.error();
}

}  // namespace

// What stands at its default is left out: a version that has one more option is the same consumer.
std::string consumer_config(const AgentSpec& spec, const Options& options) {
  JsonObject config;
  for (const OptionSpec& option : spec.options) {
    std::string name = long_name(option);
    if (option.neutral || !options.flag(name) || is_fallback(option, options.list(name))) continue;
    if (option.secret) {
      std::string joined;
      for (const auto& text : options.list(name)) joined += text + '\0';
      config.add(name, sha256(as_bytes(joined)).hex());
    } else {
      config.add(name, options.list(name));
    }
  }
  if (!spec.arguments.neutral) config.add("arguments", options.arguments());
  return config.str();
}

Result<Hello> make_hello(const AgentSpec& spec, const Options& options, const Domain& domain,
                         bool own_domain) {
  Hello hello;
  hello.role = spec.role;
  hello.agent = spec.name;
  hello.config = consumer_config(spec, options);
  hello.version = spec.version;
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  hello.host = host.data();
  hello.domain = domain;
  hello.own_domain = own_domain;
  hello.prefixes = spec.prefixes;
  hello.objects_only = spec.objects_only;
  hello.credit = spec.role == Role::kReader ? 64 : 4;
  hello.claim_life = static_cast<uint32_t>(spec.claim_life.count());
  if (spec.declare != nullptr) {
    auto declared = spec.declare(options, hello);
    if (!declared) return declared.error();
  }
  return hello;
}

Result<void> run_agent(const AgentSpec& spec, const Setting& setting, Bus& bus, RunCounts& counts,
                       bool until_idle) {
  auto agent = guarded([&]() -> Result<std::unique_ptr<Agent>> { return spec.make(setting); });
  if (!agent) return agent.error();
  if (until_idle) {
    auto ready = get_ready(spec, bus);
    if (!ready) return ready;
  }
  bool serves = spec.role == Role::kConsumer || (spec.role == Role::kReader && !spec.one_shot);
  if (serves) return serve(spec, **agent, bus, counts);
  return guarded([&] { return (*agent)->run(bus); });
}

}  // namespace rebus
