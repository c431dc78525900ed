#include "agents/support/submission_note.h"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <vector>

#include "descriptor/json.h"

namespace rebus {
namespace {

std::string host_name() {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  return name.data();
}

std::string user_name() {
  passwd entry{};
  passwd* found = nullptr;
  std::vector<char> buffer(16 << 10);
  getpwuid_r(geteuid(), &entry, buffer.data(), buffer.size(), &found);
  return found != nullptr ? found->pw_name : "uid " + std::to_string(geteuid());
}

std::string time_now() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  tm parts{};
  gmtime_r(&now.tv_sec, &parts);
  std::array<char, 64> seconds{};
  strftime(seconds.data(), seconds.size(), "%Y-%m-%dT%H:%M:%S.", &parts);
  std::string fraction = std::to_string(now.tv_nsec);
  return seconds.data() + std::string(9 - fraction.size(), '0') + fraction + "Z";
}

std::string absolute(const std::string& path) {
  if (path == "-") return path;
  std::error_code ignored;  // the working directory may be gone
  auto whole = std::filesystem::absolute(path, ignored);
  return ignored ? path : whole.lexically_normal().string();
}

}  // namespace

Descriptor make_submission_note(const Domain& domain, const std::string& name, const std::string& path,
                                const std::string& agent) {
  JsonObject json;
  json.add("host", host_name()).add("name", name).add("path", absolute(path)).add("submitter", user_name());
  json.add("time", time_now()).add("unique", to_hex(as_bytes(random_salt())));
  Descriptor note = make_object(domain, std::string(kSubmissionPath), name.substr(0, kMaxLabel),
                                Value::of(json.str()), agent);
  note.kind = Kind::kStructured;
  return note;
}

}  // namespace rebus
