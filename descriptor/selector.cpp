#include "descriptor/selector.h"

#include <algorithm>
#include <charconv>

#include "descriptor/escape.h"

namespace rebus {
namespace {

bool is_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

std::string shown(std::string_view text) {
  return "'" + escape(text.substr(0, 100)) + (text.size() > 100 ? "…'" : "'");
}

Error invalid(std::string_view text, const char* why) {
  return {Code::kInvalid, "not a selector: " + shown(text) + ": " + why};
}

}  // namespace

bool is_type_path(std::string_view text) {
  if (text.size() < 2 || text.size() > kMaxTypePath || text.front() != '/' || text.back() == '/')
    return false;
  char last = 'x';
  for (char c : text) {
    if (c == '/' ? last == '/' : !(is_alnum(c) || c == '_' || c == '-')) return false;
    last = c;
  }
  return true;
}

bool is_path_prefix(std::string_view text) {
  if (text == "/") return true;
  if (text.ends_with('/')) text.remove_suffix(1);
  return is_type_path(text);
}

bool covers(std::string_view prefix, std::string_view path) {
  while (!prefix.empty() && prefix.back() == '/') prefix.remove_suffix(1);
  return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

Result<Selector> Selector::parse(std::string_view text) {
  Selector selector;
  size_t mark = text.find_first_of("%~");
  std::string_view path = text.substr(0, mark);
  if (mark != std::string_view::npos && text[mark] == '%') {
    auto id = Digest::parse(text.substr(mark + 1));
    if (!id) return invalid(text, "after % come 64 lowercase hex digits");
    selector.id_ = *id;
  } else if (mark != std::string_view::npos) {
    std::string_view digits = text.substr(mark + 1);
    int64_t version = 0;
    auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), version);
    if (failed != std::errc() || end != digits.data() + digits.size()) {
      return invalid(text, "after ~ comes a version number");
    }
    selector.version_ = version;
  }
  if (path.ends_with('/')) path.remove_suffix(1);
  if (!is_type_path(path)) {
    return invalid(text,
                   "it begins with / and has components of letters, digits, _ and - (e.g. /binary/elf)");
  }
  selector.path_ = path;
  return selector;
}

Selector Selector::of(std::string path, const Digest& id) {
  assert(is_type_path(path));
  Selector selector;
  selector.path_ = std::move(path);
  selector.id_ = id;
  return selector;
}

std::string Selector::str() const {
  if (id_) return path_ + "/%" + id_->hex();
  if (version_) return path_ + "~" + std::to_string(*version_);
  return path_;
}

Result<Domain> Domain::parse(std::string_view text) {
  bool valid = !text.empty() && text.size() <= kMaxDomain &&
               std::all_of(text.begin(), text.end(), [](char c) { return is_alnum(c) || c == '-'; });
  if (!valid) return Error{Code::kInvalid, "not a domain: " + shown(text) + ": letters, digits and - only"};
  Domain domain;
  domain.name_ = text;
  return domain;
}

}  // namespace rebus
