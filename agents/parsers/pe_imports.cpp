#include "agents/parsers/pe_imports.h"

#include <algorithm>

#include "agents/parsers/binary_reader.h"

namespace rebus {
namespace {

constexpr size_t kMaxSections = 4096;
constexpr size_t kMaxImports = 65'536;                // and as many libraries
constexpr size_t kMaxLibrary = 512, kMaxName = 4096;  // bytes of a name; compilers mangle to 4,096 at most
constexpr size_t kMaxNames = 16 << 20;                // bytes of all names

constexpr size_t kDosHeader = 64, kFileHeader = 24, kSectionHeader = 40, kImportDescriptor = 20;

// A piece of memory, and where in the file it comes from.
struct Section {
  uint64_t address, memory;
  uint64_t offset, file;  // bytes behind `file`, up to `memory`, are zeros
};

Error damaged_imports(const std::string& what) {
  return {Code::kFailed, "the import table is damaged: " + what};
}

// Says where the reader met the end.
Error of_the_imports(const Error& error) {
  return error.code == Code::kFailed ? damaged_imports(error.message) : error;
}

Error too_many() {
  return {Code::kLimit, "it imports more than " + std::to_string(kMaxImports) +
                            " functions, or by longer names than 16 MiB"};
}

// What Windows would have in memory.
class PeImage {
 public:
  explicit PeImage(const Value& value) : file_(value) {}

  // False: it is no PE file.
  Result<bool> open();
  Result<std::vector<PeLibrary>> imports();

 private:
  Result<void> read_optional_header(uint64_t at, size_t size);
  Result<void> read_sections(uint64_t at, size_t count);
  Result<std::vector<PeFunction>> functions(uint64_t table, size_t& left);
  Result<PeFunction> function(uint64_t entry);

  const Section* section_of(uint64_t address);
  Result<Fields> fields(uint64_t address, size_t size);
  bool is_inside(uint64_t address) { return address < headers_ || section_of(address) != nullptr; }
  Result<std::string> name(uint64_t address, size_t most);

