#include "agents/support/clamav_worker.h"

#include <algorithm>
#include <utility>

namespace rebus {
namespace {

constexpr size_t kMostScanNames = 1000, kMostScanText = 512;

bool is_short(const std::vector<std::string>& texts) {
  return texts.size() <= kMostScanNames && std::all_of(texts.begin(), texts.end(), [](const auto& text) {
           return text.size() <= kMostScanText;
         });
}

}  // namespace

Result<std::unique_ptr<ClamavWorker>> ClamavWorker::make(std::shared_ptr<WorkerOrigin> origin,
                                                         std::chrono::seconds patience) {
  auto file = SharedFile::make("rebus-antivirus");
  if (!file) return file.error();
  return std::unique_ptr<ClamavWorker>(new ClamavWorker(*std::move(file), std::move(origin), patience));
}

Result<void> ClamavWorker::begin(const Value& value) {
  auto ready = file_.fill(value);
  if (ready) ready = process_.start();
  if (ready) ready = process_.send(ParserWord::kScan, {});
  if (ready) ready = process_.flush();
  return ready;
}

Result<ScanAnswer> ClamavWorker::end() {
  auto frame = process_.receive(Value());
  if (!frame) return frame.error();
  auto answer = frame->word == ParserWord::kScanned ? unpack<ScanAnswer>(frame->body) : process_.misbehaves();
  bool is_good = answer && is_short(answer->names) && is_short(answer->warnings) &&
                 answer->error.size() <= kMostScanText;
  return is_good || !process_.is_running() ? answer : process_.misbehaves();
}

}  // namespace rebus
