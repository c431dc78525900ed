#include "agents/parsers/elf_imports.h"

#include <algorithm>
#include <map>

#include "agents/parsers/binary_reader.h"

namespace rebus {
namespace {

constexpr size_t kMaxDynamic = 65'536;  // entries
constexpr size_t kMaxSymbols = 4 << 20;
constexpr size_t kMaxImportedSymbols = 65'536;
constexpr size_t kMaxSymbolName = 64 << 10, kMaxSymbolNames = 16 << 20;  // bytes of one, of all
constexpr size_t kAtOnce = 4096;                                         // symbols read together

constexpr uint64_t kRelocatable = 1;         // e_type
constexpr uint64_t kLoad = 1, kDynamic = 2;  // p_type
constexpr uint64_t kSymbols = 2;             // sh_type
enum Tag : uint64_t {
  kHash = 4,
  kStrings = 5,
  kSymbolTable = 6,
  kStringSize = 10,
  kGnuHash = 0x6ffffef5,
  kMipsSymbols = 0x70000011,
};

// Where the fields of structures are, in the two classes of files.
struct Layout {
  size_t word;  // bytes of an address
  size_t header, program_table, section_table, counts;
  size_t program_header, section_header, symbol;
};
constexpr Layout kLayout32 = {4, 52, 28, 32, 42, 32, 40, 16};
constexpr Layout kLayout64 = {8, 64, 32, 40, 54, 56, 64, 24};

struct Segment {
  uint64_t type, offset, address, size;
};
struct SectionHeader {
  uint64_t type, offset, size, link;
};
// In the file, in bytes.
struct SymbolTable {
  uint64_t offset, count, strings, string_size;
};

Error damaged_symbols(const std::string& what) {
  return {Code::kFailed, "its symbol table is damaged: " + what};
}

Error of_the_symbols(const Error& error) {
  return error.code == Code::kFailed ? damaged_symbols(error.message) : error;
}

Error too_many(const std::string& what) { return {Code::kLimit, "it has more than " + what}; }

class ElfFile {
 public:
  explicit ElfFile(const Value& value) : file_(value) {}

  // False: it is no ELF file.
  Result<bool> open();
  Result<std::vector<std::string>> imports();

 private:
  Result<void> read_segments();
  Result<std::vector<SectionHeader>> sections();
  Result<std::map<uint64_t, uint64_t>> dynamic_entries(const Segment& dynamic);

  Result<std::optional<SymbolTable>> dynamic_symbols(const Segment& dynamic);
  Result<std::optional<SymbolTable>> object_symbols();
  Result<uint64_t> count_symbols(const std::map<uint64_t, uint64_t>& entries);
  Result<uint64_t> count_by_gnu_hash(uint64_t address);
  Result<uint64_t> count_by_places(const std::map<uint64_t, uint64_t>& entries);
  Result<std::vector<std::string>> undefined_names(const SymbolTable& table);

  Result<Fields> fields(uint64_t offset, size_t size);
  Result<uint64_t> offset_of(uint64_t address) const;

