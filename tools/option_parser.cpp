#include "tools/option_parser.h"

#include <charconv>

#include "descriptor/escape.h"

namespace rebus {
namespace {

std::vector<std::string> split_at_commas(std::string_view text) {
  std::vector<std::string> parts;
  while (true) {
    size_t comma = text.find(',');
    if (comma != 0 && !text.empty()) parts.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

std::vector<std::string> values_of(const OptionSpec& spec, std::string value) {
  if (spec.list) return split_at_commas(value);
  return {std::move(value)};
}

bool is_long(std::string_view token) { return token.starts_with("--"); }

}  // namespace

std::vector<std::string> option_names(const OptionSpec& spec) { return split_at_commas(spec.name); }

std::string option_key(const OptionSpec& spec) {
  auto names = option_names(spec);
  for (const auto& name : names) {
    if (is_long(name)) return name.substr(2);
  }
  return names.front().substr(1);
}

bool looks_like_option(std::string_view token) { return token.size() > 1 && token.front() == '-'; }

const OptionSpec* OptionParser::find(std::string_view name) const {
  for (const auto& spec : specs_) {
    for (const auto& own : option_names(spec)) {
      if (own == name) return &spec;
    }
  }
  return nullptr;
}

bool OptionParser::knows(std::string_view token) const {
  if (is_long(token)) return find(token.substr(0, token.find('='))) != nullptr;
  return looks_like_option(token) && find(token.substr(0, 2)) != nullptr;
}

Error OptionParser::wrong(const std::string& name, const std::string& what) const {
  return {Code::kInvalid, "option " + escape(name) + " of " + owner_ + " " + what};
}

Result<void> OptionParser::take(Tokens& tokens) {
  std::string token = tokens.take();
  return is_long(token) ? take_long(std::move(token), tokens) : take_short(token, tokens);
}

Result<void> OptionParser::take_long(std::string token, Tokens& tokens) {
  size_t equals = token.find('=');
  std::string name = token.substr(0, equals);
  const OptionSpec& spec = *find(name);
  if (equals == std::string::npos) return take_value(spec, name, tokens);
  if (spec.metavar.empty()) return wrong(name, "takes no value");
  add(spec, token.substr(equals + 1));
  return {};
}

// "-n 3", "-n3", and flags together: "-rp".
Result<void> OptionParser::take_short(const std::string& token, Tokens& tokens) {
  for (size_t i = 1; i < token.size(); i++) {
    std::string name = {'-', token[i]};
    const OptionSpec* spec = find(name);
    if (!spec) return wrong(name, "(in " + escape(token) + ") is not known");
    if (!spec->metavar.empty() && i + 1 < token.size()) {
      add(*spec, token.substr(i + 1));
      return {};
    }
    if (auto taken = take_value(*spec, name, tokens); !taken) return taken;
  }
  return {};
}

Result<void> OptionParser::take_value(const OptionSpec& spec, const std::string& name, Tokens& tokens) {
  if (spec.metavar.empty()) {
    given_[option_key(spec)].emplace_back();
    return {};
  }
  if (tokens.empty() || tokens.front() == "--" || tokens.front() == "::") {
    return wrong(name, "needs a value: " + name + " " + spec.metavar);
  }
  add(spec, tokens.take());
  return {};
}

void OptionParser::add(const OptionSpec& spec, std::string value) {
  auto& values = given_[option_key(spec)];
  for (auto& part : values_of(spec, std::move(value))) values.push_back(std::move(part));
}

Options OptionParser::options() const {
  Options options;
  for (const auto& spec : specs_) {
    if (!spec.fallback.empty()) options.set(option_key(spec), values_of(spec, spec.fallback));
  }
  for (const auto& [key, values] : given_) options.set(key, values);
  return options;
}

std::vector<std::string> OptionParser::names() const {
  std::vector<std::string> all;
  for (const auto& spec : specs_) {
    for (auto& name : option_names(spec)) all.push_back(std::move(name));
  }
  return all;
}

Result<unsigned> parse_count(const std::string& option, const std::string& text, unsigned least,
                             unsigned most) {
  unsigned number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size() && number >= least && number <= most)
    return number;
  return Error{Code::kInvalid, option + " takes a number from " + std::to_string(least) + " to " +
                                   std::to_string(most) + ", not '" + escape(text) + "'"};
}

}  // namespace rebus
