#include "tools/log.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/sinks/syslog_sink.h>
#include <spdlog/spdlog.h>

#include "descriptor/escape.h"
#include "tools/limited_sink.h"

namespace rebus {
namespace {

std::unique_ptr<spdlog::formatter> make_formatter(const LogOptions& options) {
  if (options.format == "json") return json_lines();
  return options.syslog ? syslog_lines() : text_lines();
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

Result<void> set_up_log(const LogOptions& options) {
  if (options.format != "text" && options.format != "json") {
    return Error{Code::kInvalid, "no log format '" + escape(options.format) + "': there are text and json"};
  }
  try {
    auto sink = std::make_shared<LimitedSink>(make_sink(options));
    auto logger = std::make_shared<spdlog::logger>(options.program, std::move(sink));
    logger->set_formatter(make_formatter(options));
    logger->set_level(level_of(options.verbosity));
    logger->flush_on(spdlog::level::info);
    spdlog::set_default_logger(std::move(logger));
    return {};
  } catch (const spdlog::spdlog_ex& error) {
    return Error{Code::kInvalid, "the log cannot be opened: " + one_line(error.what())};
  }
}

}  // namespace rebus