  BinaryReader file_;
  Layout layout_{};
  ByteOrder order_ = ByteOrder::kLittle;
  Fields header_{{}};
  std::vector<Segment> segments_;
};

Result<bool> ElfFile::open() {
  constexpr size_t kIdent = 16;
  if (file_.size() < kIdent) return false;
  auto ident = file_.bytes(0, kIdent);
  if (!ident) return ident.error();
  if (!ident->starts_with("\x7f"
                          "ELF")) {
    return false;
  }
  uint64_t file_class = Fields(*ident).number(4, 1), data = Fields(*ident).number(5, 1);
  if (file_class < 1 || file_class > 2 || data < 1 || data > 2) {
    return Error{Code::kFailed, "its ELF header is of no known class or byte order"};
  }
  layout_ = file_class == 1 ? kLayout32 : kLayout64;
  order_ = data == 1 ? ByteOrder::kLittle : ByteOrder::kBig;
  auto header = fields(0, layout_.header);
  if (!header) return header.error();
  header_ = *std::move(header);
  auto read = read_segments();
  if (!read) return read.error();
  return true;
}

Result<Fields> ElfFile::fields(uint64_t offset, size_t size) {
  auto bytes = file_.bytes(offset, size);
  if (!bytes) return bytes.error();
  return Fields(*std::move(bytes), order_);
}

Result<void> ElfFile::read_segments() {
  uint64_t table = header_.number(layout_.program_table, layout_.word);
  uint64_t size = header_.number(layout_.counts, 2), count = header_.number(layout_.counts + 2, 2);
  if (table == 0 || count == 0) return {};
  if (size < layout_.program_header) return Error{Code::kFailed, "its program headers are too small"};
  for (uint64_t i = 0; i < count; i++) {
    auto segment = fields(table + i * size, layout_.program_header);
    if (!segment) return segment.error();
    size_t word = layout_.word;
    uint64_t offset = segment->number(word, word), address = segment->number(2 * word, word);
    segments_.push_back({segment->number(0, 4), offset, address, segment->number(4 * word, word)});
  }
  return {};
}

Result<std::vector<SectionHeader>> ElfFile::sections() {
  uint64_t table = header_.number(layout_.section_table, layout_.word);
  uint64_t size = header_.number(layout_.counts + 4, 2), count = header_.number(layout_.counts + 6, 2);
  std::vector<SectionHeader> out;
  if (table == 0 || size < layout_.section_header) return out;
  for (uint64_t i = 0; i < count; i++) {
    auto section = fields(table + i * size, layout_.section_header);
    if (!section) return section.error();
    size_t word = layout_.word;
    uint64_t offset = section->number(8 + 2 * word, word), bytes = section->number(8 + 3 * word, word);
    out.push_back({section->number(4, 4), offset, bytes, section->number(8 + 4 * word, 4)});
  }
  return out;
}

Result<uint64_t> ElfFile::offset_of(uint64_t address) const {
  for (const Segment& segment : segments_) {
    bool has_it =
        segment.type == kLoad && address >= segment.address && address - segment.address < segment.size;
    if (has_it) return segment.offset + (address - segment.address);
  }
  return damaged_symbols("address " + std::to_string(address) + " is in no segment of the file");
}

Result<std::vector<std::string>> ElfFile::imports() {
  auto dynamic = std::ranges::find(segments_, kDynamic, &Segment::type);
  bool is_object = header_.number(16, 2) == kRelocatable;
  if (dynamic == segments_.end() && !is_object) return std::vector<std::string>();
  auto table = dynamic != segments_.end() ? dynamic_symbols(*dynamic) : object_symbols();
  if (!table) return of_the_symbols(table.error());
  if (!*table) return std::vector<std::string>();
  return undefined_names(**table);
}

// --- where the symbols are ---

Result<std::map<uint64_t, uint64_t>> ElfFile::dynamic_entries(const Segment& dynamic) {
  std::map<uint64_t, uint64_t> entries;
  size_t word = layout_.word;
  for (uint64_t i = 0; i < std::min<uint64_t>(kMaxDynamic, dynamic.size / (2 * word)); i++) {
    auto entry = fields(dynamic.offset + i * 2 * word, 2 * word);
    if (!entry) return entry.error();
    if (entry->number(0, word) == 0) break;
    entries[entry->number(0, word)] = entry->number(word, word);  // as for the loader, the last one counts
  }
  return entries;
}

Result<std::optional<SymbolTable>> ElfFile::dynamic_symbols(const Segment& dynamic) {
  auto entries = dynamic_entries(dynamic);
  if (!entries) return entries.error();
  if (!entries->contains(kSymbolTable) || !entries->contains(kStrings)) return std::optional<SymbolTable>();
  auto symbols = offset_of((*entries)[kSymbolTable]), strings = offset_of((*entries)[kStrings]);
  if (!symbols || !strings) return symbols ? strings.error() : symbols.error();
  auto count = count_symbols(*entries);
  if (!count) return count.error();
  return std::optional(SymbolTable{*symbols, *count, *strings, (*entries)[kStringSize]});
}

// The size of the table is told nowhere: the loader needs hash tables only.
Result<uint64_t> ElfFile::count_symbols(const std::map<uint64_t, uint64_t>& entries) {
  if (auto mips = entries.find(kMipsSymbols); mips != entries.end()) return mips->second;
  if (auto gnu = entries.find(kGnuHash); gnu != entries.end()) {
    auto count = count_by_gnu_hash(gnu->second);
    if (!count || *count > 0) return count;
  }
  auto hash = entries.find(kHash);
  if (hash == entries.end()) return count_by_places(entries);
  auto offset = offset_of(hash->second);
  if (!offset) return offset.error();
  auto table = fields(*offset, 8);
  if (!table) return table.error();
  return table->number(4, 4);
}

// The last symbol is the end of the chain that begins last. A table that holds nothing says nothing: 0.
Result<uint64_t> ElfFile::count_by_gnu_hash(uint64_t address) {
  auto offset = offset_of(address);
  if (!offset) return offset.error();
  auto table = fields(*offset, 16);
  if (!table) return table.error();
  uint64_t buckets = table->number(0, 4), first = table->number(4, 4), filter = table->number(8, 4);
  if (buckets > kMaxSymbols) return too_many(std::to_string(kMaxSymbols) + " symbols");
  uint64_t buckets_at = *offset + 16 + filter * layout_.word;
  auto starts = fields(buckets_at, buckets * 4);
  if (!starts) return starts.error();
  uint64_t last = 0;
  for (uint64_t i = 0; i < buckets; i++) last = std::max(last, starts->number(i * 4, 4));
  if (last == 0) return last;
  if (last < first) return damaged_symbols("its hash table begins behind its end");
  for (uint64_t chains_at = buckets_at + buckets * 4; last < kMaxSymbols; last++) {
    auto chain = fields(chains_at + (last - first) * 4, 4);
    if (!chain) return chain.error();
    bool is_end = (chain->number(0, 4) & 1) != 0;
    if (is_end) break;
  }
  return last + 1;
}

// Up to whatever the loader is told that begins next, or to the end of the segment.
Result<uint64_t> ElfFile::count_by_places(const std::map<uint64_t, uint64_t>& entries) {
  uint64_t start = entries.at(kSymbolTable), end = UINT64_MAX;
  for (const Segment& segment : segments_) {
    bool has_it = segment.type == kLoad && start >= segment.address && start - segment.address < segment.size;
    if (has_it) end = segment.address + segment.size;
  }
  for (const auto& [tag, value] : entries) {
    if (value > start && value < end) end = value;
  }
  return (end - start) / layout_.symbol;
}

Result<std::optional<SymbolTable>> ElfFile::object_symbols() {
  auto headers = sections();
  if (!headers) return headers.error();
  auto found = std::ranges::find(*headers, kSymbols, &SectionHeader::type);
  if (found == headers->end()) return std::optional<SymbolTable>();
  if (found->link >= headers->size()) return damaged_symbols("it has no names");
  const SectionHeader& names = (*headers)[found->link];
  return std::optional(SymbolTable{found->offset, found->size / layout_.symbol, names.offset, names.size});
}

// --- the symbols ---

Result<std::vector<std::string>> ElfFile::undefined_names(const SymbolTable& table) {
  if (table.count > kMaxSymbols) return too_many(std::to_string(kMaxSymbols) + " symbols");
  std::vector<std::string> names;
  size_t bytes = 0, section_at = layout_.word == 8 ? 6 : 14;
  for (uint64_t done = 0; done < table.count;) {
    size_t count = std::min<uint64_t>(kAtOnce, table.count - done);
    auto part = fields(table.offset + done * layout_.symbol, count * layout_.symbol);
    if (!part) return of_the_symbols(part.error());
    done += count;
    for (size_t at = 0; at < part->size(); at += layout_.symbol) {
      uint64_t place = part->number(at, 4), section = part->number(at + section_at, 2);
      if (place == 0 || section != 0) continue;
      if (place >= table.string_size) return damaged_symbols("a name is outside of the table of names");
      auto name = file_.name(table.strings + place, kMaxSymbolName);
      if (!name) return of_the_symbols(name.error());
      if (name->empty()) continue;
      bytes += name->size();
      if (names.size() == kMaxImportedSymbols || bytes > kMaxSymbolNames) {
        return too_many(std::to_string(kMaxImportedSymbols) + " imports, or than 16 MiB of their names");
      }
      names.push_back(*std::move(name));
    }
  }
  return names;
}

}  // namespace

Result<std::optional<std::vector<std::string>>> read_elf_imports(const Value& value) {
  ElfFile file(value);
  auto is_elf = file.open();
  if (!is_elf) return is_elf.error();
  if (!*is_elf) return std::optional<std::vector<std::string>>();
  auto imports = file.imports();
  if (!imports) return imports.error();
  return std::optional(*std::move(imports));
}

}  // namespace rebus
