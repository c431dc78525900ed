// Session: one peer after its Hello.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <set>

#include "bus/message.h"
#include "master/filter.h"

namespace rebus {

using PeerId = uint64_t;

// A value on its way in.
struct Upload {
  std::unique_ptr<ValueWriter> writer;
  uint64_t size = 0;  // bytes so far
};

struct Session {
  PeerId peer = 0;
  uint64_t token = 0;
  Hello hello;
  std::chrono::steady_clock::time_point last_heard;
  ConsumerId consumer = 0;                       // of a consumer
  uint32_t slot = 0;                             // its number among the instances of its consumer
  uint32_t tasks = 0;                            // handed out and not finished
  Seq started = 0;                               // the task that it is at work on
  std::chrono::steady_clock::time_point worked;  // last sign of the agent's own thread
  bool is_stuck = false;  // gave no sign for too long: gets nothing before it gives one
  std::map<uint64_t, Upload> uploads;

  // Producers: keeps the bus from being idle.
  bool is_producing = false;
  std::set<SubmissionId> submissions;  // open ones

  // Readers: next log position to look at, and whose idleness call waits until all is delivered.
  Filter filter;
  Seq next = 1;

  uint32_t free_credit() const { return is_stuck || hello.credit <= tasks ? 0 : hello.credit - tasks; }
};

}  // namespace rebus
