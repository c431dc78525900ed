// rebus_admin prune, drop, forget: what is removed for good.
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <limits>

#include "descriptor/escape.h"
#include "descriptor/json.h"
#include "tools/admin_command.h"
#include "tools/exit_status.h"
#include "tools/page.h"

namespace rebus {
namespace {

// --- prune and drop ---

// "30d" and the like, in seconds.
Result<std::chrono::seconds> age_of(const std::string& text) {
  static constexpr std::pair<char, int64_t> kUnits[] = {
      {'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86'400}, {'w', 604'800}};
  uint32_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  for (auto [unit, seconds] : kUnits) {
    bool is_it = error == std::errc() && end + 1 == text.data() + text.size() && *end == unit;
    if (is_it) return std::chrono::seconds(seconds * number);
  }
  return Error{
      Code::kInvalid,
      "--older-than takes a whole number and a unit, s m h d or w, such as 30d, not '" + escape(text) + "'"};
}

void show_progress(const Pruned& done) {
  if (isatty(STDERR_FILENO) == 0) return;
  std::fprintf(stderr, "\r%lu files, %lu results", static_cast<unsigned long>(done.files),
               static_cast<unsigned long>(done.results));
  if (done.cursor == 0) std::fprintf(stderr, "\n");
}

std::string text_of(const Prune& query, const Pruned& done) {
  bool is_nothing = done.files + done.results + done.unhandled == 0;
  if (is_nothing && !query.all_domains)
    return "there is nothing to remove in domain '" + query.domain.str() + "'";
  std::string text = query.values_only ? "removed the values of " : "removed ";
  text += counted(done.files, "file") + (query.values_only ? " and of " : " and ") +
          counted(done.results, "result") +
          fmt::format(", {:.1f} MiB of values", done.value_bytes / 1048576.0);
  if (done.unhandled == 0) return text;
  return text + "; " + counted(done.unhandled, "file") +
         " that would go are not handled by every agent that is running: they stay";
}

Result<int> prune(const AdminCall& call, const Prune& query) {
  auto done = call.bus.prune(query, show_progress);
  if (!done) return done.error();
  JsonObject json;
  json.add("files", done->files).add("results", done->results).add("unhandled", done->unhandled);
  json.add("value_bytes", done->value_bytes);
  int code = print_page((call.wants_json() ? json.str() : text_of(query, *done)) + "\n");
  return code == 0 && done->unhandled > 0 ? ExitStatus::kIncomplete : code;
}

Result<void> check_prune(const Options& options) {
  if (!options.flag("older-than")) {
    return Error{Code::kInvalid, "prune needs --older-than AGE, such as 30d; `drop` removes a whole domain"};
  }
  auto age = age_of(options.text("older-than"));
  if (!age) return age.error();
  auto domain = options.flag("domain") ? Domain::parse(options.text("domain")) : Domain();
  return domain ? Result<void>() : domain.error();
}

Result<void> check_drop(const Options& options) {
  auto domain = Domain::parse(options.arguments()[0]);
  return domain ? Result<void>() : domain.error();
}

Result<int> prune_by_age(const AdminCall& call) {
  auto age = age_of(call.options.text("older-than"));
  if (!age) return age.error();
  auto domain = Domain::parse(call.options.flag("domain") ? call.options.text("domain") : "default");
  if (!domain) return domain.error();
  auto before = std::chrono::system_clock::now() - *age;
  Prune query;
  query.before_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(before.time_since_epoch()).count();
  query.domain = *domain;
  query.all_domains = !call.options.flag("domain");
  query.values_only = call.options.flag("values-only");
  return prune(call, query);
}

Result<int> drop_domain(const AdminCall& call) {
  auto domain = Domain::parse(call.options.arguments()[0]);
  if (!domain) return domain.error();
  Prune query;
  query.before_ns = std::numeric_limits<int64_t>::max();
  query.domain = *domain;
  return prune(call, query);
}

constexpr const char* kPruneHelp =
    R"(Removes files that came in longer ago than AGE, with all their results, names and marks, from every domain or from that of --domain. AGE is a whole number and a unit: s, m, h, d or w.

A file is as old as the last injection through which it came in, be it inside of an archive: what was injected again lately stays, with everything in it. An injection of which something is not handled by every agent that is running stays as a whole; those files are counted, and the exit code is 3.

With --values-only the bytes go and everything that is known stays: names, types, results' places, marks. Reading such a value says that it was pruned. Injecting the same file again brings back its bytes; whoever handled it before handles it anew then, which brings back its members and results.

Without it a file is forgotten: injected again it is new, and analysed again. Bytes that something else has too stay as long as that does. A result of several files goes with the first of them; who makes a new version of a result whose parents are gone is told `not_found`.

It works in small steps, so that the bus goes on meanwhile. One that was killed left nothing half removed that matters: give the command again. Large values are removed from the disk at once, the rest when the store compacts itself, which begins at the end. A file with more than 20,000 results stays.

With -o json: {"files": N, "results": N, "unhandled": N, "value_bytes": N}.

Examples:
  rebus_admin prune --older-than 30d
  rebus_admin prune --older-than 12h --domain lab --values-only)";

constexpr const char* kDropHelp =
    R"(Removes everything in DOMAIN that is handled by every agent that is running, as `prune` does whatever its age, the notes of its injections too. What is not handled stays and is counted, and the exit code is 3: stop the agents, or `cancel` the submission, and drop it again.

With -o json: {"files": N, "results": N, "unhandled": N, "value_bytes": N}.

Example:
  rebus_admin drop case7)";

// --- forget ---

bool is_number(const std::string& text) { return text.find_first_not_of("0123456789") == text.npos; }

// By its id, or by the name of its agent if there is but one of it.
Result<Consumer> find_consumer(const AdminCall& call, const std::string& text) {
  auto status = call.bus.status();
  if (!status) return status.error();
  std::vector<const Consumer*> found;
  std::string ids;
  for (const ConsumerStatus& one : status->consumers) {
    std::string id = std::to_string(one.consumer.id);
    if (is_number(text) ? id != text : one.consumer.agent != text) continue;
    found.push_back(&one.consumer);
    ids += (ids.empty() ? "" : ", ") + id + " " + escape(one.consumer.config);
  }
  if (found.size() == 1) return *found.front();
  if (found.empty())
    return Error{Code::kNotFound, "no consumer '" + escape(text) + "': see `rebus_admin status`"};
  return Error{Code::kInvalid,
               "there are several consumers of " + escape(text) + ": name one by its id: " + ids};
}

Result<int> forget(const AdminCall& call) {
  auto consumer = find_consumer(call, call.options.arguments()[0]);
  if (!consumer) return consumer.error();
  auto marks = call.bus.forget(consumer->id);
  if (!marks) return marks.error();
  JsonObject json;
  json.add("agent", consumer->agent).add("id", uint64_t{consumer->id}).add("marks", *marks);
  std::string text = "forgot " + escape(consumer->agent) + " (consumer " + std::to_string(consumer->id) +
                     "), which had handled " + counted(*marks, "descriptor");
  return print_page((call.wants_json() ? json.str() : text) + "\n");
}

constexpr const char* kForgetHelp =
    R"(Removes a consumer that is not running, with all that is known of its progress: nobody waits for it any more, and `status` does not show it. Its results stay. If it comes again it is a new one, and is given everything.

CONSUMER is its id in `status`, or the name of its agent if there is only one consumer of it. One that is running is refused (exit code 3): stop its instances first.

With -o json: {"agent": …, "id": N, "marks": N}.

Examples:
  rebus_admin forget stringer
  rebus_admin forget 4)";

}  // namespace

const AdminCommand kPruneCommand = {
    "prune",
    {},
    "remove old files with their results, or only their bytes",
    kPruneHelp,
    {{"--older-than", "AGE", "that came in longer ago: 30d, 12h, 0s", ""},
     {"-d,--domain", "DOMAIN", "only in this domain; default: in every one", ""},
     {"--values-only", "", "only the bytes; what is known of them stays", ""}},
    check_prune,
    prune_by_age};

const AdminCommand kDropCommand = {
    "drop",     {"DOMAIN", "name", 1, 1}, "remove everything in a domain", kDropHelp, {}, check_drop,
    drop_domain};

const AdminCommand kForgetCommand = {"forget",
                                     {"CONSUMER", "id, or agent", 1, 1},
                                     "remove a consumer that will not come back",
                                     kForgetHelp,
                                     {},
                                     nullptr,
                                     forget};

}  // namespace rebus
