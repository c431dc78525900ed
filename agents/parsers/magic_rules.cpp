#include "agents/parsers/magic_rules.h"

#include <string.h>

#include <algorithm>
#include <cstring>
#include <set>

namespace rebus {
namespace {

constexpr uint32_t kMark = 0xf11e041c, kVersion = 18;
constexpr uint8_t kBoth = MagicLine::kForBinary | MagicLine::kForText;

// Stands where a line would.
struct Header {
  uint32_t mark, version, rule_lines, named_lines;
};

MagicLine header_line(size_t rule_lines, size_t named_lines) {
  const Header header = {kMark, kVersion, static_cast<uint32_t>(rule_lines),
                         static_cast<uint32_t>(named_lines)};
  MagicLine line = {};
  std::memcpy(static_cast<void*>(&line), &header, sizeof header);
  return line;
}

bool begins_a_rule(const MagicLine& line) { return line.level == 0; }

template <class Visit>
void for_each_rule(MagicRules::Lines lines, Visit visit) {
  while (!lines.empty()) {
    auto next = std::find_if(lines.begin() + 1, lines.end(), begins_a_rule);
    const size_t length = static_cast<size_t>(next - lines.begin());
    visit(lines.first(length));
    lines = lines.subspan(length);
  }
}

// What it uses; "^" before a name turns its byte order.
std::string_view used_name(const MagicLine& line) {
  std::string_view name = line.value_name();
  if (name.starts_with('^')) name.remove_prefix(1);
  return name;
}

}  // namespace

// --- a line ---

uint64_t MagicLine::mask() const {
  const uint32_t parts[2] = {range, string_flags};
  uint64_t mask = 0;
  std::memcpy(&mask, parts, sizeof mask);
  return mask;
}

uint64_t MagicLine::value_number() const {
  uint64_t number = 0;
  std::memcpy(&number, value, sizeof number);
  return number;
}

std::string_view MagicLine::value_text() const { return {value, std::min<size_t>(length, sizeof value - 1)}; }

std::string_view MagicLine::value_name() const { return {value, strnlen(value, sizeof value)}; }

bool MagicLine::says_something() const {
  return words[0] != 0 || mime[0] != 0 || apple[0] != 0 || extensions[0] != 0;
}

// --- all ---

std::optional<MagicRules> MagicRules::parse(std::string_view database) {
  const size_t count = database.size() / sizeof(MagicLine);
  if (count == 0 || database.size() % sizeof(MagicLine) != 0) return std::nullopt;
  Header header = {};
  std::memcpy(&header, database.data(), sizeof header);
  const uint64_t told = uint64_t{header.rule_lines} + header.named_lines + 1;
  if (header.mark != kMark || header.version != kVersion || told != count) return std::nullopt;
  const Lines all(reinterpret_cast<const MagicLine*>(database.data()), count);
  const Lines lines = all.subspan(1, header.rule_lines);

  MagicRules out;
  out.named_ = all.subspan(1 + header.rule_lines);
  for (Lines part : {lines, out.named_}) {
    if (!part.empty() && !begins_a_rule(part[0])) return std::nullopt;
  }
  for_each_rule(lines, [&](Lines rule) { out.add(rule); });
  std::map<std::string_view, Lines> names;
  for_each_rule(out.named_, [&](Lines rule) { names.emplace(rule[0].value_name(), rule); });
  for (Rule& rule : out.rules_) out.follow_names(names, rule);
  return out;
}

void MagicRules::add(Lines lines) {
  const uint8_t flags = lines[0].flags;
  if ((flags & kBoth) != kBoth) {
    rules_.push_back({lines, flags});
    return;
  }
  rules_.push_back({lines, static_cast<uint8_t>(flags & ~MagicLine::kForText)});
  rules_.push_back({lines, static_cast<uint8_t>(flags & ~MagicLine::kForBinary)});
}

void MagicRules::follow_names(const std::map<std::string_view, Lines>& names, Rule& rule) const {
  std::set<std::string_view> seen;
  std::vector<Lines> rest = {rule.lines};
  while (!rest.empty()) {
    const Lines lines = rest.back();
    rest.pop_back();
    for (const MagicLine& line : lines) {
      rule.applies_all = rule.applies_all || line.type == MagicLine::kIndirect;
      if (line.type != MagicLine::kUse || !seen.insert(used_name(line)).second) continue;
      if (auto found = names.find(used_name(line)); found != names.end()) rest.push_back(found->second);
    }
  }
  rule.uses_names = !seen.empty();
}

void MagicRules::append(size_t index, Database& out) const {
  const Rule& rule = rules_[index];
  const size_t begin = out.size();
  out.insert(out.end(), rule.lines.begin(), rule.lines.end());
  out[begin].flags = rule.flags;
}

MagicRules::Database MagicRules::database(std::span<const uint16_t> indexes) const {
  Database out(1);
  for (uint16_t index : indexes) append(index, out);
  out[0] = header_line(out.size() - 1, 0);
  return out;
}

MagicRules::Database MagicRules::texts() const {
  std::vector<uint16_t> indexes;
  for (size_t i = 0; i < rules_.size(); i++) {
    if (is_for_text(i)) indexes.push_back(static_cast<uint16_t>(i));
  }
  return database(indexes);
}

MagicRules::Database MagicRules::names() const {
  Database out = {header_line(0, named_.size())};
  out.insert(out.end(), named_.begin(), named_.end());
  return out;
}

}  // namespace rebus
