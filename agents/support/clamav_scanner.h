// ClamavScanner: libclamav, in workers in a cage that share one load of the signatures.
#pragma once

#include <memory>

#include "agents/support/clamav_worker.h"
#include "agents/support/sandbox/zygote.h"
#include "agents/support/virus_scanner.h"

namespace rebus {

// One thread. All scanners of a process with the same database and limits share the program rebus_clamav.
class ClamavScanner final : public VirusScanner {
 public:
  // `grace`: how long an engine is waited for that does not keep to its time limit.
  ClamavScanner(std::string database, const ScanLimits& limits,
                std::chrono::seconds grace = std::chrono::seconds(10))
      : database_(std::move(database)), limits_(limits), grace_(grace) {}

  // The first takes as long as the signatures take to load; kUnavailable says why they cannot be. Later ones
  // go on with the old ones then.
  Result<void> refresh() override;
  const ScanSource& source() const override { return source_; }
  Result<ScanAnswer> scan(const Value& value) override;

 private:
  struct Engine;
  static Result<std::shared_ptr<const Engine>> load(const std::string& database, const ScanLimits& limits,
                                                    const std::string& state);
  static Result<std::shared_ptr<const Engine>> load_anew(const std::string& database,
                                                         const ScanLimits& limits);
  Result<void> adopt(std::shared_ptr<const Engine> engine);
  Result<ScanAnswer> ask(const Value& value);
  Result<std::unique_ptr<ClamavWorker>> new_worker(const Engine& engine) const;
  void launch_next();
  Result<void> replace_worker();

  const std::string database_;
  const ScanLimits limits_;
  const std::chrono::seconds grace_;
  std::shared_ptr<const Engine> engine_;
  std::string refused_;  // state of the folder that could not be loaded
  ScanSource source_;
  std::unique_ptr<ClamavWorker> worker_, next_, last_;  // at work; to come; gone
  int files_ = 0;                                       // that the worker was given
};

}  // namespace rebus
