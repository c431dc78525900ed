// PatternSet: many patterns, looked for in one pass.
#pragma once

#include <re2/set.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rebus {

// One thread.
class PatternSet {
 public:
  PatternSet();

  // Gives its number. Nothing if RE2 does not take it.
  std::optional<size_t> add(const std::string& pattern);
  // After the last add(). False when they take too much memory.
  bool compile() { return set_->Compile(); }

  // Which of them are anywhere in a text. False when that takes too much memory, or nothing was compiled.
  bool find(std::string_view text);
  // By the last find() that gave true.
  bool was_found(size_t number) const { return is_found_[number]; }

 private:
  std::unique_ptr<RE2::Set> set_;
  std::vector<bool> is_found_;
  std::vector<int> found_;
};

}  // namespace rebus
