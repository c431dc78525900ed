#include "bus/runner.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <exception>

#include "bus/slot_set.h"
#include "bus/step_results.h"
#include "bus/task_context.h"
#include "descriptor/crash_point.h"
#include "descriptor/escape.h"
#include "descriptor/json.h"

namespace rebus {
namespace {

std::string long_name(const OptionSpec& option) { return option.name.substr(option.name.rfind("--") + 2); }

bool is_fallback(const OptionSpec& option, const std::vector<std::string>& values) {
  std::string joined;
  for (const std::string& value : values) joined += (joined.empty() ? "" : ",") + value;
  return !option.fallback.empty() && joined == option.fallback;
}

class TaskWork final : public Work {
 public:
  TaskWork(const AgentSpec& spec, Bus& bus, Task task)
      : spec_(spec), bus_(bus), task_(std::move(task)), results_(spec, bus) {}

  const Record& record() const override { return task_.record; }
  const Origin* origin() const override { return task_.origin ? &*task_.origin : nullptr; }
  Bus& bus() override { return bus_; }
  std::unique_ptr<ValueWriter> new_value() override { return bus_.new_value(); }
  Result<void> push(std::string path, std::string value, Kind kind) override {
    if (!is_type_path(path)) return Error{Code::kInvalid, "agent pushes to an invalid type path"};
    NewDescriptor item;
    item.descriptor =
        make_child(descriptor(), spec_.name, std::move(path), Value::of(std::move(value)), kind);
    return results_.push(std::move(item), {});
  }
  Result<void> push(NewDescriptor item, std::vector<NewDescriptor> results) override {
    return results_.push(std::move(item), std::move(results));
  }
  Result<void> progress() override { return bus_.progress(); }
  const Record* slot(std::string_view name) const override { return set_ ? set_->find(name) : nullptr; }
  Result<void> keep(uint32_t version, std::string bytes) override {
    return results_.keep(version, std::move(bytes));
  }
  Error later(std::string reason, std::chrono::milliseconds wait, uint32_t retries) override {
    return results_.later(std::move(reason), wait, retries);
  }

  bool is_offer() const { return task_.is_offer; }
  // Whether the agent's slots are filled, and this is the descriptor with which to process them.
  Result<bool> is_set_due(Agent& agent) {
    if (spec_.slots.empty()) return true;
    auto set = SlotSet::of(spec_, bus_, task_.record);
    if (!set) return set.error();
    set_ = *std::move(set);
    bool is_its_turn = task_.is_asked || set_->newest() == task_.record.seq;
    return is_its_turn && agent.accepts_set(*this, set_->is_filled(spec_));
  }
  Seq seq() const { return task_.origin ? task_.origin->seq : task_.record.seq; }
  Finish end(const Result<Outcome>& ended) { return results_.end(seq(), ended); }

 private:
  const AgentSpec& spec_;
  Bus& bus_;
  Task task_;
  StepResults results_;
  std::optional<SlotSet> set_;
};

class CollectedWork final : public BulkWork {
 public:
  CollectedWork(const AgentSpec& spec, Bus& bus, const BulkTask& task)
      : bus_(bus), task_(task), results_(spec, bus) {}

  SubmissionId submission() const override { return task_.submission; }
  uint64_t size() const override { return task_.count; }
  Result<void> for_each(const std::function<bool(Record&)>& use) override {
    return bus_.for_each_collected(use);
  }
  Bus& bus() override { return bus_; }
  std::unique_ptr<ValueWriter> new_value() override { return bus_.new_value(); }
  Result<void> push(NewDescriptor item) override { return results_.push(std::move(item)); }
  Result<void> progress() override { return bus_.progress(); }
  Result<void> keep(uint32_t version, std::string bytes) override {
    return results_.keep(version, std::move(bytes));
  }
  Error later(std::string reason, std::chrono::milliseconds wait, uint32_t retries) override {
    return results_.later(std::move(reason), wait, retries);
  }
  Seq seq() const { return task_.seq; }
  Finish end(const Result<Outcome>& ended) { return results_.end(task_.seq, ended); }

