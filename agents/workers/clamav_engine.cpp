#include "agents/workers/clamav_engine.h"

#include <clamav.h>

#include <algorithm>
#include <utility>

#include "agents/parsers/zip_oddities.h"

namespace rebus {
namespace {

constexpr size_t kMostNames = 1000, kMostWarnings = 8;
constexpr size_t kMostText = 512;  // bytes of each

// What libclamav complained of since the last time. It has no other way to say what it went on after.
std::vector<std::string>& complaints() {
  static std::vector<std::string> texts;
  return texts;
}

std::string cut(const char* text) {
  std::string all = text != nullptr ? text : "";
  all.resize(std::min(all.size(), kMostText));
  while (all.ends_with('\n')) all.pop_back();
  return all;
}

void take_complaint(cl_msg severity, const char*, const char* text, void*) {
  if (severity == CL_MSG_ERROR && complaints().size() < kMostWarnings) complaints().push_back(cut(text));
}

// What a file was seen to have in it. libclamav cuts large members off, or passes them by, and then calls the
// rest clean: how depends on the container.
struct Watched {
  explicit Watched(const ScanLimits& most) : limits(most) {}
  const ScanLimits& limits;
  ScanAnswer answer = {};
  uint64_t bytes = 0, largest = 0;  // of all of them, and of one
};

void take_name(int, const char* name, void* context) {
  auto& names = static_cast<Watched*>(context)->answer.names;
  std::string text = cut(name);
  if (names.size() < kMostNames && std::find(names.begin(), names.end(), text) == names.end())
    names.push_back(std::move(text));
}

void note_limit(Watched& watched, const char* which) {
  take_name(0, (std::string(kLimitReached) + which).c_str(), &watched);
}

// Each file in it, before it is looked at. Zips may stand behind something else, where libclamav raises no
// alert.
cl_error_t see_file(int, const char*, const char**, size_t, const char*, size_t size, const char* bytes,
                    uint32_t level, uint32_t, void* context) {
  auto& watched = *static_cast<Watched*>(context);
  watched.bytes += size;
  watched.largest = std::max<uint64_t>(watched.largest, size);
  if (level > 0 && size >= watched.limits.file_bytes) note_limit(watched, ".MaxFileSize");
  if (level > 0 && watched.bytes >= watched.limits.scan_bytes) note_limit(watched, ".MaxScanSize");
  if (bytes == nullptr) return CL_CLEAN;
  const ZipOddities oddities = ZipOddities::of(as_bytes({bytes, size}));
  if (oddities.is_encrypted) take_name(0, (std::string(kEncryptedAlert) + "Member").c_str(), context);
  if (oddities.has_unusual_method) note_limit(watched, ".ZipMethod");
  return CL_CLEAN;
}

// Each member of an archive, as the archive tells of it. In programs that know archives stands what looks
// like one: what takes more bytes than there are is none, and libclamav looks no further, either.
cl_error_t see_member(const char*, unsigned long packed_size, const char*, unsigned long size, int, unsigned,
                      void* context) {
  auto& watched = *static_cast<Watched*>(context);
  bool is_size = static_cast<long>(size) >= 0;  // of some containers it is not known
  if (is_size && packed_size <= watched.largest && size > watched.limits.file_bytes)
    note_limit(watched, ".MaxFileSize");
  return CL_CLEAN;
}

bool is_of_room(cl_error_t code) {
  switch (code) {
    case CL_ECREAT:
    case CL_EWRITE:
    case CL_ETMPFILE:
    case CL_ETMPDIR:
    case CL_EMAP:
    case CL_EMEM:
      return true;
    default:
      return false;
  }
}

// Limits that libclamav tells by its code.
const char* limit_of(cl_error_t code) {
  switch (code) {
    case CL_ETIMEOUT:
      return ".MaxScanTime";
    case CL_EMAXREC:
      return ".MaxRecursion";
    case CL_EMAXSIZE:
      return ".MaxScanSize";
    case CL_EMAXFILES:
      return ".MaxFiles";
    default:
      return nullptr;
  }
}

// Where libclamav skips a way of looking at what is large without a word, the size is the one that it tells
// of.
constexpr cl_engine_field kSilentLimits[] = {CL_ENGINE_MAX_EMBEDDEDPE, CL_ENGINE_MAX_HTMLNORMALIZE,
                                             CL_ENGINE_MAX_HTMLNOTAGS, CL_ENGINE_MAX_SCRIPTNORMALIZE,
                                             CL_ENGINE_MAX_ZIPTYPERCG, CL_ENGINE_PCRE_MAX_FILESIZE};

// Bytecode signatures are interpreted: a compiler would need memory that can be executed, which the cage
// refuses. Nothing is remembered from file to file: what is said of one depends on no other.
cl_error_t configure(cl_engine* engine, const ScanLimits& limits) {
  const std::pair<cl_engine_field, long long> numbers[] = {
      {CL_ENGINE_MAX_FILESIZE, static_cast<long long>(limits.file_bytes)},
      {CL_ENGINE_MAX_SCANSIZE, static_cast<long long>(limits.scan_bytes)},
      {CL_ENGINE_MAX_FILES, limits.files},
      {CL_ENGINE_MAX_RECURSION, limits.levels},
      {CL_ENGINE_MAX_SCANTIME, limits.seconds * 1000LL},
      {CL_ENGINE_BYTECODE_MODE, CL_BYTECODE_MODE_INTERPRETER},
      {CL_ENGINE_DISABLE_CACHE, 1},
      {CL_ENGINE_DISABLE_PE_STATS, 1},
  };
  cl_error_t code = CL_SUCCESS;
  for (const auto& [field, number] : numbers) {
    if (code == CL_SUCCESS) code = cl_engine_set_num(engine, field, number);
  }
  for (cl_engine_field field : kSilentLimits) {
    if (code == CL_SUCCESS)
      code = cl_engine_set_num(engine, field, static_cast<long long>(limits.file_bytes));
  }
  return code == CL_SUCCESS ? cl_engine_set_str(engine, CL_ENGINE_TMPDIR, ".") : code;
}

}  // namespace

void ClamavEngine::Free::operator()(cl_engine* engine) const { cl_engine_free(engine); }

std::string ClamavEngine::version() { return cl_retver(); }

Result<ClamavEngine> ClamavEngine::load(const std::string& database, const ScanLimits& limits) {
  cl_set_clcb_msg(take_complaint);
  ClamavEngine made;
  cl_error_t code = cl_init(CL_INIT_DEFAULT);
  if (code == CL_SUCCESS) made.engine_.reset(cl_engine_new());
  if (code == CL_SUCCESS) code = made.engine_ ? configure(made.engine_.get(), limits) : CL_EMEM;
  unsigned count = 0;
  if (code == CL_SUCCESS) code = cl_load(database.c_str(), made.engine_.get(), &count, CL_DB_STDOPT);
  if (code == CL_SUCCESS) code = cl_engine_compile(made.engine_.get());
  if (code != CL_SUCCESS) {
    std::string why = cl_strerror(code);
    for (const std::string& text : complaints()) why += "; " + text;
    return Error{Code::kUnavailable, why};
  }
  made.signatures_ = count;
  made.limits_ = limits;
  cl_engine_set_clcb_virus_found(made.engine_.get(), take_name);
  cl_engine_set_clcb_file_inspection(made.engine_.get(), see_file);
  cl_engine_set_clcb_meta(made.engine_.get(), see_member);
  return made;
}

ScanAnswer ClamavEngine::scan(int file) const {
  cl_scan_options options{};
  options.general = CL_SCAN_GENERAL_ALLMATCHES | CL_SCAN_GENERAL_HEURISTICS;
  options.parse = ~0U;
  options.heuristic =
      CL_SCAN_HEURISTIC_EXCEEDS_MAX | CL_SCAN_HEURISTIC_ENCRYPTED_ARCHIVE | CL_SCAN_HEURISTIC_ENCRYPTED_DOC;
  Watched watched(limits_);
  complaints().clear();
  const char* name = nullptr;
  unsigned long scanned = 0;
  cl_error_t code = cl_scandesc_callback(file, nullptr, &name, &scanned, engine_.get(), &options, &watched);
  ScanAnswer& answer = watched.answer;
  answer.warnings = complaints();
  if (const char* limit = limit_of(code)) {
    note_limit(watched, limit);
  } else if (code == CL_VIRUS && answer.names.empty()) {
    take_name(file, name, &watched);
  } else if (code != CL_SUCCESS && code != CL_VIRUS) {
    answer.error = cl_strerror(code);
    answer.is_out_of_room = is_of_room(code);
  }
  return std::move(answer);
}

}  // namespace rebus
