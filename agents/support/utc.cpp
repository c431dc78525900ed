#include "agents/support/utc.h"

#include <time.h>

#include <charconv>

#include "descriptor/escape.h"

namespace rebus {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kMaxSeconds = INT64_MAX / kSecond;

int64_t unit_seconds(char unit) {
  switch (unit) {
    case 's':
      return 1;
    case 'm':
      return 60;
    case 'h':
      return 3600;
    case 'd':
      return 86400;
    case 'w':
      return 7 * 86400;
    default:
      return 0;
  }
}

bool parse_ago(std::string_view text, int64_t now_ns, int64_t& out) {
  int64_t unit = text.empty() ? 0 : unit_seconds(text.back());
  int64_t count = 0;
  auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), count);
  bool whole = failed == std::errc() && end + 1 == text.data() + text.size();
  if (unit == 0 || !whole || count < 0 || count > kMaxSeconds / unit) return false;
  out = now_ns - count * unit * kSecond;
  return true;
}

bool parse_date(const std::string& text, int64_t& out) {
  for (const char* form :
       {"%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"}) {
    tm parts{};
    const char* end = strptime(text.c_str(), form, &parts);
    if (end == nullptr || (*end != '\0' && std::string_view(end) != "Z")) continue;
    int64_t seconds = timegm(&parts);
    if (seconds < 0 || seconds > kMaxSeconds) return false;
    out = seconds * kSecond;
    return true;
  }
  return false;
}

}  // namespace

std::string utc_text(int64_t ns) {
  time_t seconds = ns / kSecond;
  tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  return {text, strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

Result<int64_t> parse_when(std::string_view text, int64_t now_ns) {
  int64_t ns = 0;
  if (parse_ago(text, now_ns, ns) || parse_date(std::string(text), ns)) return ns;
  return Error{Code::kInvalid,
               "not a time: '" + escape(text) +
                   "': write 2024-05-01, 2024-05-01T12:30 (UTC), or 90s, 30m, 2h, 3d, 1w ago"};
}

}  // namespace rebus
