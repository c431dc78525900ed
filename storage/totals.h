// Totals: what the storage counts as it writes.
#pragma once

#include "descriptor/record.h"

namespace rebus {

struct Totals {
  uint64_t descriptors = 0;
  uint64_t value_bytes = 0;  // logical: each descriptor's size added up
  // The last keys of their families; not stored again.
  Seq head = 0;
  SubmissionId last_submission = 0;
  template <class A>
  void fields(A& a) {
    a(1, descriptors), a(2, value_bytes);
  }
};

}  // namespace rebus
