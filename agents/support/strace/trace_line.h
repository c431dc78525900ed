// TraceLine: one line of strace -f -ttt, as text; and the parts of a call's arguments.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rebus {

// The source of the form is strace 6.1 and its manual. strace escapes what programs name (newlines, control
// characters, quotes), but a line may be cut anywhere.
struct TraceLine {
  enum class Kind : uint8_t {
    kCall,        // name(arguments) = result
    kUnfinished,  // name(arguments, cut off by another process's line
    kResumed,     // the rest of it
    kSignal,      // --- name ... ---
    kExited,      // result is the code
    kKilled,      // name is the signal
    kOther
  };
  Kind kind = Kind::kOther;
  uint64_t pid = 0;
  int64_t time = 0;  // µs since 1970
  std::string_view name;
  std::string_view arguments;  // of kUnfinished and kResumed: all there is of the rest of the line
  std::string_view result;
};

// The views are into `line`, which has no newline. None: it does not begin with a process and a time.
std::optional<TraceLine> parse_trace_line(std::string_view line);

// "arguments) = result" of a call; false: it is cut off.
bool split_call(std::string_view rest, std::string_view& arguments, std::string_view& result);

// The arguments one by one, at commas that are in no bracket and no string; at most `most`, the last with all
// the rest.
std::vector<std::string_view> split_arguments(std::string_view arguments, size_t most = 16);

// The bytes of a string literal at the begin of the text; none if there is no whole one.
std::optional<std::string> string_literal(std::string_view text);

// The digits at the begin of the text; none if there are none, or too many.
std::optional<uint64_t> leading_number(std::string_view text);

}  // namespace rebus
