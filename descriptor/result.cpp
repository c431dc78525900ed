#include "descriptor/result.h"

namespace rebus {

const char* code_name(Code code) {
  switch (code) {
    case Code::kInvalid:
      return "invalid";
    case Code::kNotFound:
      return "not_found";
    case Code::kConflict:
      return "conflict";
    case Code::kLoop:
      return "loop";
    case Code::kLimit:
      return "limit";
    case Code::kStorage:
      return "storage";
    case Code::kUnreadable:
      return "unreadable";
    case Code::kUnavailable:
      return "unavailable";
    case Code::kTryLater:
      return "try_later";
    case Code::kFailed:
      return "failed";
    case Code::kStopped:
      return "stopped";
    case Code::kProtocol:
      return "protocol";
  }
  return "unknown";
}

}  // namespace rebus
