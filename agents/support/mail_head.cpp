#include "agents/support/mail_head.h"

#include <strings.h>

#include <algorithm>
#include <string>

namespace rebus {
namespace {

constexpr const char* kFields[] = {"From",       "To",       "Cc",           "Subject",       "Date",
                                   "Message-ID", "Received", "Return-Path",  "Delivered-To",  "MIME-Version",
                                   "Reply-To",   "X-Mailer", "Content-Type", "DKIM-Signature"};
constexpr int kEnough = 3;

bool is_field(std::string_view line, std::string_view name) {
  return line.size() > name.size() && line[name.size()] == ':' &&
         strncasecmp(line.data(), name.data(), name.size()) == 0;
}

bool is_any_field(std::string_view line) {
  size_t colon = line.find(':');
  if (colon == line.npos || colon == 0) return false;
  return std::ranges::all_of(line.substr(0, colon), [](char c) { return c > ' ' && c < '\x7f'; });
}

}  // namespace

bool looks_like_mail(std::string_view head) {
  int found = 0;
  for (bool is_first = true; !head.empty(); is_first = false) {
    size_t end = head.find('\n');
    if (end == head.npos) break;  // cut
    std::string_view line = head.substr(0, end);
    head.remove_prefix(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) break;
    bool goes_on = !is_first && (line.front() == ' ' || line.front() == '\t');
    if (goes_on) continue;
    if (!is_any_field(line)) return false;
    found += static_cast<int>(
        std::ranges::count_if(kFields, [&](const char* name) { return is_field(line, name); }));
  }
  return found >= kEnough;
}

}  // namespace rebus
