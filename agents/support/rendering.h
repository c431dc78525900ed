// Rendering: how descriptors look, as text for people and as JSON for programs. All of it is hostile input:
// what is not said to be raw comes out escaped (descriptor/escape.h).
#pragma once

#include <string>
#include <vector>

#include "agents/support/names.h"
#include "bus/agent.h"
#include "descriptor/json.h"

namespace rebus {

// How much of a value is shown, in bytes: of text, and of what is not text.
inline constexpr size_t kShownText = 64 << 10;
inline constexpr size_t kShownBinary = 512;
// Where the value is only looked at in passing, of any kind.
inline constexpr size_t kShownShort = 500;

bool wants_json(const Setting& setting);
// "1.5 KiB".
std::string size_words(uint64_t bytes);
// "raw", "text" or "structured".
const char* kind_name(Kind kind);
// A name: escaped, unless --raw-names.
std::string shown_name(const Setting& setting, std::string_view name);

// Tells once, visibly, that an object has more names than were listed (NameLimits).
class CutNames {
 public:
  void note(const Setting& setting, const Record& record);

 private:
  bool noted_ = false;
};

// The begin of a value.
struct Excerpt {
  std::string bytes;
  bool is_text = false;  // valid UTF-8; cut between characters
  bool is_cut = false;
};
Result<Excerpt> excerpt(const Descriptor& d, size_t most_text = kShownText);

// On one line: escaped, with "…" if it is cut.
Result<std::string> value_line(const Descriptor& d);
// For a field after `indent` columns: text on as many lines as it has, each but the first indented, so that
// no value can pretend to be something else. Ends with a newline.
Result<std::string> value_block(const Descriptor& d, size_t indent);
// The same of agents that only show what a value looks like.
Result<std::string> short_value_block(const Descriptor& d, size_t indent);
// The exact bytes, in chunks.
Result<void> write_value(Output& out, const Value& value);

// Everything that is known of a stored descriptor but its value. `names`: null where they were not asked for.
JsonObject metadata_json(const Record& record, const NameList* names);
// Adds "value" (text as it is, structured as JSON) or "value_base64", and "value_cut" if that is only the
// begin.
Result<void> add_value(JsonObject& json, const Descriptor& d, size_t most_text = kShownText);

// Well-formed JSON text on one line, in ASCII: other characters as \uXXXX. Empty if it is not well-formed, or
// nested deeper than 512.
std::string ascii_json(std::string_view text);

}  // namespace rebus
