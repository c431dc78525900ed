// Session: one peer after its Hello.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <set>

#include "bus/message.h"
#include "master/filter.h"
#include "master/pace.h"

namespace rebus {

using PeerId = uint64_t;
using MonotonicTime = std::chrono::steady_clock::time_point;

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
  ConsumerId consumer = 0;        // of a consumer
  uint32_t slot = 0;              // its number among the instances of its consumer
  uint32_t tasks = 0;             // handed out and not finished
  std::map<Seq, uint64_t> sizes;  // of their values, in bytes; not of readers
  uint64_t bytes = 0;             // of all of them
  Pace pace;
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

  uint32_t free_credit() const {
    uint32_t most = consumer == 0 ? hello.credit : std::min(hello.credit, pace.allowance(bytes));
    return is_stuck || most <= tasks ? 0 : most - tasks;
  }
  void hold(Seq seq, uint64_t size, MonotonicTime now) {
    if (tasks++ == 0) pace.begin(now);
    bytes += sizes[seq] = size;
  }
  void let_go_all() {
    tasks = 0, bytes = 0;
    sizes.clear();
  }
  void let_go(Seq seq, MonotonicTime now) {
    if (tasks > 0) tasks--;
    pace.end_one(now);
    auto size = sizes.find(seq);
    if (size == sizes.end()) return;
    bytes -= size->second;
    sizes.erase(size);
  }
};

}  // namespace rebus