 private:
  Bus& bus_;
  BulkTask task_;
  StepResults results_;
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

// What the agent published as it went must be stored before the task ends.
Result<Outcome> done_if(const Result<void>& processed, Bus& bus) {
  auto flushed = bus.flush();
  if (!processed) return processed.error();
  return flushed ? Result<Outcome>(Outcome::kDone) : flushed.error();
}

Result<Outcome> process_one(Agent& agent, TaskWork& work) {
  return guarded([&]() -> Result<Outcome> {
    if (!agent.accepts(work)) return Outcome::kFiltered;
    if (work.is_offer()) return Outcome::kProcessable;
    auto is_due = work.is_set_due(agent);
    if (!is_due) return is_due.error();
    if (!*is_due) return Outcome::kDone;
    crash_point("process-begun");
    return done_if(agent.process(work), work.bus());
  });
}

Result<Outcome> process_all(Agent& agent, CollectedWork& work) {
  return guarded([&]() -> Result<Outcome> { return done_if(agent.bulk_process(work), work.bus()); });
}

// Gives an error that is no fault of what was processed: the task is somebody else's when this agent has
// gone.
Result<void> count(const Result<Outcome>& ended, const std::string& what, RunCounts& counts) {
  counts.offered++;
  if (!ended) {
    Code code = ended.error().code;
    if (code == Code::kStopped || code == Code::kStorage) return ended.error();
    if (code != Code::kTryLater) counts.add_failure(what + ": " + escape(unescape(ended.error().message)));
  } else if (*ended == Outcome::kDone) {
    counts.taken++;
  } else if (*ended == Outcome::kFiltered) {
    counts.filtered++;
  }
  return {};
}

Result<void> restore(const AgentSpec& spec, Agent& agent, Bus& bus) {
  if (!spec.keeps_state) return {};
  auto state = bus.state();
  if (!state) return state.error();
  return guarded([&] { return agent.restore(*state); });
}

TaskContext context_of(const AgentSpec& spec, const Task& task) {
  const Descriptor& d = task.record.descriptor;
  return {spec.name, d.domain.str(), d.selector.str(), task.tries + 1};
}

TaskContext context_of(const AgentSpec& spec, const Bus& bus, const BulkTask& task) {
  return {spec.name, bus.hello().domain.str(), {}, task.tries + 1};
}

void log_end(const Result<Outcome>& ended) {
  if (ended) return spdlog::debug("{}", outcome_name(*ended));
  bool is_later = ended.error().code == Code::kTryLater;
  spdlog::info("{}: {}", is_later ? "asks for another try" : "failed", escape(ended.error().message));
}

template <class OneWork, class Process>
Result<void> serve_one(TaskContext context, const std::string& what, OneWork work, Bus& bus,
                       RunCounts& counts, Process process) {
  TaskScope scope(std::move(context));
  auto ended = process(work);
  if (bus.is_withdrawn()) return bus.finish({work.seq(), Outcome::kFailed, "cancelled", {}});
  log_end(ended);
  auto counted = count(ended, what, counts);
  if (!counted) return counted;
  crash_point("task-done");
  auto finished = bus.finish(work.end(ended));
  crash_point("finish-said");
  return finished;
}

void look_around_until_work(const AgentSpec& spec, Agent& agent, Bus& bus) {
  if (spec.looks_every.count() == 0) return;
  while (!bus.has_event(spec.looks_every)) {
    auto looked = guarded([&] { return agent.look_around(bus); });
    if (!looked) spdlog::warn("{}", escape(looked.error().message));
  }
}

Result<void> serve(const AgentSpec& spec, Agent& agent, Bus& bus, RunCounts& counts) {
  auto served = restore(spec, agent, bus);
  while (served) {
    look_around_until_work(spec, agent, bus);
    auto event = bus.next_event();
    if (!event || std::holds_alternative<Idle>(*event)) return {};
    if (bus.take_loss()) served = restore(spec, agent, bus);
    if (!served) return served;
    if (const auto* bulk = std::get_if<BulkTask>(&*event)) {
      served = serve_one(context_of(spec, bus, *bulk), spec.name + " failed on all that it collected",
                         CollectedWork(spec, bus, *bulk), bus, counts,
                         [&](auto& work) { return process_all(agent, work); });
    } else {
      Task& task = std::get<Task>(*event);
      TaskContext context = context_of(spec, task);
      const Descriptor& d = task.record.descriptor;
      std::string what = escape(d.label) + ": " + spec.name + " failed on " + d.selector.path();
      served = serve_one(std::move(context), what, TaskWork(spec, bus, std::move(task)), bus, counts,
                         [&](auto& work) { return process_one(agent, work); });
    }
  }
  return served;
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

std::string host_name() {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  return host.data();
}

Result<Hello> make_hello(const AgentSpec& spec, const Options& options, const Domain& domain,
                         bool own_domain) {
  Hello hello;
  hello.role = spec.role;
  hello.agent = spec.name;
  hello.config = consumer_config(spec, options);
  hello.version = spec.version;
  hello.host = host_name();
  hello.process = static_cast<uint64_t>(getpid());
  hello.domain = domain;
  hello.own_domain = own_domain;
  hello.prefixes = spec.prefixes;
  hello.yields = spec.yields;
  hello.objects_only = spec.objects_only;
  hello.credit = 64;
  hello.claim_life = static_cast<uint32_t>(spec.claim_life.count());
  if (spec.role == Role::kConsumer) hello.modes = spec.modes;
  if (options.flag("mode")) {
    hello.mode = mode_named(options.text("mode"));
    if (!hello.mode) return Error{Code::kInvalid, "no mode '" + escape(options.text("mode")) + "'"};
  }
  if (spec.declare != nullptr) {
    auto declared = spec.declare(options, hello);
    if (!declared) return declared.error();
  }
  return hello;
}

Result<void> run_agent(const AgentSpec& spec, const Setting& setting, Bus& bus, RunCounts& counts,
                       bool until_idle) {
  TaskScope scope({spec.name, bus.hello().domain.str(), {}, 0});
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
