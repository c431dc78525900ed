#include "agents/support/rendering.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "agents/support/utc.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

// Of JSON texts that are shown as JSON. Readers of lines give up somewhere: Python's json above 990 levels.
constexpr size_t kMaxNesting = 512;

// Of valid JSON.
size_t nesting(std::string_view json) {
  size_t depth = 0, most = 0;
  bool is_string = false;
  for (size_t at = 0; at < json.size(); at++) {
    char c = json[at];
    if (c == '"') is_string = !is_string;
    if (is_string && c == '\\') at++;
    if (is_string) continue;
    if (c == '[' || c == '{') most = std::max(most, ++depth);
    if (c == ']' || c == '}') depth--;
  }
  return most;
}

// Drops the begin of a character at the end of a cut text.
void drop_broken_tail(std::string& text) {
  for (size_t size = 1; size <= 3 && size <= text.size(); size++) {
    auto byte = static_cast<uint8_t>(text[text.size() - size]);
    if (byte < 0x80) return;
    if (byte < 0xC0) continue;
    size_t whole = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;
    if (size < whole) text.resize(text.size() - size);
    return;
  }
}

std::string block(const Excerpt& part, size_t indent) {
  std::string_view rest = part.bytes;
  if (part.is_text && rest.ends_with('\n')) rest.remove_suffix(1);
  std::string out;
  for (size_t end; part.is_text && (end = rest.find('\n')) != rest.npos; rest.remove_prefix(end + 1)) {
    out += escape(rest.substr(0, end)) + "\n" + std::string(indent, ' ');
  }
  return out + escape(rest);
}

std::string base64(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');  // and the terminating zero that it writes
  auto* in = reinterpret_cast<const unsigned char*>(bytes.data());
  int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), in, static_cast<int>(bytes.size()));
  out.resize(size);
  return out;
}

std::string file_type_json(const FileType& type) {
  return JsonObject().add("words", type.words).add("mime", type.mime).add("encoding", type.encoding).str();
}

std::vector<std::string> texts(const std::vector<Selector>& selectors) {
  std::vector<std::string> out;
  for (const Selector& selector : selectors) out.push_back(selector.str());
  return out;
}

void append_unicode_escape(std::string& out, uint32_t unit) {
  static constexpr char kDigits[] = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kDigits[unit >> shift & 15];
}

// Size of the well-formed UTF-8 sequence at `at`, and its code point.
size_t decode(std::string_view text, size_t at, uint32_t& point) {
  auto lead = static_cast<uint8_t>(text[at]);
  size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
  point = size == 1 ? lead : lead & (0x7Fu >> size);
  for (size_t i = 1; i < size; i++) point = point << 6 | (static_cast<uint8_t>(text[at + i]) & 0x3Fu);
  return size;
}

void append_ascii(std::string& out, uint32_t point) {
  if (point < 0x20) {
    out += ' ';  // inside of strings JSON allows none
  } else if (point < 0x7F) {
    out += static_cast<char>(point);
  } else if (point < 0x10000) {
    append_unicode_escape(out, point);
  } else {
    append_unicode_escape(out, 0xD800 + ((point - 0x10000) >> 10));
    append_unicode_escape(out, 0xDC00 + (point & 0x3FF));
  }
}

}  // namespace

std::string size_words(uint64_t bytes) {
  static constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  size_t unit = 0;
  auto size = static_cast<double>(bytes);
  for (; size >= 1024 && unit < 6; size /= 1024) unit++;
  char text[32];
  snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", size, kUnits[unit]);
  return text;
}

bool wants_json(const Setting& setting) { return setting.output_format == "json"; }

const char* kind_name(Kind kind) {
  switch (kind) {
    case Kind::kText:
      return "text";
    case Kind::kStructured:
      return "structured";
    default:
      return "raw";
  }
}

std::string shown_name(const Setting& setting, std::string_view name) {
  return setting.raw_names ? std::string(name) : escape(name);
}

