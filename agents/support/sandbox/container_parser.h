// Readers of containers whose parsing is done by a worker in a cage.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "agents/parsers/container.h"

namespace rebus {

// One that can be read again and again.
class SteppedArchive : public ArchiveReader {
 public:
  // From its first member, with this password alone, in the same worker: a worker for each of a thousand
  // passwords takes half a minute. An Error: it takes a new one.
  virtual Result<void> begin_again(const std::string& password) = 0;
};

// Each reader has a worker to itself. One that came to a good end serves the next reader of its thread, up to
// 50 of them. One that dies, or says what no parser says, or nothing for `patience`, is a container that is
// damaged: kFailed, or End::kBroken.
struct ContainerParser {
  std::chrono::seconds patience;
  const char* work = "containers";  // or "mails"

  // For a pass over all members: the worker unpacks what comes next while the agent looks at what came.
  std::unique_ptr<ArchiveReader> archive(const Value& value, const std::vector<std::string>& passwords) const;
  // For a pass over few of them: only what is read is unpacked.
  std::unique_ptr<SteppedArchive> archive_in_steps(const Value& value,
                                                   const std::vector<std::string>& passwords) const;
  std::unique_ptr<ContainedBytes> content(const Value& value) const;
};

// Whether there can be workers for this work, and the layers of their cage; kUnavailable says what is
// missing.
Result<std::vector<std::string>> check_parser(const char* work);

}  // namespace rebus
