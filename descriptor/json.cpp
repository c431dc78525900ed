#include "descriptor/json.h"

#include "descriptor/escape.h"

namespace rebus {

std::string json_string(std::string_view bytes) {
  std::string out = "\"";
  for (char c : escape(bytes)) {  // printable UTF-8 without control characters: two need care
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

JsonObject& JsonObject::add(const std::string& key, std::string_view text) {
  return add_json(key, json_string(text));
}
JsonObject& JsonObject::add(const std::string& key, uint64_t number) {
  return add_json(key, std::to_string(number));
}
JsonObject& JsonObject::add(const std::string& key, const std::vector<std::string>& texts) {
  std::vector<std::string> elements;
  for (const auto& text : texts) elements.push_back(json_string(text));
  return add_json(key, json_array(elements));
}
JsonObject& JsonObject::add_json(const std::string& key, std::string json) {
  members_[key] = std::move(json);
  return *this;
}

std::string JsonObject::str() const {
  std::string out = "{";
  for (const auto& [key, json] : members_) {
    if (out.size() > 1) out += ",";
    out += json_string(key) + ":" + json;
  }
  return out + "}";
}

std::string json_array(const std::vector<std::string>& elements) {
  std::string out = "[";
  for (const auto& element : elements) {
    if (out.size() > 1) out += ",";
    out += element;
  }
  return out + "]";
}

}  // namespace rebus
