#include "tools/chain.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "descriptor/escape.h"
#include "tools/log.h"

namespace rebus {
namespace {

// Agents that take longer to stop are named.
constexpr std::chrono::milliseconds kPatience(2000);

Hello own_hello(const Domain& domain) {
  Hello hello;
  hello.role = Role::kClient;
  hello.agent = "rebus_agent";
  hello.domain = domain;
  return hello;
}

void log_counts(const Instance& instance) {
  if (instance.is_one_shot()) return;
  const RunCounts& counts = instance.counts();
  spdlog::info("{} was offered {}: took {}, left {}, failed on {}", instance.call().spec->name,
               counts.offered.load(), counts.taken.load(), counts.filtered.load(), counts.failed.load());
}

}  // namespace

Chain::Chain(const CommandLine& line) : line_(line), out_([this] { stop_for(PipeClosed{}); }) {}

bool Chain::ask_stop() {
  if (!running_) return false;
  if (is_watching_.exchange(false)) {
    events_.put(EndOfWatching{});
  } else {
    stop_for(UserStop{});
  }
  return true;
}

void Chain::stop_for(Event reason) {
  events_.put(reason);
  control_->interrupt();
}

int Chain::run() {
  auto done = check_calls();
  if (done) done = open();
  for (size_t i = 0; i < line_.stages.size() && done && !stopped_; i++) {
    done = run_stage(line_.stages[i], i + 1 == line_.stages.size());
  }
  if (!done) fail(done.error());
  close();
  return status_.code();
}

// Before anything is opened: a mistake in the last stage must not cost the work of the first.
Result<void> Chain::check_calls() const {
  for (const Stage& stage : line_.stages) {
    for (const AgentCall& call : stage) {
      auto hello = hello_of(call, line_.globals);
      if (!hello) return Error{hello.error().code, call.spec->name + ": " + hello.error().message};
    }
  }
  return {};
}

Result<void> Chain::open() {
  auto access = open_bus(line_.globals);
  if (!access) return access.error();
  access_ = std::move(*access);
  auto channel = access_->connector().connect();
  if (!channel) return channel.error();
  control_ = std::make_unique<Bus>(std::move(*channel));
  auto welcome = control_->join(own_hello(line_.globals.domain));
  if (!welcome) return welcome.error();
  control_->on_held([this](const std::vector<std::string>& agents) { name_paused(agents); });
  running_ = true;
  return {};
}

Result<void> Chain::run_stage(const Stage& stage, bool is_last) {
  size_t first = instances_.size();
  if (auto joined = join_stage(stage); !joined) return joined;
  if (auto held = hold_open(stage); !held) return held;
  start_agents(first);
  await(is_last);
  return stopped_ || (is_last && !ends_by_itself()) ? Result<void>() : wait_idle();
}

// All join before any starts: the bus must know every consumer before it can think that all is done.
Result<void> Chain::join_stage(const Stage& stage) {
  auto status = control_->status();
  if (!status) return status.error();
  for (const AgentCall& call : stage) {
    unsigned count = call.spec->role == Role::kConsumer ? call.jobs : 1;
    for (unsigned i = 0; i < count; i++) {
      auto instance = Instance::join(call, line_.globals, access_->connector(), out_, status->head);
      if (!instance) return Error{instance.error().code, call.spec->name + ": " + instance.error().message};
      (*instance)->on_held([this](auto& agents) { events_.put(AgentsPaused{agents}); });
      instances_.push_back(std::move(*instance));
    }
  }
  return {};
}

void Chain::start_agents(size_t first) {
  for (size_t i = first; i < instances_.size(); i++) {
    Instance* instance = instances_[i].get();
    working_.insert(instance);
    instance->start(ends_by_itself(), [this, instance] { events_.put(AgentEnded{instance}); });
  }
}

// Runs until every agent that the end of the stage depends on has ended.
void Chain::await(bool is_last) {
  auto is_working = [&] {
    return std::any_of(working_.begin(), working_.end(),
                       [&](const Instance* instance) { return is_awaited(*instance, is_last); });
  };
  while (!stopped_ && is_working()) {
    if (auto event = events_.take()) handle(*event);
  }
}

bool Chain::is_awaited(const Instance& instance, bool is_last) const {
  if (instance.is_one_shot()) return true;
  if (ends_by_itself()) return instance.is_reader();
  return is_last;
}

void Chain::handle(const Event& event) {
  if (const auto* ended = std::get_if<AgentEnded>(&event)) {
    take_result(*ended->instance);
    return;
  }
  if (std::holds_alternative<EndOfWatching>(event)) return end_watching();
  if (const auto* paused = std::get_if<AgentsPaused>(&event)) return name_paused(paused->names);
  bool is_user = std::holds_alternative<UserStop>(event);
  if (is_user && !is_serving_only()) status_.add(ExitStatus::kInterrupted);
  stopped_ = true;
}

// On a networked bus with nothing at work that ends by itself, being stopped is the normal end.
bool Chain::is_serving_only() const {
  auto ends = [](const Instance* instance) {
    return instance->is_one_shot() && !instance->call().spec->stays;
  };
  return !ends_by_itself() && std::none_of(working_.begin(), working_.end(), ends);
}

// In one process, everything ends when the bus is idle: while somebody watches it must not be.
Result<void> Chain::hold_open(const Stage& stage) {
  auto stays = [](const AgentCall& call) { return call.spec->stays; };
  if (!ends_by_itself() || std::none_of(stage.begin(), stage.end(), stays)) return {};
  auto channel = access_->connector().connect();
  if (!channel) return channel.error();
  open_end_ = std::make_unique<Bus>(std::move(*channel));
  Hello hello = own_hello(line_.globals.domain);
  hello.role = Role::kProducer;
  auto welcome = open_end_->join(hello);
  if (!welcome) return welcome.error();
  is_watching_ = true;
  return {};
}

void Chain::end_watching() {
  for (const auto& instance : instances_) {
    if (instance->call().spec->stays) instance->interrupt();
  }
}

void Chain::take_result(Instance& instance) {
  working_.erase(&instance);
  auto result = instance.end();
  auto stays = [](const Instance* other) { return other->call().spec->stays; };
  if (open_end_ && std::none_of(working_.begin(), working_.end(), stays)) {
    is_watching_ = false;
    open_end_->leave();
    open_end_.reset();
  }
  log_counts(instance);
  bool is_early = !instance.is_one_shot() && !(instance.is_reader() && ends_by_itself());
  if (stopped_) {
    if (!result) report(result.error(), instance.call().spec->name);
  } else if (result ? is_early : result.error().code == Code::kStopped) {
    fail({Code::kStopped, ""});
  } else if (!result) {
    report(result.error(), instance.call().spec->name);
    stopped_ = !instance.is_one_shot();  // without it the bus would never be idle
  }
}

Result<void> Chain::wait_idle() {
  auto idle = control_->wait_idle();
  if (idle) return {};
  while (auto event = events_.take(std::chrono::milliseconds(0))) handle(*event);
  return stopped_ ? Result<void>() : idle.error();
}

// The chain cannot go on.
void Chain::fail(const Error& error) {
  stopped_ = true;
  bus_gone_ |= error.code == Code::kStopped;  // and nobody asked for it
  report(error, "");
}

void Chain::close() {
  if (!stopped_) tell_what_came_of_it();
  stop_agents();
  if (access_) access_->stop();
  auto failure = access_ ? access_->failure() : std::nullopt;
  if (bus_gone_ && !failure) failure = Error{Code::kUnavailable, "the bus is gone"};
  if (failure) report(*failure, "");
  if (out_.failure()) report(*out_.failure(), "");
  if (out_.any_input_failed()) status_.add(ExitStatus::kUnreadableInput);
  if (out_.is_incomplete()) status_.add(ExitStatus::kIncomplete);
}

void Chain::tell_what_came_of_it() {
  Closing closing(*control_, out_);
  bool is_whole = true;
  for (SubmissionId id : out_.submissions()) {
    auto told = closing.tell_submission(id, ends_by_itself());
    if (!told) return report(told.error(), "");
    is_whole &= *told;
  }
  if (is_whole) is_whole = tell_failed_tasks();
  if (!is_whole) status_.add(ExitStatus::kIncomplete);
  if (!ends_by_itself()) return;
  auto told = closing.tell_untaken(consumers());
  if (!told) report(told.error(), "");
  closing.tell_unmatched(vain_readers());
}

// Of what was injected by others. True: there are none.
bool Chain::tell_failed_tasks() {
  std::map<std::string, uint64_t> untold;
  bool is_any = false;
  for (const auto& instance : instances_) {
    auto failures = instance->counts().failures();
    is_any |= !failures.empty();
    for (const auto& line : failures) out_.note(line);
    uint64_t more = instance->counts().failed - failures.size();
    if (more > 0) untold[instance->call().spec->name] += more;
  }
  for (const auto& [name, count] : untold) out_.note(name + " failed on " + std::to_string(count) + " more");
  return !is_any;
}

std::vector<ConsumerCall> Chain::consumers() const {
  std::vector<ConsumerCall> calls;
  for (const auto& instance : instances_) {
    bool is_next_job = !calls.empty() && calls.back().hello.config == instance->hello().config &&
                       calls.back().spec == instance->call().spec;
    if (instance->is_consumer() && !is_next_job) calls.push_back({instance->call().spec, instance->hello()});
  }
  return calls;
}

std::vector<Hello> Chain::vain_readers() const {
  std::vector<Hello> hellos;
  for (const auto& instance : instances_) {
    bool is_vain = instance->counts().offered == 0 && !instance->hello().selector_regex.empty();
    if (instance->is_reader() && !instance->is_one_shot() && is_vain) hellos.push_back(instance->hello());
  }
  return hellos;
}

void Chain::stop_agents() {
  stopped_ = true;
  for (const auto& instance : instances_) instance->interrupt();
  bool is_named = false;
  while (!working_.empty()) {
    auto event = is_named ? events_.take() : events_.take(kPatience);
    if (event) {
      handle(*event);
    } else {
      name_working();
      is_named = true;
    }
  }
  if (control_) control_->leave();
}

void Chain::name_paused(const std::vector<std::string>& agents) {
  if (std::exchange(paused_, agents) == agents) return;  // each of several who wait is told
  for (const std::string& agent : agents) {
    out_.note("rebus_agent: waiting for " + escape(agent) + ", which is paused: `rebus_admin resume " +
              escape(agent) + "` lets it go on");
  }
}

void Chain::name_working() {
  std::set<std::string> names;
  for (const Instance* instance : working_) names.insert(instance->call().spec->name);
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : ", ") + name;
  out_.note("rebus_agent: waiting for " + list + " to finish; interrupt again to end at once");
}

void Chain::report(const Error& error, const std::string& who) {
  if (error.code == Code::kStopped) return;  // told by whoever stopped it
  status_.add(ExitStatus::of(error.code));
  if (!reported_.insert(error.message).second) return;
  out_.note("rebus_agent: " + (who.empty() ? who : who + ": ") + one_line(error.message));
}

}  // namespace rebus
