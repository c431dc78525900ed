#include "agents/support/report_json.h"

#include "agents/support/rendering.h"
#include "agents/support/utc.h"
#include "descriptor/json.h"

namespace rebus {
namespace {

constexpr uint64_t kFormat = 1;  // of docs/report.md: raised if a key changes its meaning

std::string result_json(const ReportedResult& result) {
  const Descriptor& d = result.record.descriptor;
  JsonObject json;
  json.add("agent", d.agent).add("path", d.selector.path()).add("selector", d.selector.str());
  json.add("size", result.record.value_size).add("time_us", d.processing_time_us);
  if (!d.producer_version.empty()) json.add("agent_version", d.producer_version);
  if (!d.sandbox.empty()) json.add("sandbox", d.sandbox);
  if (d.version > 0) json.add("version", uint64_t{d.version});
  auto added = add_value(json, d);
  if (!added) json.add("value_error", added.error().message);
  return json.str();
}

std::string file_json(const Report& report, const ReportedFile& file) {
  const Descriptor& d = file.record.descriptor;
  std::vector<std::string> members, results;
  for (const auto& member : file.members) {
    JsonObject one;
    one.add("name", member.name);
    bool is_known = member.file != ReportedFile::kLeftOut;
    if (is_known) one.add("selector", report.files[member.file].record.descriptor.selector.str());
    members.push_back(one.str());
  }
  for (const auto& result : file.results) results.push_back(result_json(result));
  JsonObject json;
  json.add("agents", file.agents).add("found", file.found).add("incomplete", file.incomplete);
  json.add_bool("injected", file.is_injected).add_json("members", json_array(members));
  if (file.is_not_run) json.add_bool("not_run", true);
  json.add("mime", d.file_type.mime).add("more_names", file.more_names).add("names", file.names);
  json.add_json("results", json_array(results)).add("selector", d.selector.str());
  json.add("sha256", file.record.value_digest.hex()).add("size", file.record.value_size);
  json.add("type", d.selector.path()).add("type_words", d.file_type.words).add("uuid", d.uuid.str());
  json.add("verdict", verdict_name(file.verdict))
      .add("verdict_with_members", verdict_name(file.with_members));
  return json.str();
}

std::string agents_json(const Report& report) {
  JsonObject all;
  for (const auto& [agent, work] : report.agents) {
    all.add_json(agent, JsonObject().add("results", work.results).add("time_us", work.time_us).str());
  }
  return all.str();
}

std::string sandboxes_json(const Report& report) {
  JsonObject all;
  for (const auto& [agent, sandboxes] : report.sandboxes) {
    std::vector<std::string> lists;
    for (const auto& layers : sandboxes) {
      std::vector<std::string> texts;
      for (const auto& layer : layers) texts.push_back(json_string(layer));
      lists.push_back(json_array(texts));
    }
    all.add_json(agent, json_array(lists));
  }
  return all.str();
}

std::string counts_json(const Report& report) {
  JsonObject counts;
  for (size_t i = 0; i < kVerdicts; i++) counts.add(verdict_name(static_cast<Verdict>(i)), report.counts[i]);
  counts.add("failures", report.failures).add("limits", report.limits);
  return counts.add("not_run", programs_not_run(report)).str();
}

}  // namespace

std::string report_json(const Report& report) {
  std::vector<std::string> files;
  for (const auto& file : report.files) files.push_back(file_json(report, file));
  const Descriptor& note = report.note.descriptor;
  JsonObject submission;
  submission.add("domain", note.domain.str()).add("label", note.label).add("number", report.submission.id);
  submission.add("stored_at", utc_text(note.stored_at_ns)).add("uuid", note.uuid.str());
  JsonObject json;
  json.add_json("agents", agents_json(report)).add_bool("complete", report.is_complete());
  json.add_json("counts", counts_json(report)).add_json("files", json_array(files)).add("format", kFormat);
  json.add("files_left_out", report.left_out).add("incomplete", report.incomplete);
  json.add("less_sandbox", less_sandbox(report)).add_json("sandboxes", sandboxes_json(report));
  return json.add_json("submission", submission.str()).add("verdict", verdict_name(report.verdict)).str();
}

}  // namespace rebus
