#include "agents/parsers/mail_reader.h"

#include <gmime/gmime.h>
#include <iconv.h>

#include <algorithm>
#include <utility>

#include "agents/parsers/transfer_decoder.h"
#include "agents/parsers/uu_finder.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

constexpr size_t kChunk = 64 << 10;
constexpr size_t kMostFields = 500, kMostFieldBytes = 16 << 10;
constexpr size_t kMostName = 64 << 10;

// Of mails that are written; glibc loads each from a file.
constexpr const char* kCharsets[] = {
    "ISO-8859-1",   "ISO-8859-2",   "ISO-8859-3",   "ISO-8859-4",   "ISO-8859-5",   "ISO-8859-6",
    "ISO-8859-7",   "ISO-8859-8",   "ISO-8859-9",   "ISO-8859-10",  "ISO-8859-13",  "ISO-8859-14",
    "ISO-8859-15",  "ISO-8859-16",  "WINDOWS-1250", "WINDOWS-1251", "WINDOWS-1252", "WINDOWS-1253",
    "WINDOWS-1254", "WINDOWS-1255", "WINDOWS-1256", "WINDOWS-1257", "WINDOWS-1258", "KOI8-R",
    "KOI8-U",       "GB2312",       "GBK",          "GB18030",      "BIG5",         "SHIFT_JIS",
    "EUC-JP",       "ISO-2022-JP",  "EUC-KR",       "ISO-2022-KR",  "CP949",        "TIS-620",
    "UTF-7",        "IBM866",       "US-ASCII"};

struct FreeText {
  void operator()(char* text) const { g_free(text); }
};
struct Unref {
  void operator()(void* object) const { g_object_unref(object); }
};

std::string text_or_empty(const char* text) { return text != nullptr ? text : ""; }

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

std::unique_ptr<GMimeContentType, Unref> content_type(const std::string& field) {
  return std::unique_ptr<GMimeContentType, Unref>(g_mime_content_type_parse(nullptr, field.c_str()));
}

// As RFC 2045, 5.2 wants it where nothing, or nothing that makes sense, is said.
MimeType type_of(const std::string& field) {
  auto type = content_type(field.empty() ? "text/plain" : field);
  MimeType out{lower(text_or_empty(g_mime_content_type_get_media_type(type.get())) + "/" +
                     text_or_empty(g_mime_content_type_get_media_subtype(type.get()))),
               {}};
  if (out.type.starts_with("multipart/"))
    out.boundary = text_or_empty(g_mime_content_type_get_parameter(type.get(), "boundary"));
  return out;
}

std::string decoded(const std::string& text) {
  std::unique_ptr<char, FreeText> out(g_mime_utils_header_decode_text(nullptr, text.c_str()));
  return text_or_empty(out.get());
}

struct Fallback {
  std::string_view type, name;
};
constexpr Fallback kFallbacks[] = {{"text/plain", "body.txt"},
                                   {"text/html", "body.html"},
                                   {"message/rfc822", "message.eml"},
                                   {"message/global", "message.eml"},
                                   {"text/calendar", "calendar.ics"}};

// A CMS structure around another part (RFC 8551, 3.2.2), of which only certificates hide nothing.
bool is_smime(const std::string& type, const std::string& field) {
  bool is_cms = type == "application/pkcs7-mime" || type == "application/x-pkcs7-mime";
  return is_cms && lower(field).find("certs-only") == std::string::npos;
}

bool is_pgp_message(Bytes begin) { return as_text(begin).starts_with("-----BEGIN PGP MESSAGE-----"); }

}  // namespace

void MailReader::prepare() {
  g_mime_init();
  for (const char* charset : kCharsets) {
    iconv_open("UTF-8", charset);  // kept open for good: closing unloads it
    iconv_open(charset, "UTF-8");
  }
}

MailReader::MailReader(Value value) : value_(value), splitter_(std::move(value), type_of) {}

