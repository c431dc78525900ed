#include "agents/support/type_path.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <span>

#include "agents/support/mail_head.h"

namespace rebus {
namespace {

struct Named {
  std::string_view key;
  std::string_view path;
};

std::string_view find_exact(std::span<const Named> table, std::string_view key) {
  for (const Named& row : table) {
    if (row.key == key) return row.path;
  }
  return {};
}

std::string_view find_contained(std::span<const Named> table, std::string_view text) {
  for (const Named& row : table) {
    if (text.find(row.key) != std::string_view::npos) return row.path;
  }
  return {};
}

std::string_view find_start(std::span<const Named> table, std::string_view text) {
  for (const Named& row : table) {
    if (text.starts_with(row.key)) return row.path;
  }
  return {};
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

// One component of a type path made of any text: letters, digits, '-' and '_' stay, the rest is dropped.
std::string component(std::string_view text) {
  std::string out;
  for (unsigned char c : text) {
    if (std::isalnum(c) || c == '-' || c == '_') out += static_cast<char>(c);
  }
  return out;
}

std::string below(std::string_view folder, std::string_view name) {
  std::string last = component(name);
  return last.empty() ? std::string(folder) : std::string(folder) + "/" + last;
}

// --- programs ---

struct Machine {
  uint16_t number;  // e_machine; System V ABI and its supplements
  std::string_view name;
};
constexpr Machine kMachines[] = {
    {2, "sparc"}, {3, "i386"},    {4, "m68k"},      {8, "mips"},     {20, "ppc"},  {21, "ppc64"},
    {22, "s390"}, {40, "arm"},    {42, "sh"},       {43, "sparc64"}, {50, "ia64"}, {62, "x86_64"},
    {83, "avr"},  {94, "xtensa"}, {183, "aarch64"}, {243, "riscv"},  {247, "bpf"}, {258, "loongarch"},
};

std::string elf_path(Bytes head) {
  if (head.size() < 20) return "/binary/elf";
  bool big_endian = head[5] == 2;
  uint16_t number = static_cast<uint16_t>(big_endian ? head[18] << 8 | head[19] : head[19] << 8 | head[18]);
  for (const Machine& machine : kMachines) {
    if (machine.number == number) return "/binary/elf/" + std::string(machine.name);
  }
  return "/binary/elf";
}

constexpr Named kPeMachines[] = {
    {"Mono/.Net assembly", "/binary/net"}, {"x86-64", "/binary/pe/x86_64"}, {"Aarch64", "/binary/pe/aarch64"},
    {"Intel 80386", "/binary/pe/i386"},    {"ARM", "/binary/pe/arm"},
};
constexpr Named kMachoMachines[] = {
    {"universal binary", "/binary/macho"}, {"x86_64", "/binary/macho/x86_64"},
    {"arm64", "/binary/macho/aarch64"},    {"i386", "/binary/macho/i386"},
    {"ppc", "/binary/macho/ppc"},          {"arm", "/binary/macho/arm"},
};
constexpr Named kPrograms[] = {
    {"compiled Java class data", "/binary/java"},
    {"Dalvik dex file", "/binary/dex"},
    {"WebAssembly", "/binary/wasm"},
    {"Byte-compiled Python module", "/binary/python"},
    {"python ", "/binary/python"},
    {"LLVM IR bitcode", "/binary/llvm"},
    {"LLVM bitcode", "/binary/llvm"},
    {"DOS executable", "/binary/dos"},
    {"COM executable", "/binary/dos"},
    {"DOS/MBR boot sector MS-DOS", "/binary/dos"},
    {"MS-DOS executable", "/binary/dos"},
};

std::string or_else(std::string_view found, std::string_view fallback) {
  return std::string(found.empty() ? fallback : found);
}

std::string program_path(std::string_view words, Bytes head) {
  if (words.starts_with("ELF ")) return elf_path(head);
  if (words.starts_with("PE32")) return or_else(find_contained(kPeMachines, words), "/binary/pe");
  if (words.starts_with("Mach-O ")) return or_else(find_contained(kMachoMachines, words), "/binary/macho");
  return std::string(find_start(kPrograms, words));
}

// --- what the MIME type tells ---

constexpr Named kMimes[] = {
    {"inode/x-empty", "/empty"},
    {"application/x-empty", "/empty"},
    {"application/gzip", "/compressed/gzip"},
    {"application/x-gzip", "/compressed/gzip"},
    {"application/x-bzip2", "/compressed/bzip2"},
    {"application/x-xz", "/compressed/xz"},
    {"application/zstd", "/compressed/zstd"},
    {"application/x-zstd", "/compressed/zstd"},
    {"application/x-lz4", "/compressed/lz4"},
    {"application/x-lzma", "/compressed/lzma"},
    {"application/x-compress", "/compressed/compress"},
    {"application/x-lzip", "/compressed/lzip"},
    {"application/x-lzop", "/compressed/lzop"},
    {"application/x-lrzip", "/compressed/lrzip"},
    {"application/x-tar", "/archive/tar"},
    {"application/x-ustar", "/archive/tar"},
    {"application/zip", "/archive/zip"},
    {"application/java-archive", "/archive/jar"},
    {"application/vnd.android.package-archive", "/archive/apk"},
    {"application/vnd.ms-cab-compressed", "/archive/cab"},
    {"application/x-rar", "/archive/rar"},
    {"application/x-7z-compressed", "/archive/7z"},
    {"application/x-iso9660-image", "/archive/iso"},
    {"application/x-cpio", "/archive/cpio"},
    {"application/vnd.debian.binary-package", "/archive/deb"},
    {"application/x-archive", "/archive/ar"},
    {"application/x-rpm", "/archive/rpm"},
    {"application/x-lzh-compressed", "/archive/lha"},
    {"application/x-lha", "/archive/lha"},
    {"application/x-xar", "/archive/xar"},
    {"application/warc", "/archive/warc"},
    {"application/x-arj", "/archive/arj"},
    {"message/rfc822", "/email/eml"},
    {"application/vnd.ms-outlook", "/email/msg"},
    {"application/vnd.ms-tnef", "/email/tnef"},
    {"application/pdf", "/document/pdf"},
    {"text/rtf", "/document/rtf"},
    {"application/postscript", "/document/postscript"},
    {"application/epub+zip", "/document/epub"},
    {"application/msword", "/document/msoffice/doc"},
    {"application/vnd.ms-excel", "/document/msoffice/xls"},
    {"application/vnd.ms-powerpoint", "/document/msoffice/ppt"},
    {"application/vnd.openxmlformats-officedocument.wordprocessingml.document", "/document/msoffice/docx"},
    {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "/document/msoffice/xlsx"},
    {"application/vnd.openxmlformats-officedocument.presentationml.presentation", "/document/msoffice/pptx"},
    {"application/x-msi", "/binary/msi"},
    {"application/x-dosexec", "/binary/dos"},
    {"image/svg+xml", "/image/svg"},
    {"image/x-ms-bmp", "/image/bmp"},
    {"image/vnd.microsoft.icon", "/image/icon"},
    {"text/html", "/text/html"},
    {"text/xml", "/text/xml"},
    {"application/json", "/text/json"},
    {"text/csv", "/text/csv"},
    {"text/x-shellscript", "/script/shell"},
    {"text/x-script.python", "/script/python"},
    {"text/x-perl", "/script/perl"},
    {"text/x-ruby", "/script/ruby"},
    {"text/x-lua", "/script/lua"},
    {"text/x-php", "/script/php"},
    {"text/x-tcl", "/script/tcl"},
    {"text/x-awk", "/script/awk"},
    {"text/x-msdos-batch", "/script/batch"},
    {"application/javascript", "/script/javascript"},
    {"application/vnd.tcpdump.pcap", "/capture/pcap"},
};

// Whole families whose subtype is the last component.
constexpr Named kFamilies[] = {
    {"image/", "/image"},
    {"audio/", "/audio"},
    {"video/", "/video"},
    {"font/", "/font"},
    {"application/vnd.oasis.opendocument.", "/document/odf"},
};

std::string family_path(std::string_view mime) {
  for (const Named& family : kFamilies) {
    if (!mime.starts_with(family.key)) continue;
    std::string_view subtype = mime.substr(family.key.size());
    return below(family.path, subtype.starts_with("x-") ? subtype.substr(2) : subtype);
  }
  return {};
}

// Where libmagic 5.44 has words but no MIME type of its own.
constexpr Named kWords[] = {
    {"POSIX tar archive", "/archive/tar"},
    {"tar archive", "/archive/tar"},
    {"Java archive data (JAR)", "/archive/jar"},
    {"ISO 9660 CD-ROM filesystem data", "/archive/iso"},
    {"ASCII cpio archive", "/archive/cpio"},
    {"cpio archive", "/archive/cpio"},
    {"RPM v", "/archive/rpm"},
    {"WARC Archive", "/archive/warc"},
    {"xar archive", "/archive/xar"},
    {"LHa ", "/archive/lha"},
    {"ARJ archive data", "/archive/arj"},
    {"LRZIP compressed data", "/compressed/lrzip"},
    {"lzop compressed data", "/compressed/lzop"},
    {"LZMA compressed data", "/compressed/lzma"},
    {"lzip compressed data", "/compressed/lzip"},
    {"pcap capture file", "/capture/pcap"},
    {"pcapng capture file", "/capture/pcap"},
    {"OpenDocument", "/document/odf"},
    {"DOS batch file", "/script/batch"},
    {"Python script", "/script/python"},
    {"PHP script", "/script/php"},
    {"RFC 822 mail", "/email/eml"},
    {"SMTP mail", "/email/eml"},
    {"news or mail", "/email/eml"},
    {"MIME entity", "/email/eml"},
    {"CDFV2 Microsoft Outlook Message", "/email/msg"},
};

// --- office files whose words stop at the container ---

std::string extension(std::string_view label) {
  size_t dot = label.rfind('.');
  return dot == std::string_view::npos ? std::string() : lower(label.substr(dot + 1));
}

std::string utf16(std::string_view ascii) {
  std::string out;
  for (char c : ascii) out += {c, '\0'};
  return out;
}

bool contains(Bytes head, std::string_view part) {
  return as_text(head).find(part) != std::string_view::npos;
}

constexpr Named kOfficeByLabel[] = {
    {"doc", "/document/msoffice/doc"},
    {"xls", "/document/msoffice/xls"},
    {"ppt", "/document/msoffice/ppt"},
    {"msg", "/email/msg"},
    {"msi", "/binary/msi"},
};
constexpr Named kOoxmlByLabel[] = {
    {"docx", "/document/msoffice/docx"}, {"docm", "/document/msoffice/docx"},
    {"xlsx", "/document/msoffice/xlsx"}, {"xlsm", "/document/msoffice/xlsx"},
    {"pptx", "/document/msoffice/pptx"}, {"pptm", "/document/msoffice/pptx"},
};
constexpr Named kOleStreams[] = {
    {"WordDocument", "/document/msoffice/doc"},
    {"Workbook", "/document/msoffice/xls"},
    {"PowerPoint Document", "/document/msoffice/ppt"},
    {"__substg1.0", "/email/msg"},
};
constexpr Named kOoxmlParts[] = {{"word/", "/document/msoffice/docx"},
                                 {"xl/", "/document/msoffice/xlsx"},
                                 {"ppt/", "/document/msoffice/pptx"}};

std::string ole_path(std::string_view words, Bytes head, std::string_view label) {
  if (words.find("MSI Installer") != std::string_view::npos) return "/binary/msi";
  for (const Named& stream : kOleStreams) {
    if (contains(head, utf16(stream.key))) return std::string(stream.path);
  }
  return or_else(find_exact(kOfficeByLabel, extension(label)), "/document/msoffice");
}

std::string ooxml_path(Bytes head, std::string_view label) {
  for (const Named& part : kOoxmlParts) {
    if (contains(head, part.key)) return std::string(part.path);
  }
  return or_else(find_exact(kOoxmlByLabel, extension(label)), "/document/msoffice");
}

std::string office_path(const FileType& type, Bytes head, std::string_view label) {
  if (type.words.starts_with("Microsoft OOXML")) return ooxml_path(head, label);
  bool ole = type.words.starts_with("Composite Document File") || type.words.starts_with("CDFV2");
  bool unnamed = type.mime == "application/CDFV2" || type.mime == "application/octet-stream" ||
                 type.mime == "application/x-ole-storage";
  return ole && unnamed ? ole_path(type.words, head, label) : std::string();
}

// --- scripts and text ---

constexpr Named kInterpreters[] = {
    {"python", "python"}, {"pypy", "python"}, {"perl", "perl"},       {"ruby", "ruby"},
    {"lua", "lua"},       {"php", "php"},     {"node", "javascript"}, {"pwsh", "powershell"},
    {"bash", "shell"},    {"dash", "shell"},  {"zsh", "shell"},       {"ksh", "shell"},
    {"fish", "shell"},    {"tcl", "tcl"},     {"wish", "tcl"},        {"gawk", "awk"},
    {"mawk", "awk"},      {"awk", "awk"},     {"sh", "shell"},        {"busybox", "shell"},
};

std::string_view next_word(std::string_view& line) {
  size_t start = std::min(line.find_first_not_of(" \t"), line.size());
  line.remove_prefix(start);
  std::string_view word = line.substr(0, line.find_first_of(" \t\r"));
  line.remove_prefix(word.size());
  return word;
}

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// "#!/usr/bin/env -S python3 -u" -> "python3".
std::string_view interpreter(std::string_view line) {
  std::string_view name = base_name(next_word(line));
  if (name != "env") return name;
  std::string_view word = next_word(line);
  while (word.starts_with("-") || word.find('=') != std::string_view::npos) word = next_word(line);
  return base_name(word);
}

std::string script_path(Bytes head) {
  std::string_view text = as_text(head).substr(0, 256);
  if (!text.starts_with("#!")) return {};
  std::string_view name = interpreter(text.substr(2, text.find('\n') - 2));
  std::string_view known = find_start(kInterpreters, name);
  return below("/script", known);
}

std::string text_path(std::string_view encoding) {
  if (encoding == "us-ascii") return "/text/ascii";
  if (encoding.empty() || encoding == "binary") return {};
  return below("/text", encoding);
}

// An mbox file begins with a line that is no field.
std::string mail_path(std::string_view head) {
  bool is_mbox = head.starts_with("From ");
  if (is_mbox) head.remove_prefix(std::min(head.find('\n'), head.size() - 1) + 1);
  if (!looks_like_mail(head)) return {};
  return is_mbox ? "/email/mbox" : "/email/eml";
}

bool is_iso_image(Bytes head) {
  constexpr size_t kVolumeDescriptor = 0x8001;  // ECMA-119 8.1: sector 16, after the type byte
  return head.size() >= kVolumeDescriptor + 5 && as_text(head.subspan(kVolumeDescriptor, 5)) == "CD001";
}

}  // namespace

std::string guess_path(const FileType& type, Bytes head, std::string_view label) {
  if (head.empty()) return "/empty";
  std::string path = program_path(type.words, head);
  if (path.empty()) path = office_path(type, head, label);
  if (path.empty() && type.encoding != "binary") path = script_path(head);
  if (path.empty()) path = find_exact(kMimes, type.mime);
  if (path.empty()) path = find_start(kWords, type.words);
  if (path.empty()) path = family_path(type.mime);
  if (path.empty() && is_iso_image(head)) path = "/archive/iso";
  if (path.empty()) path = mail_path(as_text(head));
  if (path.empty()) path = text_path(type.encoding);
  return path.empty() ? "/unknown" : path;
}

Result<std::string> guess_path(const FileType& type, const Value& value, std::string_view label) {
  std::array<uint8_t, kGuessBytes> head;
  auto count = value.read_at(0, head);
  if (!count) return count.error();
  return guess_path(type, Bytes(head).first(*count), label);
}

std::vector<std::string> file_type_paths(std::vector<std::string> more) {
  for (const char* path : {"/archive", "/audio", "/binary", "/capture", "/compressed", "/document", "/email",
                           "/empty", "/font", "/image", "/script", "/text", "/unknown", "/video"}) {
    more.emplace_back(path);
  }
  return more;
}

}  // namespace rebus
