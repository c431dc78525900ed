// rebus_admin status: how a bus is, for people and for programs.
#include <spdlog/fmt/fmt.h>

#include "descriptor/escape.h"
#include "descriptor/json.h"
#include "tools/admin_command.h"
#include "tools/page.h"

namespace rebus {
namespace {

uint64_t done_or_filtered(const Consumer& consumer) {
  return consumer.count(Outcome::kDone) + consumer.count(Outcome::kFiltered);
}

std::string json_of(const ConsumerStatus& status) {
  const Consumer& consumer = status.consumer;
  JsonObject json;
  json.add("id", uint64_t{consumer.id}).add("agent", consumer.agent).add("config", consumer.config);
  json.add("domain", consumer.domain.str()).add("instances", uint64_t{status.instances});
  json.add("mode", mode_name(consumer.mode)).add("paused", uint64_t{consumer.paused});
  json.add("handled", done_or_filtered(consumer));
  for (Outcome outcome :
       {Outcome::kDone, Outcome::kFiltered, Outcome::kFailed, Outcome::kQuarantined, Outcome::kProcessable}) {
    json.add(outcome_name(outcome), consumer.count(outcome));
  }
  if (auto backlog = status.backlog()) {
    json.add("pending", *backlog).add("pending_urgent", status.pending[0]);
    json.add("pending_normal", status.pending[1]).add("pending_bulk", status.pending[2]);
  }
  json.add("at_work", status.claims).add("delayed", status.delayed).add("offered", status.offered);
  return json.str();
}

std::string json_of(const Status& status, const Welcome& welcome) {
  std::vector<std::string> consumers;
  for (const ConsumerStatus& one : status.consumers) consumers.push_back(json_of(one));
  JsonObject json;
  json.add("bus", welcome.bus).add("epoch", welcome.epoch).add("idle", uint64_t{status.idle});
  json.add("descriptors", status.descriptors).add("head", status.head);
  json.add("producers", uint64_t{status.producers}).add_json("consumers", json_array(consumers));
  return json.str() + "\n";
}

std::string name_of(const Consumer& consumer) {
  std::string name = escape(consumer.agent);
  if (consumer.config != "{}") name += " " + escape(consumer.config);
  if (consumer.domain != Domain()) name += " in " + consumer.domain.str();
  return name;
}

std::string state_of(const ConsumerStatus& status) {
  if (status.consumer.forgotten) return "being forgotten";
  std::string state = status.consumer.paused ? "paused" : status.instances == 0 ? "not running" : "";
  if (status.consumer.mode == Mode::kAutomatic) return state;
  state += (state.empty() ? "" : ", ") + std::string(mode_name(status.consumer.mode));
  return state + fmt::format(" ({} waiting)", status.consumer.count(Outcome::kProcessable));
}

std::string text_of(const Status& status) {
  size_t width = 8;
  for (const auto& one : status.consumers) width = std::max(width, name_of(one.consumer).size());
  width = std::min<size_t>(width, 60);
  std::string text = fmt::format("{} descriptors, {} injecting, {}\n", status.descriptors, status.producers,
                                 status.idle ? "idle" : "working");
  if (status.consumers.empty()) return text + "no consumers\n";
  text +=
      fmt::format("{:>4}  {:<{}}  {:>9}  {:>10}  {:>10}  {:>7}  {:>11}  {:>7}  {:>7}\n", "id", "consumer",
                  width, "instances", "handled", "pending", "failed", "quarantined", "at work", "delayed");
  for (const auto& one : status.consumers) {
    auto backlog = one.backlog();
    text += fmt::format("{:>4}  {:<{}}  {:>9}  {:>10}  {:>10}  {:>7}  {:>11}  {:>7}  {:>7}", one.consumer.id,
                        name_of(one.consumer), width, one.instances, done_or_filtered(one.consumer),
                        backlog ? std::to_string(*backlog) : "?", one.consumer.count(Outcome::kFailed),
                        one.consumer.count(Outcome::kQuarantined), one.claims, one.delayed);
    std::string state = state_of(one);
    text += (state.empty() ? "" : "  " + state) + "\n";
  }
  return text;
}

Result<int> show_status(const AdminCall& call) {
  auto status = call.bus.status();
  if (!status) return status.error();
  return print_page(call.wants_json() ? json_of(*status, call.welcome) : text_of(*status));
}

constexpr const char* kStatusHelp =
    R"(Prints what is stored and how far each consumer is. A consumer is an agent with those of its options that alter what it puts out, in a domain; several instances share its work.

With -o json one object, whose names stay what they are:

  bus          the store's name, 32 hex digits
  epoch        counts the starts of the master
  idle         1 if nobody injects and every running consumer has handled everything
  descriptors  stored: files and results
  head         last position of the log
  producers    injections under way
  consumers    a list of, by id:
    id, agent, config, domain
    instances    that are running
    mode         when it works: automatic, interactive, idle or complete
    paused       1 if nothing is handed out to it
    handled      done + filtered
    done         processed
    filtered     declined by the agent
    failed       listed by `rebus_agent … ls_failed`
    quarantined  given up because instances ended at work on them; likewise
    processable  collected: they wait until somebody asks, or their time comes
    pending      still to be handled, those at work among them; pending_urgent, pending_normal and pending_bulk by
                 priority. At most so many, after something was cancelled and before all is handled. Not there if
                 it is not known
    at_work      tasks that its instances have now
    delayed      tasks that wait for their next try
    offered      tasks handed out since the master started

All but pending, at_work, delayed, processable and instances count up, until something is pruned or tried again. The figures of a
consumer that is not running are those of its end.

Examples:
  rebus_admin status
  rebus_admin -o json status)";

}  // namespace

const AdminCommand kStatusCommand = {
    "status", {}, "what is stored, and how far every consumer is", kStatusHelp, {}, nullptr, show_status};

}  // namespace rebus
