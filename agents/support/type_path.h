// The type path of an object, from what libmagic said and from its first bytes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "descriptor/descriptor.h"

namespace rebus {

// How many first bytes of a value guess_path() wants to see (an ISO 9660 image names itself after 32 KiB).
inline constexpr size_t kGuessBytes = 36 << 10;

// For example "/binary/elf/x86_64", "/archive/tar", "/document/msoffice/docx", "/script/python",
// "/text/ascii";
// "/empty" for a file without bytes, "/unknown" for what nothing is known of. Always is_type_path(). Bytes
// decide; the label only chooses between kinds that the bytes leave open (an OLE file of unnamed content).
std::string guess_path(const FileType& type, Bytes head, std::string_view label);

// The same, reading the head itself.
Result<std::string> guess_path(const FileType& type, const Value& value, std::string_view label);

// The type paths below which all of these are, and `more`.
std::vector<std::string> file_type_paths(std::vector<std::string> more = {});

}  // namespace rebus
