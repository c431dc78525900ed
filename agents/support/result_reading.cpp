#include "agents/support/result_reading.h"

#include "agents/support/rendering.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

using Json = nlohmann::json;

constexpr uint64_t kMaxValue = 1 << 20;  // bytes of a result that is looked at
constexpr size_t kMaxNames = 100;        // out of one result

}  // namespace

std::string text_of(const nlohmann::json& object, const char* key) {
  auto it = object.find(key);
  return it != object.end() && it->is_string() ? unescape(it->get<std::string>()) : std::string();
}

std::vector<std::string> names_in(const nlohmann::json& object, const char* key) {
  std::vector<std::string> names;
  auto it = object.find(key);
  if (it == object.end() || !it->is_array()) return names;
  for (const Json& element : *it) {
    if (names.size() == kMaxNames) break;
    if (element.is_string()) names.push_back(unescape(element.get<std::string>()));
    if (element.is_object()) names.push_back(text_of(element, "name"));
  }
  return names;
}

std::string words_of_list(const std::vector<std::string>& texts) {
  std::string all;
  for (const auto& text : texts) all += (all.empty() ? "" : ", ") + text;
  return all;
}

nlohmann::json object_in(const Descriptor& d) {
  if (d.kind != Kind::kStructured) return {};
  auto text = d.value.load(kMaxValue);
  Json json = text ? Json::parse(*text, nullptr, false) : Json();
  return json.is_object() ? json : Json();
}

std::string reason_words(const Descriptor& d) {
  Json json = object_in(d);
  std::string reason = text_of(json, "reason");
  if (reason.empty()) {
    auto line = value_line(d);
    reason = line ? unescape(*line) : line.error().message;
  }
  auto members = names_in(json, "members");
  if (std::string member = text_of(json, "member"); !member.empty()) members.push_back(std::move(member));
  std::string which = words_of_list(members);
  auto count = json.find("count");
  bool is_counted = count != json.end() && count->is_number_unsigned();
  uint64_t more = is_counted ? count->get<uint64_t>() : 0;
  if (more > members.size() && !members.empty())
    which += " and " + std::to_string(more - members.size()) + " more";
  return reason + (which.empty() ? "" : " (" + which + ")");
}

}  // namespace rebus
