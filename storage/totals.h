// Totals: what the storage counts as it writes.
#pragma once

#include "descriptor/record.h"

namespace rebus {

struct Totals {
  uint64_t descriptors = 0;
  uint64_t value_bytes = 0;  // logical: each descriptor's size added up
  Seq head = 0;              // at least the last key of its family, which may be removed
  // The last key of its family; not stored again.
  SubmissionId last_submission = 0;
  template <class A>
  void fields(A& a) {
    a(1, descriptors), a(2, value_bytes), a(3, head);
  }
};

}  // namespace rebus
