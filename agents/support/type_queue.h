// TypeQueue: libmagic looks at several values at a time, while whoever has them reads the next.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "agents/support/type_worker.h"

namespace rebus {

// Made and used by one thread. What is left in it at its end is dropped.
class TypeQueue {
 public:
  // With what identify() (file_type.h) says.
  using Then = std::function<Result<void>(Result<FileType>)>;

  ~TypeQueue();

  // Asks about a value. `then` is called when all that came before it has been, by a later ask() or by
  // finish(), which give its error; nothing more comes of those behind it then. Some 20 values are held at
  // most.
  Result<void> ask(Value value, Then then);
  // Waits for all that was asked.
  Result<void> finish();

 private:
  struct Asked {
    Then then;
    TypeWorker* worker;
  };
  // Null: each has enough to do.
  Result<TypeWorker*> worker_for(const Value& value);
  bool may_take_another() const;
  Result<void> finish_first();
  void give_back_workers();

  std::deque<Asked> asked_;
  std::vector<std::unique_ptr<TypeWorker>> workers_;
};

}  // namespace rebus
