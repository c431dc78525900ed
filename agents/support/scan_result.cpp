#include "agents/support/scan_result.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <nlohmann/json.hpp>

#include "agents/support/utc.h"
#include "descriptor/escape.h"
#include "descriptor/json.h"

namespace rebus {
namespace {

constexpr uint64_t kMaxStoredScan = 1 << 20;  // bytes

int64_t now_ns() {
  auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

std::string database_json(const VirusDatabase& database, const std::string& trouble) {
  JsonObject json;
  json.add("version", database.version).add("digest", database.digest);
  if (database.date_ns != 0) json.add("date", utc_text(database.date_ns));
  if (database.signatures != 0) json.add("signatures", database.signatures);
  if (std::string warning = age_warning(database, now_ns()); !warning.empty()) json.add("stale", warning);
  if (!trouble.empty()) json.add("trouble", trouble);
  return json.str();
}

// `version`: how many results of this file there were before. By it the same finding after others is a result
// of its own.
std::string text_at(const nlohmann::json& json, const char* key) {
  auto found = json.is_object() ? json.find(key) : json.end();
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

std::vector<std::string> without(const std::vector<std::string>& all, const std::vector<std::string>& those) {
  std::vector<std::string> rest;
  std::copy_if(all.begin(), all.end(), std::back_inserter(rest),
               [&](const auto& name) { return std::find(those.begin(), those.end(), name) == those.end(); });
  return rest;
}

}  // namespace

std::string scan_result_json(const ScanVerdict& verdict, const ScanSource& source, uint64_t version) {
  JsonObject json;
  json.add("verdict", verdict.verdict).add("signatures", verdict.signatures);
  if (!verdict.reason.empty()) json.add("reason", verdict.reason);
  if (!verdict.limits.empty()) json.add("limits", verdict.limits);
  if (verdict.is_unopened) json.add_bool("unopened", true);
  json.add_json("engine", JsonObject().add("name", "ClamAV").add("version", source.engine).str());
  json.add_json("database", database_json(source.database, source.trouble));
  if (version > 0) json.add("rescan", version);
  return json.add("sandbox", source.sandbox).str();
}

Result<StoredScan> StoredScan::read(const Record& record) {
  auto text = record.descriptor.value.load(kMaxStoredScan);
  if (!text) return text.error();
  StoredScan old;
  old.version = record.descriptor.version;
  old.json = *std::move(text);
  auto json = nlohmann::json::parse(old.json, nullptr, false);
  old.verdict = text_at(json, "verdict");
  if (!json.is_object()) return old;
  const auto database = json.value("database", nlohmann::json::object());
  old.digest = text_at(database, "digest");
  old.database = text_at(database, "version");
  for (const auto& name : json.value("signatures", nlohmann::json::array())) {
    if (name.is_string()) old.signatures.push_back(unescape(name.get<std::string>()));
  }
  return old;
}

std::string StoredScan::difference_to(const ScanVerdict& now, const ScanSource& source,
                                      uint64_t now_version) const {
  auto appeared = without(now.signatures, signatures), gone = without(signatures, now.signatures);
  if (verdict == now.verdict && appeared.empty() && gone.empty()) return {};
  JsonObject difference, from, to;
  from.add("verdict", unescape(verdict)).add("database", unescape(database));
  to.add("verdict", now.verdict).add("database", source.database.version);
  difference.add_json("from", from.str()).add_json("to", to.str());
  return difference.add("appeared", appeared).add("gone", gone).add("rescan", now_version).str();
}

}  // namespace rebus
