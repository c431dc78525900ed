#include "tools/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/sinks/syslog_sink.h>
#include <spdlog/spdlog.h>

#include "descriptor/escape.h"

namespace rebus {
namespace {

// %* in the pattern: the message, on one line.
class OneLine final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    std::string line = one_line(std::string(message.payload.data(), message.payload.size()));
    out.append(line.data(), line.data() + line.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<OneLine>(); }
};

std::unique_ptr<spdlog::formatter> make_formatter(bool is_syslog) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  formatter->add_flag<OneLine>('*');
  formatter->set_pattern(is_syslog ? "%l: %*" : "%Y-%m-%dT%H:%M:%S.%eZ %n[%P] %l: %*");
  return formatter;
}

spdlog::sink_ptr make_sink(const LogOptions& options) {
  if (options.syslog) {
    return std::make_shared<spdlog::sinks::syslog_sink_mt>(options.program, LOG_PID, LOG_USER, true);
  }
  if (!options.file.empty()) return std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.file);
  return std::make_shared<spdlog::sinks::stderr_sink_mt>();
}

spdlog::level::level_enum level_of(unsigned verbosity) {
  if (verbosity == 0) return spdlog::level::warn;
  return verbosity == 1 ? spdlog::level::info : spdlog::level::debug;
}

}  // namespace

std::string one_line(const std::string& text) {
  std::string line;
  for (size_t start = 0; start <= text.size();) {
    size_t end = std::min(text.find('\\', start), text.size());
    line += escape(std::string_view(text).substr(start, end - start));
    if (end < text.size()) line += '\\';
    start = end + 1;
  }
  return line;
}

Result<void> set_up_log(const LogOptions& options) {
  try {
    auto logger = std::make_shared<spdlog::logger>(options.program, make_sink(options));
    logger->set_formatter(make_formatter(options.syslog));
    logger->set_level(level_of(options.verbosity));
    logger->flush_on(spdlog::level::info);
    spdlog::set_default_logger(std::move(logger));
    return {};
  } catch (const spdlog::spdlog_ex& error) {
    return Error{Code::kInvalid, "the log cannot be opened: " + one_line(error.what())};
  }
}

}  // namespace rebus
