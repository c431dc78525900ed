// Admission: which descriptors may enter, and what they look like when they do.
#pragma once

#include "bus/agent.h"
#include "bus/message.h"
#include "master/step.h"

namespace rebus {

// Who pushes, when, and into which submission (0: that of the container or first parent).
struct Producer {
  const Hello& hello;
  SubmissionId submission = 0;
  int64_t now_ns = 0;  // UTC
};

class Admission {
 public:
  explicit Admission(Limits limits) : limits_(std::move(limits)) {}

  // Checks and stages one descriptor. Refusals: kInvalid, kConflict (identity does not fit), kNotFound (a
  // parent or container is missing), kLoop, kLimit. A refusal by kLoop or kLimit stages a /limit/… result
  // instead.
  Result<Pushed> add(Step& step, NewDescriptor item, const Producer& producer);

 private:
  Result<Pushed> add_object(Step& step, NewDescriptor item, const Producer& producer);
  Result<Pushed> add_result(Step& step, Descriptor d, const Producer& producer);
  static Result<Pushed> add_limit(Step& step, const Record& parent, const std::string& what,
                                  const Descriptor& refused, const Producer& producer, Error error);
  static Result<void> add_origin(Step& step, Origin origin, const Record& object, bool is_first);
  Result<void> spend_budget(Submission& submission, uint64_t bytes) const;
  static void stamp(Descriptor& d, const Producer& producer);
  static Result<void> enter_log(Step& step, Record record);

  Limits limits_;
};

}  // namespace rebus
