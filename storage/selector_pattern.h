// SelectorPattern: a regular expression over selectors, from their start on. A client sends it, so it has
// limits.
#pragma once

#include <memory>
#include <string>

#include "descriptor/result.h"

namespace re2 {
class RE2;
}

namespace rebus {

// Limits: longer patterns, and patterns that need more memory (bytes), are kInvalid.
inline constexpr size_t kMaxPattern = 4096;
inline constexpr int64_t kMaxPatternMemory = 8 << 20;

class SelectorPattern {
 public:
  // kInvalid with the words of RE2.
  static Result<SelectorPattern> compile(const std::string& text);
  ~SelectorPattern();
  SelectorPattern(SelectorPattern&&) noexcept;
  SelectorPattern& operator=(SelectorPattern&&) noexcept;

  bool matches(std::string_view selector) const;
  // False only if no selector of this type path matches, whatever its identity.
  bool may_match(std::string_view path) const;
  // Every type path with a selector that matches begins so.
  const std::string& path_prefix() const { return path_prefix_; }
  // How large it is: what a search with it costs, per selector, compared with others.
  size_t size() const;

 private:
  explicit SelectorPattern(std::unique_ptr<re2::RE2> regex);
  void find_range(const std::string& text);

  std::unique_ptr<re2::RE2> regex_;
  bool has_range_ = false;  // else every text may match
  std::string min_, max_;
  std::string path_prefix_;
};

}  // namespace rebus
