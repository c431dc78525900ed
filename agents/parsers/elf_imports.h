// The symbols that an ELF file imports.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "descriptor/value.h"

namespace rebus {

// Names of the undefined symbols: of the dynamic symbol table as the loader finds it, through the program
// headers, so that missing or forged section headers change nothing; of an object file or kernel module, of
// its symbol table. In the table's order, without versions; any bytes. None of a static program; nothing if
// the value is no ELF file. kFailed says what of the file is damaged, kLimit that there are more than 65,536
// imports, 4 million symbols or 16 MiB of names; errors of reading the value as they are.
//
// Format: System V ABI, chapters 4 and 5; the table of DT_GNU_HASH as GNU ld writes it.
Result<std::optional<std::vector<std::string>>> read_elf_imports(const Value& value);

}  // namespace rebus
