// Import hashes: programs that import the same functions are likely to be built from the same source.
#pragma once

#include <optional>
#include <string>

#include "descriptor/value.h"

namespace rebus {

// MD5 in hex; empty if the program imports nothing; nothing if the value is neither PE nor ELF.
//
// PE: the imphash (Mandiant, "Tracking Malware with Import Hashing"): of "library.function" for each import
// in its order, joined by commas, in lower case, without the suffixes dll, ocx and sys. Functions imported by
// ordinal have their name (ordinal_names.h) or "ord" and the number. ELF: as YARA's elf.import_md5: of the
// imported symbols' names, sorted, joined by commas, in lower case.
//
// Errors as those of read_pe_imports() and read_elf_imports().
Result<std::optional<std::string>> import_hash(const Value& value);

}  // namespace rebus
