#include "agents/support/yara_scanner.h"

#include <algorithm>
#include <utility>

#include "agents/support/sandbox/sandbox_level.h"

namespace rebus {
namespace {

RuleAnswer out_of_time() {
  RuleAnswer answer;
  answer.is_out_of_time = true;
  return answer;
}

bool is_inside(const StringPlace& place, uint64_t size) {
  return place.size <= size && place.offset <= size - place.size;
}

// Numbers only: texts are as long as a frame at most, and escaped by whoever shows them.
bool is_possible_answer(const RuleAnswer& answer, uint64_t size) {
  size_t places = 0;
  bool is_good = answer.rules.size() <= kMostRules && answer.busy.size() <= kMostBusyStrings;
  for (const RuleMatch& match : answer.rules) {
    places += match.places.size();
    is_good = is_good && std::all_of(match.places.begin(), match.places.end(),
                                     [&](const StringPlace& place) { return is_inside(place, size); });
  }
  return is_good && places <= kMostPlaces;
}

}  // namespace

Result<std::unique_ptr<YaraScanner>> YaraScanner::make(std::shared_ptr<const YaraRules> rules,
                                                       std::chrono::seconds time,
                                                       std::chrono::seconds grace) {
  auto file = SharedFile::make("rebus-yara");
  if (!file) return file.error();
  return std::unique_ptr<YaraScanner>(new YaraScanner(std::move(rules), *std::move(file), time, grace));
}

YaraScanner::YaraScanner(std::shared_ptr<const YaraRules> rules, SharedFile file, std::chrono::seconds time,
                         std::chrono::seconds grace)
    : rules_(std::move(rules)),
      time_(time),
      file_(std::move(file)),
      process_(
          worker_program("rebus_yara", {"match", sandbox_level_name(sandbox_level())}, rules_->readable()),
          time + grace, file_.readable()) {}

Result<RuleAnswer> YaraScanner::scan(const Value& value, const std::vector<RuleVariable>& variables) {
  auto filled = file_.fill_part(value, 0, kMostBytes);
  if (!filled) return filled.error();
  auto answer = process_.of_file([&] { return ask(std::min(value.size(), kMostBytes), variables); });
  bool was_ended = !answer && answer.error().code == Code::kFailed && process_.was_silent();
  return was_ended ? out_of_time() : answer;
}

Result<RuleAnswer> YaraScanner::ask(uint64_t size, const std::vector<RuleVariable>& variables) {
  auto ready = process_.start();
  if (ready)
    ready = process_.say(ParserWord::kTryRules, RuleCall{static_cast<uint64_t>(time_.count()), variables});
  auto frame = ready ? process_.receive(Value()) : ready.error();
  if (!frame) return frame.error();
  auto answer = frame->word == ParserWord::kTried ? unpack<RuleAnswer>(frame->body) : process_.misbehaves();
  bool is_good = answer && is_possible_answer(*answer, size);
  return is_good || !process_.is_running() ? answer : process_.misbehaves();
}

}  // namespace rebus
