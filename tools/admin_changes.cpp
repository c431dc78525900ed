// rebus_admin retry, cancel, pause, resume, mode.
#include <charconv>
#include <cstdio>

#include "descriptor/escape.h"
#include "descriptor/json.h"
#include "tools/admin_command.h"
#include "tools/exit_status.h"
#include "tools/page.h"

namespace rebus {
namespace {

int print(const AdminCall& call, const JsonObject& json, const std::string& text) {
  return print_page((call.wants_json() ? json.str() : text) + "\n");
}

// --- retry ---

Result<Seq> position_of(const AdminCall& call, const std::string& text) {
  auto selector = Selector::parse(text);
  if (!selector) return selector.error();
  auto domain = Domain::parse(call.options.text("domain"));
  if (!domain) return domain.error();
  auto record = call.bus.get(*domain, *selector);
  return record ? Result<Seq>(record->seq) : record.error();
}

Result<int> retry(const AdminCall& call) {
  const auto& arguments = call.options.arguments();
  auto seq = arguments.size() > 1 ? position_of(call, arguments[1]) : Seq{0};
  if (!seq) return seq.error();
  auto count = call.bus.retry(arguments[0], *seq);
  if (!count) return count.error();
  return print(call, JsonObject().add("agent", arguments[0]).add("retried", *count),
               counted(*count, "task") + " of " + escape(arguments[0]) + " will be tried again");
}

constexpr const char* kRetryHelp =
    R"(Has what AGENT failed on, and what is quarantined for it, handed out again as if it had never been tried: see `rebus_agent … ls_failed`. With SELECTOR: only that one. Worth it after the agent was repaired or upgraded, or when what it needed was missing; the agent need not be there now.

With -o json: {"agent": …, "retried": N}.

Examples:
  rebus_admin retry unarchive
  rebus_admin --path case7 retry hasher)";

Result<void> check_retry(const Options& options) {
  auto domain = Domain::parse(options.text("domain"));
  if (!domain) return domain.error();
  if (options.arguments().size() < 2) return {};
  auto selector = Selector::parse(options.arguments()[1]);
  return selector ? Result<void>() : selector.error();
}

// --- cancel ---

Result<SubmissionId> submission_of(const std::string& text) {
  SubmissionId id = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error == std::errc() && end == text.data() + text.size() && id > 0) return id;
  return Error{Code::kInvalid, "a submission is a number, as `inject` tells it, not '" + escape(text) + "'"};
}

Result<void> check_cancel(const Options& options) {
  auto id = submission_of(options.arguments()[0]);
  return id ? Result<void>() : id.error();
}

Result<int> cancel(const AdminCall& call) {
  auto id = submission_of(call.options.arguments()[0]);
  if (!id) return id.error();
  auto cancelled = call.bus.cancel(*id);
  if (!cancelled) return cancelled.error();
  return print(call, JsonObject().add("submission", *id).add("at_work", cancelled->at_work),
               "submission " + std::to_string(*id) + " is cancelled; " + counted(cancelled->at_work, "task") +
                   " at work told to stop");
}

constexpr const char* kCancelHelp =
    R"(Ends a submission before it is complete. It is refused, with exit code 3, when every agent that the bus knows is through with it. What is queued of it is dropped for every consumer, also for those that come later; instances that are at work on it are told, stop at their next chance, and nothing of what they were doing is stored. What was stored before stays: `prune` removes it. The injection itself, if it goes on, ends with exit code 3, and so does `inject --wait`.

Files that another submission brought too are still handled for that one, as if the cancelled one had never been; and a file of a cancelled submission that is injected again is handled then.

SUBMISSION is the number that `inject` tells on a networked bus. With -o json: {"at_work": N, "submission": N}.

Example:
  rebus_admin cancel 12)";

// --- pause and resume ---

