// wait: waits for the first descriptor of a kind, shows how it begins, and ends.
#include "agents/support/option_values.h"
#include "agents/support/rendering.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

constexpr size_t kIndent = 4;

class Wait final : public Agent {
 public:
  explicit Wait(const Setting& setting) : setting_(setting) {}

  Result<void> run(Bus& bus) override {
    while (auto event = bus.next_event()) {
      if (std::holds_alternative<Idle>(*event)) return say_nothing_came();
      const Task& task = std::get<Task>(*event);
      if (!task.origin) return print(task.record);
      auto finished = bus.finish({task.origin->seq, Outcome::kDone, {}, {}});
      if (!finished) return finished;
    }
    return Error{Code::kStopped, "the bus is gone or this agent was stopped"};
  }

 private:
  Result<void> print(const Record& record) {
    const Descriptor& d = record.descriptor;
    if (wants_json(setting_)) return print_json(record);
    auto value = short_value_block(d, kIndent);
    if (!value && value.error().code == Code::kNotFound)
      value = std::string("(pruned: its bytes were removed)\n");
    if (!value) return value.error();
    setting_.out.write(d.selector.str() + "\n" + std::string(kIndent, ' ') + *value);
    return {};
  }

  Result<void> print_json(const Record& record) {
    JsonObject json = metadata_json(record, nullptr);
    auto added = add_value(json, record.descriptor, kShownShort);
    if (!added && added.error().code == Code::kNotFound)
      added = Result<void>();  // it is there, without a value
    if (added) setting_.out.write(json.str() + "\n");
    return added;
  }

  Result<void> say_nothing_came() {
    setting_.out.incomplete();
    setting_.out.note("wait: all is done, and no selector begins with " +
                      setting_.options.arguments().front());
    return {};
  }

  Setting setting_;
};

Result<void> declare(const Options& options, Hello& hello) {
  const std::string& begin = options.arguments().at(0);
  hello.selector_regex = "^" + begin;
  hello.credit = 1;
  return check_selector_begin(begin);
}

constexpr const char* kHelp =
    R"(Waits until there is a descriptor whose selector begins with PREFIX, byte by byte; one that is stored already will
do. Prints its selector and, indented and escaped, the first 500 bytes of its value, and ends; on a networked bus, too.

If all is done and none came, in one process or with --until-idle, standard error says so and the exit code is 3.

With -o json: one object, with all metadata and "value" or "value_base64"; "value_cut" tells that it is only the begin.

Examples:
  rebus_agent --bus zmq wait /limit
      returns as soon as something is not examined whole
  rebus_agent hasher inject sample.exe -- wait /md5_hash)";

}  // namespace

extern const AgentSpec wait_agent;
const AgentSpec wait_agent = {
    .name = "wait",
    .summary = "wait for the first descriptor of a kind, and end",
    .help = kHelp,
    .role = Role::kReader,
    .prefixes = {"/"},
    .arguments = {"PREFIX", "begin of the selector", 1, 1},
    .one_shot = true,
    .make = [](const Setting& setting) -> std::unique_ptr<Agent> { return std::make_unique<Wait>(setting); },
    .declare = declare,
};

}  // namespace rebus
