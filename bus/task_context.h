// TaskContext: what the thread is at work on, for whoever writes a log.
#pragma once

#include <string>

#include "bus/message.h"

namespace rebus {

// Names are as they came: escape them before they are shown.
struct TaskContext {
  std::string agent;
  std::string domain;
  std::string selector;  // empty: between two tasks, or work on many
  uint32_t attempt = 0;  // 1: the first; 0: between two tasks
};

// Of this thread; nullptr if it runs no agent.
const TaskContext* current_task();

// Sets the context of this thread for its own lifetime; what was there before comes back.
class TaskScope {
 public:
  explicit TaskScope(TaskContext context);
  ~TaskScope();
  TaskScope(const TaskScope&) = delete;
  TaskScope& operator=(const TaskScope&) = delete;

 private:
  TaskContext context_;
  const TaskContext* outer_;
};

}  // namespace rebus
