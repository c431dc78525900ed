#include "tools/exit_status.h"

namespace rebus {
namespace {

int gravity(int code) {
  switch (code) {
    case ExitStatus::kInterrupted:
      return 5;
    case ExitStatus::kUnavailable:
      return 4;
    case ExitStatus::kUsage:
      return 3;
    case ExitStatus::kIncomplete:
      return 2;
    case ExitStatus::kUnreadableInput:
      return 1;
    default:
      return 0;
  }
}

}  // namespace

int ExitStatus::of(Code code) {
  switch (code) {
    case Code::kInvalid:
      return kUsage;
    case Code::kNotFound:
    case Code::kUnreadable:
      return kUnreadableInput;
    case Code::kStorage:
    case Code::kUnavailable:
    case Code::kProtocol:
      return kUnavailable;
    case Code::kStopped:
      return kInterrupted;
    default:
      return kIncomplete;
  }
}

void ExitStatus::add(int code) {
  if (gravity(code) > gravity(code_)) code_ = code;
}

}  // namespace rebus
