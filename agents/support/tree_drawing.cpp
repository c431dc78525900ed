#include "agents/support/tree_drawing.h"

#include <algorithm>
#include <cstdio>

#include "agents/support/utc.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const auto& text : texts) out += (out.empty() ? "" : ", ") + escape(text);
  return out;
}

// What stands left of a node, or of a further line about it.
std::string stem(const TreeBranches& branches, bool is_node) {
  std::string out;
  for (size_t level = 0; level + 1 < branches.size(); level++) out += branches[level] ? "│   " : "    ";
  if (branches.empty()) return out;
  if (is_node) return out + (branches.back() ? "├── " : "└── ");
  return out + (branches.back() ? "│   " : "    ");
}

// Below the node, beside the stem of what it contains.
std::string warning_stem(const TreeBranches& branches) { return stem(branches, false) + "    !! "; }

std::vector<std::string> warnings(const Handling& handling) {
  std::vector<std::string> out;
  for (const auto& failure : handling.failures) {
    std::string on = failure.of.empty() ? "" : " on " + failure.of;
    out.push_back(escape(failure.agent) + " " + outcome_name(failure.outcome) + on + ": " +
                  escape(failure.message));
  }
  for (const Record& limit : handling.limits) {
    auto value = value_line(limit.descriptor);
    out.push_back("limit: " + limit.descriptor.selector.path() + ": " +
                  (value ? *value : value.error().message));
  }
  return out;
}

std::string failures_json(const Handling& handling) {
  std::vector<std::string> out;
  for (const auto& failure : handling.failures) {
    out.push_back(JsonObject()
                      .add("agent", failure.agent)
                      .add("message", failure.message)
                      .add("on", failure.of)
                      .add("outcome", outcome_name(failure.outcome))
                      .str());
  }
  return json_array(out);
}

std::string limits_json(const Handling& handling) {
  std::vector<std::string> out;
  for (const Record& limit : handling.limits) {
    JsonObject json;
    json.add("selector", limit.descriptor.selector.str());
    auto added = add_value(json, limit.descriptor);
    if (!added) json.add("value_error", added.error().message);
    out.push_back(json.str());
  }
  return json_array(out);
}

JsonObject node_json(const TreeNode& node) {
  JsonObject json;
  json.add("name", node.name).add("level", node.level).add("selector", node.record.descriptor.selector.str());
  if (!node.parent.empty()) json.add("parent", node.parent);
  if (node.is_again) return json.add_json("shown_above", "true");
  json.add("type", node.record.descriptor.selector.path()).add("size", node.record.value_size);
  json.add_json("failures", failures_json(node.handling)).add_json("limits", limits_json(node.handling));
  return json.add("handled_by", node.handling.handled_by);
}

}  // namespace

void TreeDrawing::draw_header(SubmissionId id, const Descriptor& note) {
  if (wants_json(setting_)) return;
  setting_.out.write("submission " + std::to_string(id) + "  " + shown_name(setting_, note.label) + "  " +
                     utc_text(note.stored_at_ns) + "\n");
}

void TreeDrawing::draw(const TreeNode& node, const TreeBranches& branches) {
  failures_ += node.handling.failures.size();
  limits_ += node.handling.limits.size();
  if (wants_json(setting_)) return setting_.out.write(node_json(node).str() + "\n");
  std::string lines = stem(branches, true) + line(node) + "\n";
  for (const auto& warning : warnings(node.handling)) lines += warning_stem(branches) + warning + "\n";
  setting_.out.write(lines);
}

void TreeDrawing::draw_cut(const TreeNode& node, const TreeBranches& branches) {
  std::string selector = node.record.descriptor.selector.str();
  if (wants_json(setting_)) {
    setting_.out.write(JsonObject().add("parent", selector).add_json("levels_cut", "true").str() + "\n");
  } else {
    setting_.out.write(warning_stem(branches) + "more levels below: tree " + selector + "\n");
  }
}

void TreeDrawing::draw_footer(const SubmissionStatus& status) {
  const Submission& s = status.submission;
  uint64_t failures = std::max(s.failures, failures_), limits = std::max(s.limits, limits_);
  if (wants_json(setting_)) {
    JsonObject json;
    json.add("submission", s.id).add("injected", s.roots).add("extracted", s.files).add("results", s.results);
    json.add("failures", failures).add("limits", limits).add_bool("complete", status.complete);
    json.add("known_from", status.known_from);
    json.add_bool("cancelled", s.cancelled).add_bool("cut", s.cut);
    json.add("gone", status.gone);
    return setting_.out.write(json.str() + "\n");
  }
  setting_.out.write(std::to_string(s.roots) + " injected, " + std::to_string(s.files) + " extracted, " +
                     counted(s.results, "result") + ", " + counted(failures, "failure") + ", " +
                     counted(limits, "limit") + ": " +
                     (s.cancelled       ? "cancelled"
                      : status.complete ? "complete"
                                        : "in progress") +
                     (s.cut && !s.cancelled ? ", but whoever injected ended before it was done" : "") +
                     (status.gone.empty() ? "" : ", but not finished by " + joined(status.gone)) +
                     (status.known_from == 0 ? ""
                                             : "; what " + counted(status.known_from, "earlier submission") +
                                                   " brought is counted there") +
                     "\n");
}

std::string TreeDrawing::line(const TreeNode& node) const {
  std::string out = shown_name(setting_, node.name);
  if (node.is_again) return out + "  (shown above)";
  out += "  " + node.record.descriptor.selector.path() + "  " + size_words(node.record.value_size);
  std::string by = joined(node.handling.handled_by);
  return by.empty() ? out : out + "  [" + by + "]";
}

}  // namespace rebus
