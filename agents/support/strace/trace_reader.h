// TraceReader: what a sample did, from what strace writes.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace rebus {

// One thing that happened. Texts are as strace writes them, with its escapes; they are hostile.
struct TraceEvent {
  enum class Kind : uint8_t { kCall, kSignal, kExited, kKilled };
  Kind kind = Kind::kCall;
  uint64_t pid = 0;   // or thread, as the tracer sees it
  uint64_t time = 0;  // µs since the sample began
  std::string name;   // of the call, or the signal
  std::vector<std::string> arguments;
  std::string result;  // of a call that never returned: "?"; of kExited: the code

  bool has_failed() const { return result.starts_with("-1 "); }
  // As one line of JSON, without a newline.
  std::string json() const;
};

// Takes the trace in any pieces, joins calls that other lines interrupt, and leaves out what comes before the
// sample's first call, and processes that were there then.
class TraceReader {
 public:
  using Take = std::function<void(const TraceEvent&)>;
  // `program`: the path by which the sample is started. `take` is given each event, in order.
  TraceReader(std::string program, Take take) : program_(std::move(program)), take_(std::move(take)) {}

  void read(std::string_view bytes);
  // No more comes: calls that never returned are events, too.
  void end();

  bool has_begun() const { return has_begun_; }
  uint64_t first_pid() const { return first_pid_; }
  // Lines that are no line of strace, or too long for one.
  uint64_t strange_lines() const { return strange_lines_; }

 private:
  struct Unfinished {
    int64_t time;
    std::string name, arguments;
  };
  void read_line(std::string_view line);
  void begin(uint64_t pid, int64_t time);
  void take_call(uint64_t pid, int64_t time, std::string_view name, std::string_view arguments,
                 std::string_view result);
  TraceEvent event(uint64_t pid, int64_t time, TraceEvent::Kind kind, std::string_view name) const;

  const std::string program_;
  const Take take_;
  std::string line_;
  bool is_too_long_ = false;
  bool has_begun_ = false;
  uint64_t first_pid_ = 0;
  int64_t first_time_ = 0;
  uint64_t strange_lines_ = 0;
  std::set<uint64_t> others_;  // processes from before
  std::map<uint64_t, Unfinished> unfinished_;
};

}  // namespace rebus
