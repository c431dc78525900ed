// Selector and Domain: the names of things on the bus. An object of these types is always valid.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "descriptor/digest.h"

namespace rebus {

// Limits of text that comes from outside, in bytes.
inline constexpr size_t kMaxTypePath = 1024;
inline constexpr size_t kMaxDomain = 255;

// A hierarchical type path such as "/binary/elf": components of [a-zA-Z0-9_-] after single slashes, no slash
// at the end.
bool is_type_path(std::string_view text);

// A type path, or one with a slash at its end, or "/": what covers() takes.
bool is_path_prefix(std::string_view text);

// Whether `prefix` covers the type path, by whole components: "/binary" and "/binary/" cover "/binary/elf",
// not "/binaryx". "/" covers everything.
bool covers(std::string_view prefix, std::string_view path);

// A type path with an identity ("/binary/elf/%<64 hex>"), or a reference to a version ("/matrix/tlsh~-1").
// Grammar: ^/[a-zA-Z0-9/_-]+(%[a-f0-9]{64}|~-?[0-9]+)?$ without "//"; "/a%h" is read as "/a/%h".
class Selector {
 public:
  Selector() = default;  // empty(): names nothing; the only way to make one without parse() or of()
  static Result<Selector> parse(std::string_view text);
  // `path` must satisfy is_type_path().
  static Selector of(std::string path, const Digest& id);

  bool empty() const { return path_.empty(); }
  const std::string& path() const { return path_; }
  const std::optional<Digest>& id() const { return id_; }
  // ~N: the version N of the path; negative N counts from the highest (~-1).
  std::optional<int64_t> version() const { return version_; }
  // Canonical text.
  std::string str() const;

  auto operator<=>(const Selector&) const = default;

 private:
  std::string path_;
  std::optional<Digest> id_;
  std::optional<int64_t> version_;
};

// Separates analyses inside one bus: [a-zA-Z0-9-]+, at most 255 bytes.
class Domain {
 public:
  Domain() : name_("default") {}
  static Result<Domain> parse(std::string_view text);
  const std::string& str() const { return name_; }
  bool is_default() const { return name_ == "default"; }
  auto operator<=>(const Domain&) const = default;

 private:
  std::string name_;
};

}  // namespace rebus
