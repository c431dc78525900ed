#include "agents/workers/yara_matcher.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>

namespace rebus {

// What comes of one file.
struct MatchNotes {
  RuleAnswer answer;
  size_t text = 0, places = 0;

  void take_rule(const YR_SCAN_CONTEXT& context, const YR_RULE& rule);
  void take_busy(const YR_SCAN_CONTEXT& context, const YR_STRING& string);
  void take_error(int error, YR_SCANNER& scanner);
};

namespace {

constexpr uint64_t kFirstUse = 1;  // seconds, on no bytes

// A file, mapped; of no bytes: nothing.
class MappedFile {
 public:
  explicit MappedFile(int file) {
    struct stat status {};
    if (fstat(file, &status) != 0 || status.st_size == 0) return;
    size_ = static_cast<size_t>(status.st_size);
    begin_ = mmap(nullptr, size_, PROT_READ, MAP_SHARED, file, 0);
  }
  ~MappedFile() {
    if (is_good() && size_ > 0) munmap(begin_, size_);
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  bool is_good() const { return begin_ != MAP_FAILED; }
  std::string_view bytes() const { return {static_cast<const char*>(begin_), size_}; }

 private:
  void* begin_ = nullptr;
  size_t size_ = 0;
};

int take_message(YR_SCAN_CONTEXT* context, int message, void* data, void* user) {
  auto& notes = *static_cast<MatchNotes*>(user);
  if (message == CALLBACK_MSG_RULE_MATCHING) notes.take_rule(*context, *static_cast<YR_RULE*>(data));
  if (message == CALLBACK_MSG_TOO_MANY_MATCHES) notes.take_busy(*context, *static_cast<YR_STRING*>(data));
  return CALLBACK_CONTINUE;
}

RuleMeta meta_of(const YR_META& meta) {
  RuleMeta made{meta.identifier, RuleMeta::Type::kNumber, {}, meta.integer};
  if (meta.type == META_TYPE_BOOLEAN) made.type = RuleMeta::Type::kTruth;
  if (meta.type == META_TYPE_STRING) made.type = RuleMeta::Type::kText, made.text = meta.string;
  return made;
}

// At least one: none would be no limit.
uint64_t seconds_left(std::chrono::steady_clock::time_point begin, uint64_t seconds) {
  const auto past =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - begin);
  const uint64_t left = seconds - std::min(seconds, static_cast<uint64_t>(past.count()));
  return std::clamp<uint64_t>(left, 1, std::numeric_limits<int>::max());
}

std::string name_of(const YR_SCAN_CONTEXT& context, const YR_STRING& string) {
  return std::string(string.identifier) + " of " + context.rules->rules_table[string.rule_idx].identifier;
}

size_t text_of(const RuleMatch& match) {
  size_t size = match.name.size() + match.space.size();
  for (const std::string& tag : match.tags) size += tag.size();
  for (const RuleMeta& meta : match.metas) size += meta.name.size() + meta.text.size();
  return size;
}

}  // namespace

void MatchNotes::take_rule(const YR_SCAN_CONTEXT& context, const YR_RULE& rule) {
  RuleMatch match;
  match.name = rule.identifier;
  match.space = rule.ns->name;
  const char* tag = nullptr;
  yr_rule_tags_foreach((&rule), tag) match.tags.emplace_back(tag);
  const YR_META* meta = nullptr;
  yr_rule_metas_foreach((&rule), meta) match.metas.push_back(meta_of(*meta));
  text += text_of(match);
  if (answer.rules.size() == kMostRules || text > kMostRuleText) {
    answer.has_more_rules = true;
    return;
  }
  const YR_STRING* string = nullptr;
  yr_rule_strings_foreach((&rule), string) {
    size_t told = 0;
    const YR_MATCH* each = nullptr;
    yr_string_matches_foreach((&context), string, each) {
      bool has_room = told < kMostPlacesOfString && places < kMostPlaces;
      if (!has_room) {
        match.more_places++;
        continue;
      }
      told++, places++;
      match.places.push_back({string->identifier, static_cast<uint64_t>(each->base + each->offset),
                              static_cast<uint64_t>(each->match_length)});
    }
  }
  answer.rules.push_back(std::move(match));
}

void MatchNotes::take_busy(const YR_SCAN_CONTEXT& context, const YR_STRING& string) {
  if (answer.busy.size() == kMostBusyStrings) return;
  answer.busy.push_back(name_of(context, string));
}

void MatchNotes::take_error(int error, YR_SCANNER& scanner) {
  switch (error) {
    case ERROR_SUCCESS:
      return;
    case ERROR_SCAN_TIMEOUT:
      answer.is_out_of_time = true;
      return;
    case ERROR_INSUFFICIENT_MEMORY:
      answer.is_out_of_memory = true;
      return;
    case ERROR_TOO_MANY_RE_FIBERS:
      answer.is_too_complex = true;
      if (const YR_STRING* string = yr_scanner_last_error_string(&scanner))
        answer.complex = name_of(scanner, *string);
      return;
    default:
      answer.error = static_cast<uint64_t>(error);
  }
}

Result<YaraMatcher> YaraMatcher::load(int file) {
  const Error damaged{Code::kFailed, "the compiled rules came damaged"};
  MappedFile mapped(file);
  if (!mapped.is_good()) return damaged;
  // Where a string occurs is enough: the agent has the bytes.
  if (yr_initialize() != ERROR_SUCCESS ||
      yr_set_configuration_uint32(YR_CONFIG_MAX_MATCH_DATA, 1) != ERROR_SUCCESS)
    return Error{Code::kFailed, "libyara does not start"};
  YaraMatcher made;
  for (std::string_view rest = mapped.bytes(); !rest.empty();) {
    uint64_t size = 0;
    if (rest.size() < sizeof(size)) return damaged;
    std::memcpy(&size, rest.data(), sizeof(size));
    rest.remove_prefix(sizeof(size));
    if (rest.size() < size ||
        load_yara_rules(rest.substr(0, size), made.sets_.emplace_back()) != ERROR_SUCCESS)
      return damaged;
    rest.remove_prefix(size);
  }
  // Modules that open files do so when they are used first.
  MatchNotes nothing;
  for (const LoadedRules& set : made.sets_) made.match_set(*set, "", {kFirstUse, {}}, nothing);
  return made;
}

RuleAnswer YaraMatcher::match(int file, const RuleCall& call) const {
  MatchNotes notes;
  MappedFile mapped(file);
  notes.answer.is_out_of_memory = !mapped.is_good();
  const auto begin = std::chrono::steady_clock::now();
  for (const LoadedRules& set : sets_) {
    bool is_over = notes.answer.is_out_of_memory || notes.answer.is_out_of_time;
    RuleCall rest{seconds_left(begin, call.seconds), call.variables};
    if (!is_over) match_set(*set, mapped.bytes(), rest, notes);
  }
  return std::move(notes.answer);
}

// Without handlers of signals: what goes wrong ends this process, and is told by its agent.
void YaraMatcher::match_set(YR_RULES& rules, std::string_view bytes, const RuleCall& call,
                            MatchNotes& notes) const {
  YR_SCANNER* scanner = nullptr;
  notes.answer.is_out_of_memory = yr_scanner_create(&rules, &scanner) != ERROR_SUCCESS;
  if (notes.answer.is_out_of_memory) return;
  yr_scanner_set_flags(scanner, SCAN_FLAGS_REPORT_RULES_MATCHING | SCAN_FLAGS_NO_TRYCATCH);
  yr_scanner_set_timeout(scanner, static_cast<int>(call.seconds));
  for (const RuleVariable& variable : call.variables)  // rules that do not know it need it not
    (void)yr_scanner_define_string_variable(scanner, variable.name.c_str(), variable.text.c_str());
  yr_scanner_set_callback(scanner, take_message, &notes);
  int error = yr_scanner_scan_mem(scanner, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  notes.take_error(error, *scanner);
  yr_scanner_destroy(scanner);
}

}  // namespace rebus
