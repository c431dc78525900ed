// Structured values: JSON objects with sorted keys, integers, strings and lists, written the one canonical
// way.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace rebus {

// A JSON string literal. Bytes that escape() would change are escaped first, so any bytes give valid,
// harmless JSON and the reader gets them back with unescape().
std::string json_string(std::string_view bytes);

// Builder; keys come out sorted whatever the order of add().
class JsonObject {
 public:
  JsonObject& add(const std::string& key, std::string_view text);
  JsonObject& add(const std::string& key, const char* text) { return add(key, std::string_view(text)); }
  JsonObject& add(const std::string& key, uint64_t number);
  JsonObject& add(const std::string& key, const std::vector<std::string>& texts);
  JsonObject& add_bool(const std::string& key, bool value) { return add_json(key, value ? "true" : "false"); }
  // `json` is JSON text already.
  JsonObject& add_json(const std::string& key, std::string json);
  std::string str() const;

 private:
  std::map<std::string, std::string> members_;
};

// "[a,b]" of JSON texts.
std::string json_array(const std::vector<std::string>& elements);

}  // namespace rebus
