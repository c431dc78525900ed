// ClamavWorker: one process of rebus_clamav that looks at files, and the memory that it sees them in.
#pragma once

#include <memory>

#include "agents/parsers/scan_messages.h"
#include "agents/support/sandbox/parser_process.h"
#include "agents/support/sandbox/shared_file.h"

namespace rebus {

// The memory is its own: one that was taken over and does not end sees no file of the next one.
class ClamavWorker {
 public:
  // `patience`: how long it may take for a file.
  static Result<std::unique_ptr<ClamavWorker>> make(std::shared_ptr<WorkerOrigin> origin,
                                                    std::chrono::seconds patience);

  // As of a ParserProcess.
  Result<void> start() { return process_.start(); }
  Result<void> launch() { return process_.launch(); }
  void dismiss() { process_.dismiss(); }
  bool is_running() const { return process_.is_running(); }
  bool was_silent() const { return process_.was_silent(); }
  const std::vector<std::string>& layers() const { return process_.layers(); }

  // It begins with a file; started if it does not run. kFailed: it died, or lies; kUnavailable: there can be
  // none; errors of reading the value as they are.
  Result<void> begin(const Value& value);
  // What came of it. Names and texts are short, and hostile.
  Result<ScanAnswer> end();

 private:
  ClamavWorker(SharedFile file, std::shared_ptr<WorkerOrigin> origin, std::chrono::seconds patience)
      : file_(std::move(file)), process_(std::move(origin), patience, file_.readable()) {}

  SharedFile file_;
  ParserProcess process_;
};

}  // namespace rebus
