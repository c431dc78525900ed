#include "bus/task_context.h"

namespace rebus {
namespace {

thread_local const TaskContext* current = nullptr;

}  // namespace

const TaskContext* current_task() { return current; }

TaskScope::TaskScope(TaskContext context) : context_(std::move(context)), outer_(current) {
  current = &context_;
}

TaskScope::~TaskScope() { current = outer_; }

}  // namespace rebus
