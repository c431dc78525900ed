#include "tools/instance.h"

namespace rebus {

Result<Hello> hello_of(const AgentCall& call, const Globals& globals) {
  bool only_own_domain = call.spec->role == Role::kReader && !call.all_domains;
  return make_hello(*call.spec, call.options, globals.domain, only_own_domain);
}

Instance::Instance(const AgentCall& call, const Globals& globals, Output& out, bool networked,
                   std::unique_ptr<Channel> channel)
    : call_(call),
      setting_{call.options,     globals.domain, globals.output_format, call.raw_names,
               call.all_domains, networked,      globals.limits,        out},
      bus_(std::move(channel)) {}

Result<std::unique_ptr<Instance>> Instance::join(const AgentCall& call, const Globals& globals,
                                                 Connector& connector, Output& out, Seq head) {
  auto hello = hello_of(call, globals);
  if (!hello) return hello.error();
  if (call.spec->starts_now && globals.networked) hello->from = head + 1;
  auto channel = connector.connect();
  if (!channel) return channel.error();
  std::unique_ptr<Instance> instance(
      new Instance(call, globals, out, connector.networked(), std::move(*channel)));
  auto welcome = instance->bus_.join(*hello);
  if (!welcome) return welcome.error();
  bool keeps_to_the_bus = globals.networked && !globals.has_own_limits && !welcome->profile.empty();
  auto limits = keeps_to_the_bus ? limits_of_profile(welcome->profile) : globals.limits;
  if (!limits) return limits.error();
  instance->setting_.limits = *limits;
  return instance;
}

Instance::~Instance() {
  if (!thread_.joinable()) return;
  interrupt();
  thread_.join();
}

bool Instance::is_one_shot() const {
  const AgentSpec& spec = *call_.spec;
  return spec.role == Role::kProducer || spec.role == Role::kClient || spec.one_shot;
}

void Instance::start(bool until_idle, std::function<void()> on_end) {
  thread_ = std::thread([this, until_idle, on_end = std::move(on_end)] {
    result_ = run_agent(*call_.spec, setting_, bus_, counts_, until_idle);
    bus_.leave();  // whoever waits for idleness does not wait for this one
    on_end();
  });
}

Result<void> Instance::end() {
  if (thread_.joinable()) thread_.join();
  return result_;
}

}  // namespace rebus
