#include "agents/support/strace/trace_reader.h"

#include <algorithm>

#include "agents/support/strace/trace_line.h"
#include "descriptor/json.h"

namespace rebus {
namespace {

constexpr size_t kMostLine = 256 << 10;     // bytes; strace cuts strings and lists itself
constexpr size_t kMostUnfinished = 65'536;  // processes and threads; there are fewer
constexpr const char* kNeverReturned = "?";

}  // namespace

std::string TraceEvent::json() const {
  JsonObject object;
  object.add("pid", pid).add("time", time);
  if (kind == TraceEvent::Kind::kSignal) object.add("signal", name);
  if (kind == TraceEvent::Kind::kKilled) object.add("killed", name);
  if (kind == TraceEvent::Kind::kExited) object.add("exit", leading_number(result).value_or(0));
  if (kind == TraceEvent::Kind::kCall)
    object.add("call", name).add("arguments", arguments).add("result", result);
  return object.str();
}

void TraceReader::read(std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t end = bytes.find('\n');
    std::string_view part = bytes.substr(0, end);
    bytes.remove_prefix(std::min(bytes.size(), part.size() + 1));
    is_too_long_ = is_too_long_ || line_.size() + part.size() > kMostLine;
    if (!is_too_long_) line_ += part;
    if (end == bytes.npos) return;
    if (is_too_long_) {
      strange_lines_++;
    } else {
      read_line(line_);
    }
    line_.clear();
    is_too_long_ = false;
  }
}

void TraceReader::end() {
  for (const auto& [pid, call] : unfinished_) {
    if (has_begun_) take_call(pid, call.time, call.name, call.arguments, kNeverReturned);
  }
  unfinished_.clear();
}

void TraceReader::read_line(std::string_view text) {
  auto line = parse_trace_line(text);
  if (!line || line->kind == TraceLine::Kind::kOther) {
    strange_lines_ += has_begun_ && !line;
    return;
  }
  const bool is_call = line->kind == TraceLine::Kind::kCall || line->kind == TraceLine::Kind::kUnfinished;
  if (!has_begun_ && is_call && line->name == "execve" && string_literal(line->arguments) == program_)
    begin(line->pid, line->time);
  if (!has_begun_) {
    others_.insert(line->pid);
    return;
  }
  if (others_.contains(line->pid)) return;
  switch (line->kind) {
    case TraceLine::Kind::kCall:
      return take_call(line->pid, line->time, line->name, line->arguments, line->result);
    case TraceLine::Kind::kUnfinished:
      if (unfinished_.size() < kMostUnfinished)
        unfinished_[line->pid] = {line->time, std::string(line->name), std::string(line->arguments)};
      return;
    case TraceLine::Kind::kResumed: {
      auto call = unfinished_.extract(line->pid);
      std::string rest = (call ? call.mapped().arguments : "") + std::string(line->arguments);
      std::string_view arguments, result;
      if (!split_call(rest, arguments, result)) result = kNeverReturned, arguments = rest;
      return take_call(line->pid, call ? call.mapped().time : line->time, line->name, arguments, result);
    }
    case TraceLine::Kind::kSignal:
      return take_(event(line->pid, line->time, TraceEvent::Kind::kSignal, line->name));
    case TraceLine::Kind::kKilled:
      return take_(event(line->pid, line->time, TraceEvent::Kind::kKilled, line->name));
    case TraceLine::Kind::kExited: {
      auto exited = event(line->pid, line->time, TraceEvent::Kind::kExited, "");
      exited.result = line->result;
      return take_(exited);
    }
    case TraceLine::Kind::kOther:
      return;
  }
}

void TraceReader::begin(uint64_t pid, int64_t time) {
  has_begun_ = true;
  first_pid_ = pid;
  first_time_ = time;
  others_.erase(pid);
}

void TraceReader::take_call(uint64_t pid, int64_t time, std::string_view name, std::string_view arguments,
                            std::string_view result) {
  auto call = event(pid, time, TraceEvent::Kind::kCall, name);
  for (std::string_view argument : split_arguments(arguments)) call.arguments.emplace_back(argument);
  call.result = result;
  take_(call);
}

TraceEvent TraceReader::event(uint64_t pid, int64_t time, TraceEvent::Kind kind,
                              std::string_view name) const {
  return {.kind = kind,
          .pid = pid,
          .time = static_cast<uint64_t>(std::max<int64_t>(0, time - first_time_)),
          .name = std::string(name),
          .arguments = {},
          .result = {}};
}

}  // namespace rebus
