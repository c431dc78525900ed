#include "agents/support/passwords.h"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <sstream>
#include <system_error>
#include <unordered_set>

namespace rebus {
namespace {

constexpr const char* kBuiltIn[] = {
    "infected", "malware",   "password",  "virus",       "dangerous",
    "abc123",   "123456",    "12345",     "1234",        "123",
    "12345678", "infected1", "infected!", "INFECTED",    "Infected",
    "malwares", "sample",    "samples",   "suspicious",  "evil",
    "exploit",  "botnet",    "trojan",    "ransomware",  "novirus",
    "test",     "secret",    "admin",     "root",        "qwerty",
    "letmein",  "password1", "Password",  "pass",        "zip",
    "archive",  "protected", "hidden",    "infected666", "mysubsarethebest",
};

Result<void> read_file(const std::string& path, std::vector<std::string>& out) {
  std::ifstream file(path, std::ios::binary);
  std::string line;
  while (std::getline(file, line)) {
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty()) out.push_back(line);
    if (out.size() > kMaxPasswords) break;
  }
  if (file.eof() || out.size() > kMaxPasswords) return {};
  // Without the name: what follows the '@' may have been meant as a password.
  return Error{Code::kUnreadable, "the password file given by --passwords @FILE cannot be read: " +
                                      std::generic_category().message(errno)};
}

void split(const std::string& list, std::vector<std::string>& out) {
  std::istringstream stream(list);
  for (std::string part; std::getline(stream, part, ',');) {
    if (!part.empty()) out.push_back(part);
  }
}

void drop_repeated(std::vector<std::string>& passwords) {
  std::unordered_set<std::string> seen;
  std::erase_if(passwords, [&](const std::string& password) { return !seen.insert(password).second; });
}

}  // namespace

Result<std::vector<std::string>> read_passwords(const std::vector<std::string>& given) {
  std::vector<std::string> passwords;
  for (const std::string& element : given) {
    if (!element.starts_with('@')) {
      split(element, passwords);
    } else if (auto read = read_file(element.substr(1), passwords); !read) {
      return read.error();
    }
  }
  passwords.insert(passwords.end(), std::begin(kBuiltIn), std::end(kBuiltIn));
  drop_repeated(passwords);
  if (passwords.size() > kMaxPasswords) {
    return Error{Code::kInvalid,
                 "more than " + std::to_string(kMaxPasswords) + " passwords, built-in ones included"};
  }
  return passwords;
}

}  // namespace rebus
