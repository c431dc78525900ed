#include "agents/support/clamav_scanner.h"

#include <mutex>
#include <utility>

#include "agents/support/sandbox/sandbox_level.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

constexpr const char* kEngineProgram = "rebus_clamav";
constexpr std::chrono::seconds kLoadPatience{280};  // less than a claim lives
constexpr int kMostScans = 50;                      // of one worker: whoever took it over sees no more
constexpr int kScanTries = 3;  // of a file that ends workers: the first may have been spoilt by another file

// It keeps changing while it is read: as it is replaced.
constexpr int kDatabaseReadings = 5;

ScanAnswer limit_reached(const char* which) {
  ScanAnswer answer;
  answer.names.push_back(std::string(kLimitReached) + which);
  return answer;
}

}  // namespace

struct ClamavScanner::Engine {
  std::string state;  // of the folder
  VirusDatabase database;
  std::shared_ptr<Zygote> zygote;
};

Result<void> ClamavScanner::refresh() {
  const std::string state = virus_database_state(database_);
  bool has_engine = engine_ && !engine_->zygote->is_gone();
  if (has_engine && (state == engine_->state || state == refused_)) return {};
  auto engine = load(database_, limits_, state);
  auto adopted = engine ? adopt(*std::move(engine)) : engine.error();
  if (adopted || !has_engine) return adopted;
  refused_ = state;
  source_.trouble = "there is another database, which cannot be used: " + adopted.error().message;
  return {};
}

// What was loaded last stays for whoever comes next: instances come one after the other.
Result<std::shared_ptr<const ClamavScanner::Engine>> ClamavScanner::load(const std::string& database,
                                                                         const ScanLimits& limits,
                                                                         const std::string& state) {
  static std::mutex mutex;
  static std::string last_key;
  static std::shared_ptr<const Engine> last;
  std::lock_guard lock(mutex);
  std::string key = database + '\0' + sandbox_level_name(sandbox_level());
  for (uint64_t number : {limits.file_bytes, limits.scan_bytes, uint64_t{limits.files},
                          uint64_t{limits.levels}, uint64_t{limits.seconds}})
    key += ' ' + std::to_string(number);
  if (last && key == last_key && last->state == state && !last->zygote->is_gone()) return last;
  auto engine = load_anew(database, limits);
  if (engine) last = *engine, last_key = key;
  return engine;
}

Result<std::shared_ptr<const ClamavScanner::Engine>> ClamavScanner::load_anew(const std::string& database,
                                                                              const ScanLimits& limits) {
  std::vector<std::string> words = {database};
  for (uint64_t number : {limits.file_bytes, limits.scan_bytes, uint64_t{limits.files},
                          uint64_t{limits.levels}, uint64_t{limits.seconds}})
    words.push_back(std::to_string(number));
  for (int i = 0; i < kDatabaseReadings; i++) {
    auto engine = std::make_shared<Engine>();
    engine->state = virus_database_state(database);
    auto read = read_virus_database(database);
    if (!read) return read.error();
    auto zygote = Zygote::start(kEngineProgram, words, kLoadPatience);
    bool is_same = engine->state == virus_database_state(database);
    if (!is_same) continue;
    if (!zygote) {
      return Error{Code::kUnavailable,
                   "the signatures in " + escape(database) + " cannot be used: " + zygote.error().message};
    }
    engine->database = *std::move(read);
    engine->database.signatures = (*zygote)->hello().signatures;
    engine->zygote = *std::move(zygote);
    return std::shared_ptr<const Engine>(std::move(engine));
  }
  return Error{Code::kUnavailable, "the signatures in " + escape(database) + " change again and again"};
}

// The worker of the old one has ended what it was given.
Result<void> ClamavScanner::adopt(std::shared_ptr<const Engine> engine) {
  auto worker = new_worker(*engine);
  auto started = worker ? (*worker)->start() : worker.error();  // a layer of the cage may be missing
  if (!started) return started;
  next_.reset();
  last_.reset();
  worker_ = *std::move(worker);
  files_ = 0;
  engine_ = std::move(engine);
  source_ = {escape(unescape(engine_->zygote->hello().version)), engine_->database, {}, worker_->layers()};
  refused_.clear();
  return {};
}

Result<std::unique_ptr<ClamavWorker>> ClamavScanner::new_worker(const Engine& engine) const {
  return ClamavWorker::make(engine.zygote, std::chrono::seconds(limits_.seconds) + grace_);
}

Result<ScanAnswer> ClamavScanner::scan(const Value& value) {
  if (value.size() > limits_.file_bytes) return limit_reached(".MaxFileSize");
  for (int i = 1;; i++) {
    auto answer = ask(value);
    if (answer || answer.error().code != Code::kFailed) return answer;
    if (worker_->was_silent()) return limit_reached(".MaxScanTime");
    if (i == kScanTries) return answer;
  }
}

Result<ScanAnswer> ClamavScanner::ask(const Value& value) {
  if (!worker_->is_running()) files_ = 0;
  auto ready = files_ < kMostScans ? Result<void>() : replace_worker();
  if (ready) ready = worker_->begin(value);
  if (!ready) return ready.error();
  source_.sandbox = worker_->layers();
  if (++files_ == kMostScans / 2) launch_next();
  return worker_->end();
}

// Making its cage and ending take a worker as long as many small files: neither is waited for.
void ClamavScanner::launch_next() {
  auto next = new_worker(*engine_);
  if (!next) return;  // it is told when it is needed
  next_ = *std::move(next);
  (void)next_->launch();
}

Result<void> ClamavScanner::replace_worker() {
  auto next = next_ ? std::move(next_) : new_worker(*engine_);
  if (!next) return next.error();
  worker_->dismiss();
  last_ = std::exchange(worker_, *std::move(next));
  files_ = 0;
  return {};
}

}  // namespace rebus
