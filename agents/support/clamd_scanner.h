// ClamdScanner: a ClamAV daemon that somebody else runs.
#pragma once

#include <chrono>
#include <memory>

#include "agents/support/sandbox/shared_file.h"
#include "agents/support/virus_scanner.h"

namespace rebus {

// Of clamd's protocol (its manual page) the commands VERSION, FILDES and INSTREAM, each over a connection of
// its own. One thread.
class ClamdScanner final : public VirusScanner {
 public:
  // The path of its local socket, or HOST:PORT.
  explicit ClamdScanner(std::string address) : address_(std::move(address)) {}

  // kUnavailable also of a daemon that does not tell when it has not seen all of a file.
  Result<void> refresh() override;
  const ScanSource& source() const override { return source_; }
  Result<ScanAnswer> scan(const Value& value) override;

 private:
  bool is_local() const { return address_.starts_with('/'); }
  Result<FileHandle> connect() const;
  Result<std::string> ask(std::string_view command) const;
  Result<ScanAnswer> hand_over(const Value& value);
  Result<ScanAnswer> stream(const Value& value) const;
  Result<void> check_candour();
  Result<void> check_names(std::string probe, std::string_view name, const char* option);
  Error wrong(const std::string& what) const;

  const std::string address_;
  std::string version_;  // as it says it
  std::chrono::steady_clock::time_point checked_;
  ScanSource source_;
  std::unique_ptr<SharedFile> file_;
};

}  // namespace rebus
