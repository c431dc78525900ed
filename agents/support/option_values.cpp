#include "agents/support/option_values.h"

#include <algorithm>
#include <charconv>

#include "agents/support/utc.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

constexpr size_t kMinDigest = 4, kMaxDigest = 64;

Error wrong(const std::string& name, const std::string& text, const std::string& why) {
  return {Code::kInvalid, "--" + name + " '" + escape(text) + "': " + why};
}

}  // namespace

Result<uint64_t> count_option(const Options& options, const std::string& name, uint64_t fallback) {
  std::string text = options.text(name);
  if (text.empty()) return fallback;
  uint64_t count = 0;
  auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (failed != std::errc() || end != text.data() + text.size())
    return wrong(name, text, "not a count such as 20");
  return count;
}

Result<std::string> digest_option(const Options& options, const std::string& name) {
  std::string text = options.text(name);
  if (text.empty()) return text;
  std::string digits = text;
  std::transform(digits.begin(), digits.end(), digits.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  bool is_hex = digits.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!is_hex || digits.size() < kMinDigest || digits.size() > kMaxDigest) {
    return wrong(name, text, "not 4 to 64 hex digits of a SHA-256");
  }
  return digits;
}

Result<int64_t> when_option(const Options& options, const std::string& name) {
  std::string text = options.text(name);
  if (text.empty()) return 0;
  auto now = std::chrono::system_clock::now().time_since_epoch();
  auto when = parse_when(text, std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
  return when ? *when : Result<int64_t>(wrong(name, text, when.error().message));
}

Result<Domain> domain_option(const Options& options, const Domain& fallback) {
  std::string text = options.text("domain");
  return text.empty() ? fallback : Domain::parse(text);
}

Result<void> declare_prefixes(const Options& options, Hello& hello) {
  const std::vector<std::string>& prefixes = options.list("selector-prefix");
  for (const std::string& prefix : prefixes) {
    if (!is_path_prefix(prefix))
      return Error{Code::kInvalid, "'" + escape(prefix) + "' is no type path like /binary/elf"};
  }
  if (!prefixes.empty()) hello.prefixes = prefixes;
  return {};
}

// Nothing in it means anything special in a regular expression.
Result<void> check_selector_begin(const std::string& text) {
  auto is_allowed = [](unsigned char c) {
    return std::isalnum(c) || std::string_view("/_-%~").find(static_cast<char>(c)) != std::string_view::npos;
  };
  if (text.starts_with('/') && std::all_of(text.begin(), text.end(), is_allowed)) return {};
  return Error{Code::kInvalid,
               "'" + escape(text) + "' begins no selector: try a type path such as /binary/elf"};
}

}  // namespace rebus