void CutNames::note(const Setting& setting, const Record& record) {
  setting.out.incomplete();
  if (noted_) return;
  noted_ = true;
  setting.out.note(
      "… and more names: " + record.descriptor.selector.str() +
      " stands under more names than are followed; not all of them are printed (nor of others like it)");
}

Result<Excerpt> excerpt(const Descriptor& d, size_t most_text) {
  Excerpt part;
  part.bytes.resize(std::min<uint64_t>(d.value.size(), most_text));
  auto count = d.value.read_at(0, {reinterpret_cast<uint8_t*>(part.bytes.data()), part.bytes.size()});
  if (!count) return count.error();
  std::string whole_characters = part.bytes;
  if (d.value.size() > most_text) drop_broken_tail(whole_characters);
  part.is_text = is_utf8(whole_characters) && whole_characters.find('\0') == std::string::npos;
  if (part.is_text)
    part.bytes = std::move(whole_characters);
  else
    part.bytes.resize(std::min(part.bytes.size(), kShownBinary));
  part.is_cut = part.bytes.size() < d.value.size();
  return part;
}

Result<std::string> value_line(const Descriptor& d) {
  auto part = excerpt(d);
  if (!part) return part.error();
  return escape(part->bytes) + (part->is_cut ? "…" : "");
}

Result<std::string> value_block(const Descriptor& d, size_t indent) {
  auto part = excerpt(d);
  if (!part) return part.error();
  std::string cut = part->is_cut ? "… (" + std::to_string(d.value.size()) + " bytes; --raw prints all)" : "";
  return block(*part, indent) + cut + "\n";
}

Result<std::string> short_value_block(const Descriptor& d, size_t indent) {
  auto part = excerpt(d, kShownShort);
  if (!part) return part.error();
  return block(*part, indent) + (part->is_cut ? "…\n" : "\n");
}

Result<void> write_value(Output& out, const Value& value) {
  return value.for_each_chunk([&](Bytes chunk) -> Result<void> {
    out.write(as_text(chunk));
    return {};
  });
}

JsonObject metadata_json(const Record& record, const NameList* names) {
  const Descriptor& d = record.descriptor;
  JsonObject json;
  json.add("selector", d.selector.str()).add("domain", d.domain.str()).add("label", d.label);
  json.add("uuid", d.uuid.str()).add("agent", d.agent).add("precursors", texts(d.precursors));
  json.add("version", d.version).add("kind", kind_name(d.kind)).add("stored_at", utc_text(d.stored_at_ns));
  json.add("processing_time_us", d.processing_time_us)
      .add("host", d.host)
      .add("agent_version", d.producer_version);
  if (!d.sandbox.empty()) json.add("sandbox", d.sandbox);
  json.add("value_size", record.value_size).add("value_sha256", record.value_digest.hex());
  json.add("submission", record.submission).add("log_position", record.seq);
  if (d.file_type != FileType()) json.add_json("file_type", file_type_json(d.file_type));
  if (names != nullptr) json.add("names", names->names);
  if (names != nullptr && names->more) json.add_json("names_cut", "true");
  return json;
}

Result<void> add_value(JsonObject& json, const Descriptor& d, size_t most_text) {
  auto part = excerpt(d, most_text);
  if (!part) return part.error();
  std::string nested = d.kind == Kind::kStructured && !part->is_cut ? ascii_json(part->bytes) : "";
  if (!nested.empty())
    json.add_json("value", nested);
  else if (part->is_text)
    json.add("value", part->bytes);
  else
    json.add("value_base64", base64(part->bytes));
  if (part->is_cut) json.add_json("value_cut", "true");
  return {};
}

std::string ascii_json(std::string_view text) {
  if (!nlohmann::json::accept(text.begin(), text.end())) return {};  // accepts well-formed UTF-8 only
  if (nesting(text) > kMaxNesting) return {};
  std::string out;
  uint32_t point = 0;
  for (size_t at = 0; at < text.size();) {
    at += decode(text, at, point);
    append_ascii(out, point);
  }
  return out;
}

}  // namespace rebus
