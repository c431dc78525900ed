// TypeWorker: libmagic in a worker in a cage, asked about one file at a time.
#pragma once

#include <memory>

#include "agents/support/sandbox/parser_process.h"
#include "agents/support/sandbox/shared_file.h"
#include "descriptor/descriptor.h"

namespace rebus {

// One thread; those that have nothing to do stay with it for whoever needs one next.
class TypeWorker {
 public:
  // kUnavailable: there is no memory.
  static Result<std::unique_ptr<TypeWorker>> take();
  static void give_back(std::unique_ptr<TypeWorker> idle);

  // Asks about this value; what goes wrong is told by end(), which must come before the next.
  void begin(const Value& value);
  // Waits for it. As identify() (file_type.h).
  Result<FileType> end(const Value& value);

 private:
  explicit TypeWorker(SharedFile file);
  Result<void> send(const Value& value);
  Result<FileType> receive();

  SharedFile file_;
  ParserProcess process_;
  Result<void> begun_;
};

}  // namespace rebus
