// What the values of the families look like that are read too often, or are too many, to be unpacked.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "storage/storage.h"

namespace rebus {

// The head of a log entry: all of it but the seq, which is the key.
std::string encode_head(const LogEntry& entry);
// Takes the head off `bytes`; nullopt if it is damaged.
std::optional<LogEntry> decode_head(std::string_view& bytes, Seq seq);

// By which a name is found, too: what follows its last slash.
std::string_view base_name(std::string_view name);

// outcome (1 byte), message.
std::string encode_mark(const Mark& mark);
std::optional<Mark> decode_mark(std::string_view key, std::string_view value);

// Which label a uuid shows: one of a descriptor without precursors if there is one, of several the smallest,
// so that the order of arrival does not matter.
struct LabelChoice {
  bool is_derived = false;
  std::string label;
  auto operator<=>(const LabelChoice&) const = default;
};
std::string encode_label(const LabelChoice& choice);
std::optional<LabelChoice> decode_label(std::string_view value);

}  // namespace rebus
