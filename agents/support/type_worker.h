// TypeWorker: libmagic in a worker in a cage, asked about one file after the other.
#pragma once

#include <deque>
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
  // Whether take() need not start one.
  static bool is_any_idle();

  // Whether it can be asked about this value now: one that has nothing to do about any, others about a few
  // that need no copy.
  bool can_take(const Value& value) const;
  // How many it was asked about that end() was not called for.
  size_t under_way() const { return asked_.size(); }
  // Asks about this value, which it can take; what goes wrong is told by end().
  void begin(Value value);
  // Waits for the first that it was asked about. As identify() (file_type.h).
  Result<FileType> end();

 private:
  static constexpr size_t kMostUnderWay = 4;

  explicit TypeWorker(SharedFile file);
  void send(const Value& value);
  Result<void> try_to_send(const Value& value);
  Result<FileType> answer_of_first();
  Result<FileType> receive();

  SharedFile file_;
  ParserProcess process_;
  std::deque<Value> asked_;
  Result<void> sent_;  // all of them
};

}  // namespace rebus
