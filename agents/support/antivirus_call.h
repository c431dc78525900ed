// AntivirusCall: how antivirus was called.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agents/support/virus_scanner.h"
#include "bus/agent.h"

namespace rebus {

// What newer signatures are used on, beside what comes in.
enum class Rescan { kNew, kClean, kAll };

struct AntivirusCall {
  std::string database;
  std::string clamd;  // empty: an engine of our own
  Rescan rescan = Rescan::kNew;
  ScanLimits limits;

  // kInvalid names the option.
  static Result<AntivirusCall> read(const Options& options);
  std::unique_ptr<VirusScanner> scanner() const;
};

std::vector<OptionSpec> antivirus_options();

}  // namespace rebus
