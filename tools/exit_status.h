// What a program tells its caller by its exit code.
#pragma once

#include "descriptor/result.h"

namespace rebus {

// Several things may go wrong in one run; the gravest is told.
class ExitStatus {
 public:
  static constexpr int kComplete = 0;
  static constexpr int kUnreadableInput = 1;
  static constexpr int kUsage = 2;
  static constexpr int kIncomplete = 3;    // failed, limit, encrypted
  static constexpr int kUnavailable = 75;  // storage, bus or standard output failed; EX_TEMPFAIL
  static constexpr int kInterrupted = 130;

  static int of(Code code);

  void add(int code);
  int code() const { return code_; }

 private:
  int code_ = kComplete;
};

}  // namespace rebus
