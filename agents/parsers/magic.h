// Magic: libmagic, and all of it.
#pragma once

#include <memory>

#include "descriptor/descriptor.h"

struct magic_set;

namespace rebus {

// One thread. Once loaded it opens nothing more.
class Magic {
 public:
  // Of what is in this open file, whatever that is by then. kFailed when the database is missing or damaged.
  static Result<Magic> load(int file);
  // The words of `file -b` (the first 16 KiB) and the answers of `file --mime-type` and `file
  // --mime-encoding`, in a UTF-8 locale.
  FileType identify();

 private:
  struct Close {
    void operator()(magic_set* magic) const;
  };
  Magic(magic_set* magic, int file) : magic_(magic), file_(file) {}

  std::unique_ptr<magic_set, Close> magic_;
  int file_;
};

}  // namespace rebus
