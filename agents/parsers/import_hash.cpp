#include "agents/parsers/import_hash.h"

#include <algorithm>

#include "agents/parsers/elf_imports.h"
#include "agents/parsers/hash_algorithms.h"
#include "agents/parsers/ordinal_names.h"
#include "agents/parsers/pe_imports.h"

namespace rebus {
namespace {

// Names are bytes: the locale has no say.
std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  return text;
}

void append(std::string& list, const std::string& name) { list += (list.empty() ? "" : ",") + name; }

std::string list_of(const std::vector<PeLibrary>& libraries) {
  std::string list;
  for (const PeLibrary& each : libraries) {
    std::string library = lower(each.name), stem = library;
    size_t dot = library.rfind('.');
    std::string suffix = dot == library.npos ? "" : library.substr(dot + 1);
    if (suffix == "dll" || suffix == "ocx" || suffix == "sys") stem.resize(dot);
    for (const PeFunction& function : each.functions) {
      std::string name = function.name.empty() ? ordinal_name(library, function.ordinal) : function.name;
      append(list, stem + "." + lower(std::move(name)));
    }
  }
  return list;
}

std::string list_of(std::vector<std::string> symbols) {
  for (std::string& symbol : symbols) symbol = lower(std::move(symbol));
  std::ranges::sort(symbols);
  std::string list;
  for (const std::string& symbol : symbols) append(list, symbol);
  return list;
}

Result<std::optional<std::string>> md5_of(std::string list) {
  if (list.empty()) return std::optional<std::string>("");
  auto hashes = hash_value(Value::of(std::move(list)), {"md5"});
  if (!hashes) return hashes.error();
  return std::optional(hashes->front());
}

}  // namespace

Result<std::optional<std::string>> import_hash(const Value& value) {
  auto libraries = read_pe_imports(value);
  if (!libraries) return libraries.error();
  if (*libraries) return md5_of(list_of(**libraries));
  auto symbols = read_elf_imports(value);
  if (!symbols) return symbols.error();
  if (*symbols) return md5_of(list_of(**std::move(symbols)));
  return std::optional<std::string>();
}

}  // namespace rebus
