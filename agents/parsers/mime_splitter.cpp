#include "agents/parsers/mime_splitter.h"

#include <strings.h>

#include <algorithm>
#include <utility>

namespace rebus {
namespace {

constexpr size_t kMostHeader = 256 << 10;  // bytes of one header
constexpr size_t kMostBlank = 4 << 10;     // looked at, of what is before or behind parts

bool equals(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::string_view trimmed(std::string_view text) {
  size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

}  // namespace

// --- header ---

void MimeHeader::add_line(std::string_view line) {
  bytes_ += line.size();
  is_cut_ = is_cut_ || bytes_ > kMostHeader;
  if (is_cut_) return;
  bool goes_on = !fields_.empty() && !line.empty() && (line.front() == ' ' || line.front() == '\t');
  if (goes_on) {
    fields_.back().value += ' ';
    fields_.back().value += trimmed(line);
    return;
  }
  size_t colon = line.find(':');
  if (colon == line.npos) return;
  fields_.push_back(
      {std::string(trimmed(line.substr(0, colon))), std::string(trimmed(line.substr(colon + 1)))});
}

std::string MimeHeader::value(std::string_view name) const {
  auto found = std::ranges::find_if(fields_, [&](const Field& field) { return equals(field.name, name); });
  return found != fields_.end() ? found->value : "";
}

bool MimeHeader::is_ambiguous(std::string_view name) const {
  const std::string first = value(name);
  return std::ranges::any_of(
      fields_, [&](const Field& field) { return equals(field.name, name) && field.value != first; });
}

// --- parts ---

MimeSplitter::MimeSplitter(Value value, TypeOf type_of)
    : value_(value), lines_(std::move(value)), type_of_(type_of) {}

void MimeSplitter::note(const char* damage) {
  if (damage_.empty()) damage_ = damage;
}

std::string MimeSplitter::take_damage() { return std::exchange(damage_, {}); }

// Of the innermost multipart, or of one around it: then those inside have no end.
bool MimeSplitter::take_boundary(const LineScanner::Line& line) {
  if (!line.is_begin || !line.text.starts_with("--")) return false;
  for (size_t i = boundaries_.size(); i > 0; i--) {
    const std::string& boundary = boundaries_[i - 1];
    if (!line.text.substr(2).starts_with(boundary)) continue;
    std::string_view behind = line.text.substr(2 + boundary.size());
    bool is_last = behind.starts_with("--");
    if (is_last) behind.remove_prefix(2);
    if (!trimmed(behind).empty()) continue;  // another boundary, which begins like it
    if (i < boundaries_.size()) note("the end of a part is missing");
    boundaries_.resize(is_last ? i - 1 : i);
    state_ = is_last ? State::kEpilogue : State::kHeader;
    return true;
  }
  return false;
}

// Up to the empty line, or to a boundary: then there is no body.
Result<MimeSplitter::Part> MimeSplitter::read_header() {
  Part part;
  state_ = State::kBody;
  while (true) {
    auto line = lines_.next();
    if (!line) return line.error();
    if (!*line) break;
    part.begin = part.end = (*line)->end;
    if ((*line)->text.empty() && (*line)->is_begin) break;
    if (take_boundary(**line)) break;
    part.header.add_line((*line)->text);
  }
  if (part.header.is_cut()) note("a header is too long");
  if (!std::exchange(has_mail_header_, true)) mail_header_ = part.header;
  return part;
}

// Into a multipart, if it is one.
void MimeSplitter::enter(Part& part) {
  for (const char* name : {"Content-Type", "Content-Transfer-Encoding"}) {
    if (part.header.is_ambiguous(name)) note("a header field stands there twice, and differs");
  }
  MimeType type = type_of_(part.header.value("Content-Type"));
  part.type = type.type;
  bool is_multipart = type.type.starts_with("multipart/") && state_ == State::kBody;
  if (!is_multipart) return;
  if (type.boundary.empty()) return note("a multipart has no boundary");
  if (boundaries_.size() == kMostMimeLevels) return note("parts are nested too deeply");
  boundaries_.push_back(std::move(type.boundary));
  state_ = State::kPreamble;
}

// Up to a boundary, whose line begins with the end of the line before.
Result<void> MimeSplitter::read_body(Part& part) {
  size_t last_ending = 0;
  while (true) {
    auto line = lines_.next();
    if (!line) return line.error();
    if (!*line) break;
    if (take_boundary(**line)) {
      part.end = std::max(part.begin, part.end - last_ending);
      return {};
    }
    part.end = (*line)->end;
    last_ending = (*line)->ending;
  }
  state_ = State::kEnd;
  ended_early_ = ended_early_ || !boundaries_.empty();
  return {};
}

Result<std::optional<MimeSplitter::Part>> MimeSplitter::next() {
  while (state_ != State::kEnd) {
    Part part;
    part.begin = part.end = lines_.position();
    if (state_ == State::kHeader) {
      auto header = read_header();
      if (!header) return header.error();
      part = *std::move(header);
      enter(part);
      if (state_ == State::kPreamble) continue;
      if (state_ != State::kBody) return std::optional(std::move(part));
    }
    if (state_ == State::kPreamble) part.place = Part::Place::kPreamble;
    if (state_ == State::kEpilogue) part.place = Part::Place::kEpilogue;
    auto read = read_body(part);
    if (!read) return read.error();
    if (part.place == Part::Place::kBody) return std::optional(std::move(part));
    std::string begin(std::min<uint64_t>(part.end - part.begin, kMostBlank), '\0');
    auto count = value_.read_at(part.begin, {reinterpret_cast<uint8_t*>(begin.data()), begin.size()});
    if (!count) return count.error();
    bool is_worth_it = part.end - part.begin > kMostBlank || !is_blank(begin);
    if (is_worth_it) return std::optional(std::move(part));
  }
  return std::optional<Part>();
}

bool MimeSplitter::is_blank(const std::string& text) {
  return text.find_first_not_of(" \t\r\n") == text.npos;
}

}  // namespace rebus
