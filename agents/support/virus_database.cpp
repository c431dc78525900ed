#include "agents/support/virus_database.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "agents/support/utc.h"
#include "descriptor/digest.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kStaleNs = 7 * 24 * 3600 * kSecondNs;  // when clamscan says so, too
constexpr size_t kHeaderBytes = 512;
constexpr size_t kShortDigest = 8;  // digits
// What libclamav loads: CLI_DBEXT of its readdb.h.
constexpr const char* kExtensions[] = {
    ".db",  ".hdb", ".hdu", ".fp",  ".mdb", ".mdu",  ".hsb",  ".hsu",  ".sfp",  ".msb",
    ".msu", ".ndb", ".ndu", ".ldb", ".ldu", ".sdb",  ".zmd",  ".rmd",  ".pdb",  ".gdb",
    ".wdb", ".cbc", ".ftm", ".cfg", ".cvd", ".cld",  ".cud",  ".cdb",  ".cat",  ".crb",
    ".idb", ".ioc", ".yar", ".imp", ".ign", ".ign2", ".info", ".yara", ".pwdb",
};

std::vector<fs::path> signature_files(const std::string& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator each(folder, error), end; !error && each != end; each.increment(error)) {
    std::error_code unknown;
    std::string extension = each->is_regular_file(unknown) ? each->path().extension().string() : "";
    if (std::find(std::begin(kExtensions), std::end(kExtensions), extension) != std::end(kExtensions))
      files.push_back(each->path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// What stands at the begin of main.cvd and its like:
// "ClamAV-VDB:day:version:signatures:level:md5:signature:who:time", the time in seconds since 1970.
struct CvdHeader {
  std::string version;
  int64_t time_ns = 0;
};

std::optional<CvdHeader> cvd_header(std::string_view begin) {
  std::istringstream fields(std::string(begin.substr(0, kHeaderBytes)));
  std::vector<std::string> all;
  for (std::string field; std::getline(fields, field, ':');) all.push_back(field);
  if (all.size() < 9 || all[0] != "ClamAV-VDB") return std::nullopt;
  CvdHeader header{all[2], 0};
  int64_t seconds = 0;
  auto [end, failed] = std::from_chars(all[8].data(), all[8].data() + all[8].size(), seconds);
  if (failed == std::errc() && seconds < INT64_MAX / kSecondNs) header.time_ns = seconds * kSecondNs;
  return header;
}

struct DatabaseFile {
  std::string version;
  int64_t date_ns = 0;
};

Result<DatabaseFile> read_signatures(const fs::path& path, Sha256& all) {
  std::ifstream in(path, std::ios::binary);
  struct stat status {};
  if (!in || stat(path.c_str(), &status) != 0)
    return Error{Code::kUnavailable, "cannot read " + escape(path.string()) + ": " + std::strerror(errno)};
  std::string begin, buffer(1 << 20, '\0');
  Sha256 own;
  while (in.read(buffer.data(), static_cast<std::streamsize>(buffer.size())), in.gcount() > 0) {
    std::string_view part(buffer.data(), static_cast<size_t>(in.gcount()));
    if (begin.empty()) begin = part.substr(0, kHeaderBytes);
    own.update(as_bytes(part));
  }
  const std::string digest = own.finish().hex(), name = path.filename().string();
  all.update(as_bytes(name + '\0' + digest + '\0'));
  auto header = cvd_header(begin);
  if (header) return DatabaseFile{escape(name + " " + header->version), header->time_ns};
  return DatabaseFile{escape(name) + " " + digest.substr(0, kShortDigest),
                      status.st_mtim.tv_sec * kSecondNs + status.st_mtim.tv_nsec};
}

}  // namespace

Result<VirusDatabase> read_virus_database(const std::string& folder) {
  auto files = signature_files(folder);
  if (files.empty()) {
    return Error{Code::kUnavailable, "there is no signature database in " + escape(folder) +
                                         ": run freshclam (Debian: apt-get install clamav-freshclam), or "
                                         "name another folder (--database)"};
  }
  VirusDatabase database;
  Sha256 all;
  for (const fs::path& path : files) {
    auto file = read_signatures(path, all);
    if (!file) return file.error();
    database.version += (database.version.empty() ? "" : ", ") + file->version;
    database.date_ns = std::max(database.date_ns, file->date_ns);
  }
  database.digest = all.finish().hex();
  return database;
}

std::string virus_database_state(const std::string& folder) {
  std::string state;
  for (const fs::path& path : signature_files(folder)) {
    struct stat status {};
    if (stat(path.c_str(), &status) != 0) continue;
    for (auto number :
         {static_cast<int64_t>(status.st_ino), static_cast<int64_t>(status.st_size),
          static_cast<int64_t>(status.st_mtim.tv_sec), static_cast<int64_t>(status.st_mtim.tv_nsec)})
      state += std::to_string(number) + ' ';
    state += path.filename().string() + '\n';
  }
  return state;
}

std::string age_warning(const VirusDatabase& database, int64_t now_ns) {
  if (database.date_ns == 0 || now_ns - database.date_ns <= kStaleNs) return {};
  return "the signatures are of " + utc_text(database.date_ns) + ", more than a week old: run freshclam";
}

}  // namespace rebus
