// Reading what agents say in structured results: JSON objects with texts escaped as everywhere.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "descriptor/descriptor.h"

namespace rebus {

// The object in a result of at most 1 MiB; null if it is none.
nlohmann::json object_in(const Descriptor& d);
// Raw, hostile text; empty if it is not there.
std::string text_of(const nlohmann::json& object, const char* key);
// Of a list of texts, or of objects that have a name; at most 100.
std::vector<std::string> names_in(const nlohmann::json& object, const char* key);
std::string words_of_list(const std::vector<std::string>& texts);

// Of a limit, for people: "Incorrect passphrase (bin/cat and 3 more)"; else its first line. Hostile text.
std::string reason_words(const Descriptor& d);

}  // namespace rebus
