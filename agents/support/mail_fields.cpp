#include "agents/support/mail_fields.h"

#include <strings.h>

#include <algorithm>

#include "descriptor/json.h"

namespace rebus {
namespace {

constexpr size_t kMostFields = 400, kMostBytes = 256 << 10, kMostText = 8 << 10;

bool is_named(const TextField& field, const char* name) { return strcasecmp(field.name.c_str(), name) == 0; }

std::string first(const std::vector<TextField>& fields, const char* name) {
  auto found = std::ranges::find_if(fields, [&](const TextField& field) { return is_named(field, name); });
  return found != fields.end() ? found->text.substr(0, kMostText) : "";
}

}  // namespace

Result<void> push_mail_fields(Work& work, const std::vector<TextField>& fields) {
  if (fields.empty()) return {};
  std::vector<std::string> all, received;
  size_t bytes = 0;
  bool is_cut = false;
  for (const TextField& field : fields) {
    std::string text = field.name.substr(0, kMostText) + ": " + field.text.substr(0, kMostText);
    is_cut = is_cut || all.size() == kMostFields || bytes + text.size() > kMostBytes;
    if (is_cut) break;
    bytes += text.size();
    if (is_named(field, "Received")) received.push_back(field.text.substr(0, kMostText));
    all.push_back(std::move(text));
  }
  JsonObject json;
  json.add("cc", first(fields, "Cc")).add_json("cut", is_cut ? "true" : "false");
  json.add("date", first(fields, "Date")).add("fields", all).add("from", first(fields, "From"));
  json.add("message_id", first(fields, "Message-ID")).add("received", received);
  json.add("subject", first(fields, "Subject")).add("to", first(fields, "To"));
  return work.push(kMailFieldsPath, json.str(), Kind::kStructured);
}

}  // namespace rebus