  BinaryReader file_;
  bool is_64_ = false;
  uint64_t headers_ = 0;  // bytes of the file that stand at address 0
  uint64_t import_table_ = 0;
  uint64_t alignment_ = 0;  // of sections in the file
  std::vector<Section> sections_;
  const Section* last_ = nullptr;
  size_t name_bytes_ = 0;
};

Result<bool> PeImage::open() {
  if (file_.size() < kDosHeader) return false;
  auto dos = file_.bytes(0, kDosHeader);
  if (!dos) return dos.error();
  uint64_t start = Fields(*dos).number(60, 4);
  bool is_dos = dos->starts_with("MZ");
  if (!is_dos || start > file_.size() || file_.size() - start < kFileHeader) return false;
  auto bytes = file_.bytes(start, kFileHeader);
  if (!bytes) return bytes.error();
  if (!bytes->starts_with(std::string_view("PE\0\0", 4))) return false;
  Fields header(*std::move(bytes));
  size_t optional = header.number(20, 2);
  auto read = read_optional_header(start + kFileHeader, optional);
  if (read) read = read_sections(start + kFileHeader + optional, header.number(6, 2));
  if (!read) return read.error();
  return true;
}

Result<void> PeImage::read_optional_header(uint64_t at, size_t size) {
  constexpr size_t kMost = 128;  // up to the directory of imports
  auto bytes = file_.bytes(at, std::min(size, kMost));
  if (!bytes) return bytes.error();
  Fields header(*std::move(bytes));
  uint64_t magic = header.number(0, 2);
  if (magic != 0x10b && magic != 0x20b)
    return Error{Code::kFailed, "its optional header is of no known kind"};
  is_64_ = magic == 0x20b;
  alignment_ = header.number(36, 4);
  headers_ = header.number(60, 4);
  uint64_t directories = header.number(is_64_ ? 108 : 92, 4);
  if (directories >= 2) import_table_ = header.number(is_64_ ? 120 : 104, 4);
  return {};
}

Result<void> PeImage::read_sections(uint64_t at, size_t count) {
  if (count > kMaxSections) {
    return Error{Code::kLimit, "it has more than " + std::to_string(kMaxSections) + " sections"};
  }
  auto bytes = file_.bytes(at, count * kSectionHeader);
  if (!bytes) return bytes.error();
  Fields table(*std::move(bytes));
  for (size_t i = 0; i < count; i++) {
    size_t head = i * kSectionHeader;
    uint64_t memory = table.number(head + 8, 4), file = table.number(head + 16, 4);
    uint64_t offset = table.number(head + 20, 4);
    if (alignment_ >= 0x200) offset &= ~uint64_t{0x1ff};  // Windows reads whole sectors
    sections_.push_back({table.number(head + 12, 4), std::max(memory, file), offset, file});
  }
  return {};
}

const Section* PeImage::section_of(uint64_t address) {
  auto has_it = [&](const Section& section) {
    return address >= section.address && address - section.address < section.memory;
  };
  if (last_ != nullptr && has_it(*last_)) return last_;
  auto found = std::ranges::find_if(sections_, has_it);
  return found == sections_.end() ? nullptr : last_ = &*found;
}

Result<Fields> PeImage::fields(uint64_t address, size_t size) {
  const Section* section = section_of(address);
  if (section == nullptr && address >= headers_) {
    return damaged_imports("address " + std::to_string(address) + " is outside of the program");
  }
  uint64_t inside = section == nullptr ? address : address - section->address;
  uint64_t backed = section == nullptr ? headers_ : section->file;
  uint64_t offset = section == nullptr ? 0 : section->offset;
  if (inside >= backed) return Fields({});
  size_t count = std::min<uint64_t>(size, backed - inside);
  auto bytes = file_.bytes(offset + inside, count);
  if (!bytes) return of_the_imports(bytes.error());
  return Fields(*std::move(bytes));
}

// Names end where what is backed by the file ends, too.
Result<std::string> PeImage::name(uint64_t address, size_t most) {
  const Section* section = section_of(address);
  if (section == nullptr && address >= headers_) {
    return damaged_imports("a name at address " + std::to_string(address) + " is outside of the program");
  }
  uint64_t inside = section == nullptr ? address : address - section->address;
  uint64_t backed = section == nullptr ? headers_ : section->file;
  if (inside >= backed) return std::string();
  auto name = file_.name((section == nullptr ? 0 : section->offset) + inside, most);
  if (!name) return of_the_imports(name.error());
  name_bytes_ += name->size();
  if (name_bytes_ > kMaxNames) return too_many();
  return name->substr(0, backed - inside);
}

Result<std::vector<PeLibrary>> PeImage::imports() {
  std::vector<PeLibrary> libraries;
  size_t left = kMaxImports;
  for (uint64_t at = import_table_; import_table_ != 0; at += kImportDescriptor) {
    auto entry = fields(at, kImportDescriptor);
    if (!entry) return entry.error();
    uint64_t lookup = entry->number(0, 4), name_at = entry->number(12, 4), bound = entry->number(16, 4);
    if (name_at == 0 || bound == 0) break;
    if (left == 0 || libraries.size() == kMaxImports) return too_many();
    auto library = name(name_at, kMaxLibrary);
    if (!library) return library.error();
    auto imported = functions(lookup != 0 && is_inside(lookup) ? lookup : bound, left);
    if (!imported) return imported.error();
    libraries.push_back({*std::move(library), *std::move(imported)});
  }
  return libraries;
}

Result<std::vector<PeFunction>> PeImage::functions(uint64_t table, size_t& left) {
  std::vector<PeFunction> out;
  size_t size = is_64_ ? 8 : 4;
  for (uint64_t at = table;; at += size, left--) {
    auto entry = fields(at, size);
    if (!entry) return entry.error();
    uint64_t number = entry->number(0, size);
    if (number == 0) return out;
    if (left == 0) return too_many();
    auto imported = function(number);
    if (!imported) return imported.error();
    out.push_back(*std::move(imported));
  }
}

Result<PeFunction> PeImage::function(uint64_t entry) {
  bool is_ordinal = (entry >> (is_64_ ? 63 : 31)) != 0;
  if (is_ordinal) return PeFunction{{}, static_cast<uint16_t>(entry)};
  constexpr uint64_t kHint = 2;
  auto named = name((entry & 0x7fffffff) + kHint, kMaxName);
  if (!named) return named.error();
  if (named->empty()) return damaged_imports("a function has neither name nor ordinal");
  return PeFunction{*std::move(named), 0};
}

}  // namespace

Result<std::optional<std::vector<PeLibrary>>> read_pe_imports(const Value& value) {
  PeImage image(value);
  auto is_pe = image.open();
  if (!is_pe) return is_pe.error();
  if (!*is_pe) return std::optional<std::vector<PeLibrary>>();
  auto imports = image.imports();
  if (!imports) return imports.error();
  return std::optional(*std::move(imports));
}

}  // namespace rebus