// About the mail can be told when its first part is found.
Result<void> MailReader::look_ahead() {
  if (!ahead_) ahead_.emplace(splitter_.next());
  return *ahead_ ? Result<void>() : ahead_->error();
}

Result<std::vector<TextField>> MailReader::about() {
  auto found = look_ahead();
  if (!found) return found.error();
  std::vector<TextField> fields;
  for (const auto& [name, value] : splitter_.header().fields()) {
    if (fields.size() == kMostFields) break;
    fields.push_back({name.substr(0, kMostFieldBytes), decoded(value.substr(0, kMostFieldBytes))});
  }
  return fields;
}

Result<std::optional<ArchiveMember>> MailReader::next() {
  auto found = look_ahead();
  if (!found) return found.error();
  part_ = **std::exchange(ahead_, std::nullopt);
  if (!part_) return std::optional<ArchiveMember>();
  ArchiveMember member;
  member.index = next_index_++;
  member.name = name_of(*part_);
  return std::optional(std::move(member));
}

// Names are data: whoever makes files of them takes care.
std::string MailReader::name_of(const MimeSplitter::Part& part) const {
  using Place = MimeSplitter::Part::Place;
  if (part.place == Place::kPreamble) return "preamble.txt";
  if (part.place == Place::kEpilogue) return "epilogue.txt";
  std::string name;
  std::unique_ptr<GMimeContentDisposition, Unref> disposition(
      g_mime_content_disposition_parse(nullptr, part.header.value("Content-Disposition").c_str()));
  if (disposition)
    name = text_or_empty(g_mime_content_disposition_get_parameter(disposition.get(), "filename"));
  if (name.empty()) {
    auto type = content_type(part.header.value("Content-Type"));
    name = text_or_empty(g_mime_content_type_get_parameter(type.get(), "name"));
  }
  for (const Fallback& fallback : kFallbacks) {
    if (name.empty() && part.type == fallback.type) name = fallback.name;
  }
  return name.substr(0, kMostName);
}

std::optional<std::string> MailReader::damage() {
  std::string damage = splitter_.take_damage();
  return damage.empty() ? std::nullopt : std::optional(std::move(damage));
}

ContainedBytes::Reading MailReader::read(const Use& use) {
  if (!part_) return {End::kBroken, "it was read already", {}};
  const MimeSplitter::Part part = *std::exchange(part_, std::nullopt);
  bool is_part = part.place == MimeSplitter::Part::Place::kBody;
  TransferDecoder decoder(is_part ? part.header.value("Content-Transfer-Encoding") : "");
  bool is_pgp = false;
  UuFinder uuencoded;
  std::vector<uint8_t> buffer(kChunk);
  uint64_t offset = 0;
  for (uint64_t at = part.begin; at < part.end;) {
    auto count = value_.read_at(at, std::span(buffer).first(std::min<uint64_t>(kChunk, part.end - at)));
    if (!count) return {End::kBroken, {}, count.error()};
    if (*count == 0) return {End::kBroken, "it is shorter than it was", {}};
    at += *count;
    Bytes bytes = decoder.decode(Bytes(buffer).first(*count));
    if (offset == 0) is_pgp = is_pgp_message(bytes);
    uuencoded.look(bytes);
    if (bytes.empty()) continue;
    auto used = use(offset, bytes);
    if (!used) return {End::kStopped, {}, used.error()};
    offset += bytes.size();
  }
  std::string flaw = decoder.flaw();
  if (!flaw.empty()) return {End::kDamaged, flaw, {}};
  if (is_pgp) return {End::kWhole, "the part is encrypted (PGP)", {}};
  if (is_smime(part.type, part.header.value("Content-Type")))
    return {End::kWhole,
            "S/MIME: the part is encrypted, signed or compressed as one piece, which is not opened",
            {}};
  if (uuencoded.has_found()) return {End::kWhole, "a uuencoded file in its text is not opened", {}};
  return {};
}

}  // namespace rebus
