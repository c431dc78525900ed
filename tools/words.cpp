#include "tools/words.h"

namespace rebus {
namespace {

class Splitter {
 public:
  explicit Splitter(std::string_view line) : line_(line) {}

  Result<std::vector<std::string>> split() {
    for (at_ = 0; at_ < line_.size(); at_++) {
      if (auto read = read_one(line_[at_]); !read) return read.error();
    }
    end_word();
    return std::move(words_);
  }

 private:
  Result<void> read_one(char c) {
    if (c == '\'' || c == '"') return read_quoted(c);
    if (std::string_view(" \t\r\n").find(c) != std::string_view::npos) {
      end_word();
      return {};
    }
    add(c == '\\' && at_ + 1 < line_.size() ? line_[++at_] : c);
    return {};
  }
  Result<void> read_quoted(char quote) {
    has_word_ = true;
    for (at_++; at_ < line_.size() && line_[at_] != quote; at_++) {
      bool escapes = quote == '"' && line_[at_] == '\\' && at_ + 1 < line_.size() &&
                     (line_[at_ + 1] == '"' || line_[at_ + 1] == '\\');
      if (escapes) at_++;
      add(line_[at_]);
    }
    if (at_ < line_.size()) return {};
    return Error{Code::kInvalid, std::string("the quote ") + quote + " is not closed"};
  }
  void add(char c) {
    word_ += c;
    has_word_ = true;
  }
  void end_word() {
    if (has_word_) words_.push_back(std::move(word_));
    word_.clear();
    has_word_ = false;
  }

  std::string_view line_;
  size_t at_ = 0;
  std::string word_;
  bool has_word_ = false;  // "" is a word, too
  std::vector<std::string> words_;
};

}  // namespace

Result<std::vector<std::string>> split_words(std::string_view line) { return Splitter(line).split(); }

}  // namespace rebus
