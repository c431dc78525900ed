// UuFinder: whether a text has a uuencoded file in it.
#pragma once

#include <string>

#include "descriptor/digest.h"

namespace rebus {

// Fed with a text in pieces. As uuencode writes it (POSIX.1-2017, uuencode): a line "begin MODE NAME" and one
// of data, or, for base64, "begin-base64 MODE NAME". Takes a line's worth of memory.
class UuFinder {
 public:
  void look(Bytes text);
  bool has_found() const { return has_found_; }

 private:
  void end_line();

  std::string line_;  // its begin
  bool is_after_begin_ = false, has_found_ = false;
};

}  // namespace rebus
