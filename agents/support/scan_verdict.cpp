#include "agents/support/scan_verdict.h"

#include <algorithm>

namespace rebus {
namespace {

struct LimitWords {
  const char* name;
  const char* words;
};
constexpr LimitWords kLimits[] = {
    {"MaxFileSize",
     "it, or something in it, is larger than is looked at (--max-file-size; of clamd: MaxFileSize)"},
    {"MaxScanSize", "there is more in it than is looked at (--max-scan-size; of clamd: MaxScanSize)"},
    {"MaxFiles", "there are more files in it than are looked at (--max-files; of clamd: MaxFiles)"},
    {"MaxRecursion",
     "there are more containers in each other than are opened (--max-recursion; of clamd: MaxRecursion)"},
    {"MaxScanTime", "looking at it took too long (--max-time; of clamd: MaxScanTime)"},
    {"ZipMethod", "a zip has members of a method of compression that the engine does not know"},
    {"OutOfRoom", "the engine had too little memory, or room for temporary files, for it"},
    {"StreamMaxLength", "it is larger than the daemon takes (StreamMaxLength of its clamd.conf)"},
};

void add_once(std::vector<std::string>& list, std::string text) {
  if (std::find(list.begin(), list.end(), text) == list.end()) list.push_back(std::move(text));
}

void add_reason(std::string& reason, const std::string& more) {
  reason += (reason.empty() ? "" : "; ") + more;
}

std::string words_of(const std::string& limit) {
  for (const LimitWords& each : kLimits) {
    if (limit == each.name) return each.words;
  }
  return "the engine's limit " + limit + " was reached";
}

}  // namespace

ScanVerdict verdict_of(const ScanAnswer& answer) {
  ScanVerdict made;
  bool is_encrypted = false;
  for (const std::string& name : answer.names) {
    if (name.starts_with(kLimitReached)) {
      const size_t dot = kLimitReached.size();
      add_once(made.limits, name.size() > dot + 1 ? name.substr(dot + 1) : "unnamed");
    } else if (name.starts_with(kEncryptedAlert)) {
      is_encrypted = true;
    } else {
      add_once(made.signatures, name);
    }
  }
  if (answer.is_out_of_room) add_once(made.limits, "OutOfRoom");
  std::sort(made.signatures.begin(), made.signatures.end());
  for (const std::string& limit : made.limits) add_reason(made.reason, words_of(limit));
  for (const std::string& warning : answer.warnings)
    add_reason(made.reason, "the engine complained: " + warning);
  if (!answer.warnings.empty()) made.limits.emplace_back("warning");
  if (is_encrypted) add_reason(made.reason, "there is something encrypted in it");
  const bool is_only_unopened =
      std::ranges::all_of(made.limits, [](const auto& limit) { return limit == "ZipMethod"; });
  made.is_unopened = is_only_unopened && answer.error.empty() && (is_encrypted || !made.limits.empty());
  if (!answer.error.empty()) add_reason(made.reason, "the engine gave up: " + answer.error);
  made.verdict = !made.signatures.empty() ? "found"
                 : !made.limits.empty()   ? "partial"
                 : !answer.error.empty()  ? "error"
                 : is_encrypted           ? "encrypted"
                                          : "clean";
  return made;
}

}  // namespace rebus
