// TypeQueue: libmagic looks at several values at a time, while whoever has them reads the next.
#pragma once

#include <deque>
#include <functional>
#include <memory>

#include "agents/support/type_worker.h"

namespace rebus {

// Made and used by one thread. What is left in it at its end is dropped.
class TypeQueue {
 public:
  // With what identify() (file_type.h) says.
  using Then = std::function<Result<void>(Result<FileType>)>;

  // Asks about a value. `then` is called when all that came before it has been, by a later ask() or by
  // finish(), which give its error; nothing more comes of those behind it then. As many values are held as
  // there are processors, but at most 4.
  Result<void> ask(Value value, Then then);
  // Waits for all that was asked.
  Result<void> finish();

 private:
  struct Asked {
    Value value;
    Then then;
    std::unique_ptr<TypeWorker> worker;
  };
  Result<void> finish_first();

  std::deque<Asked> asked_;
};

}  // namespace rebus
