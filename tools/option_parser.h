// How tokens of a command line become Options, by OptionSpec data.
//
// Not a library's parser: to split a chain one must know which token is an option's value, so that the tokens
// are parsed here anyway; and a second parser would read file names such as "[x]" in its own way.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bus/agent.h"

namespace rebus {

// kInvalid: something on a command line is wrong.
inline Error usage_error(std::string why) { return {Code::kInvalid, std::move(why)}; }

// The rest of a command line.
class Tokens {
 public:
  explicit Tokens(std::span<const std::string> tokens) : tokens_(tokens) {}
  bool empty() const { return tokens_.empty(); }
  const std::string& front() const { return tokens_.front(); }
  std::string take() {
    std::string token = tokens_.front();
    tokens_ = tokens_.subspan(1);
    return token;
  }

 private:
  std::span<const std::string> tokens_;
};

// "-r,--recursive" gives {"-r", "--recursive"}.
std::vector<std::string> option_names(const OptionSpec& spec);
// What Options calls it: "recursive", or "n" if it has no long name.
std::string option_key(const OptionSpec& spec);
// Starts with '-' and is not "-" alone.
bool looks_like_option(std::string_view token);

// Collects the options of one owner.
class OptionParser {
 public:
  // `owner` is named by errors: "rebus_agent", "inject".
  OptionParser(std::string owner, std::span<const OptionSpec> specs)
      : owner_(std::move(owner)), specs_(specs.begin(), specs.end()) {}

  bool knows(std::string_view token) const;
  // Takes the option at the front, with its value. It must be known.
  Result<void> take(Tokens& tokens);
  // By key.
  bool given(const std::string& key) const { return given_.contains(key); }
  // What was given; other options have the fallback of their spec, if that is not empty.
  Options options() const;
  // Every name, for suggestions.
  std::vector<std::string> names() const;

 private:
  const OptionSpec* find(std::string_view name) const;
  Result<void> take_long(std::string token, Tokens& tokens);
  Result<void> take_short(const std::string& token, Tokens& tokens);
  Result<void> take_value(const OptionSpec& spec, const std::string& name, Tokens& tokens);
  void add(const OptionSpec& spec, std::string value);
  Error wrong(const std::string& name, const std::string& what) const;

  std::string owner_;
  std::vector<OptionSpec> specs_;
  std::map<std::string, std::vector<std::string>> given_;
};

// Whole number from `least` to `most`; kInvalid names the option and the range.
Result<unsigned> parse_count(const std::string& option, const std::string& text, unsigned least,
                             unsigned most);

}  // namespace rebus