Result<int> set_paused(const AdminCall& call, bool paused) {
  const std::string& agent = call.options.arguments()[0];
  auto done = call.bus.pause(agent, paused);
  if (!done) return done.error();
  std::string text = escape(agent) + (paused ? " is paused" : " goes on") + " (" +
                     counted(done->consumers, "consumer") + ")";
  if (paused && done->in_hand > 0) text += "; its instances still have " + counted(done->in_hand, "task");
  return print(call,
               JsonObject()
                   .add("agent", agent)
                   .add("consumers", done->consumers)
                   .add("in_hand", done->in_hand)
                   .add("paused", uint64_t{paused}),
               text);
}

Result<int> pause(const AdminCall& call) { return set_paused(call, true); }
Result<int> resume(const AdminCall& call) { return set_paused(call, false); }

constexpr const char* kPauseHelp =
    R"(Hands out nothing more to the consumers of AGENT that the bus knows, with whatever options, until `resume`. It is stored: neither a restart of the master nor of the agent ends it. Tasks that its instances have got already are finished.

A paused consumer has work left: the bus is not idle and submissions are not complete before it has done it. Whoever waits (`inject --wait`, the end of a stage) is told on standard error for whom.

With -o json: {"agent": …, "consumers": N, "in_hand": N, "paused": 1}.

Examples:
  rebus_admin pause unarchive
  rebus_admin resume unarchive)";

constexpr const char* kResumeHelp =
    R"(Lets the consumers of AGENT go on that `pause` stopped. With -o json: {"agent": …, "consumers": N, "in_hand": N, "paused": 0}.

Example:
  rebus_admin resume unarchive)";

// --- mode ---

Result<void> check_mode(const Options& options) {
  const std::string& name = options.arguments()[1];
  if (mode_named(name)) return {};
  return Error{Code::kInvalid,
               "no mode '" + escape(name) + "': there are automatic, interactive, idle and complete"};
}

Result<int> set_mode(const AdminCall& call) {
  const auto& arguments = call.options.arguments();
  auto done = call.bus.set_mode(arguments[0], *mode_named(arguments[1]));
  if (!done) return done.error();
  return print(call, JsonObject().add("agent", arguments[0]).add("mode", arguments[1]),
               escape(arguments[0]) + " works in mode " + arguments[1] + " from now on");
}

constexpr const char* kModeHelp =
    R"(Changes when AGENT works: automatic, on what comes; interactive, on what `request_processing` asks for; idle, on all that it collected, when the bus is idle; complete, the same of a submission, when that is complete. It concerns all consumers of AGENT that the bus knows, running or not, is stored, and holds until an instance is started with another --mode.

What was collected before follows the new mode: in automatic it is processed now. An agent does not have every mode: see `rebus_agent AGENT -h`.

With -o json: {"agent": …, "mode": …}.

Example:
  rebus_admin mode unarchive interactive)";

ArgumentsSpec one(const std::string& metavar, const std::string& help) { return {metavar, help, 1, 1}; }

}  // namespace

const AdminCommand kRetryCommand = {"retry",
                                    {"AGENT [SELECTOR]", "whose failures, and only of this descriptor", 1, 2},
                                    "have failed and quarantined tasks of an agent tried again",
                                    kRetryHelp,
                                    {{"-d,--domain", "DOMAIN", "of SELECTOR", "default"}},
                                    check_retry,
                                    retry};

const AdminCommand kCancelCommand = {"cancel",
                                     one("SUBMISSION", "its number"),
                                     "end a submission before it is complete",
                                     kCancelHelp,
                                     {},
                                     check_cancel,
                                     cancel};

const AdminCommand kPauseCommand = {
    "pause", one("AGENT", "name"), "hand out no more tasks to an agent", kPauseHelp, {}, nullptr, pause};

const AdminCommand kModeCommand = {"mode",
                                   {"AGENT MODE", "name, and when it is to work", 2, 2},
                                   "change when an agent works",
                                   kModeHelp,
                                   {},
                                   check_mode,
                                   set_mode};

const AdminCommand kResumeCommand = {
    "resume", one("AGENT", "name"), "let a paused agent go on", kResumeHelp, {}, nullptr, resume};

}  // namespace rebus
