// Log lines: one each, harmless, with what the agent is at work on, and not without end.
#include <gtest/gtest.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "bus/task_context.h"
#include "tools/limited_sink.h"
#include "tools/log_line.h"

namespace rebus::log_test {
namespace {

using spdlog::level::level_enum;

// Lines of one logger.
class Log {
 public:
  explicit Log(std::unique_ptr<spdlog::formatter> formatter)
      : sink_(std::make_shared<LimitedSink>(std::make_shared<spdlog::sinks::ostream_sink_mt>(text_))) {
    sink_->set_formatter(std::move(formatter));
  }
  void write(const std::string& message, int at_ms = 0, level_enum level = spdlog::level::info) {
    spdlog::log_clock::time_point when{std::chrono::milliseconds(1'700'000'000'000 + at_ms)};
    sink_->log(spdlog::details::log_msg(when, {}, "rebus_agent", level, message));
  }
  std::vector<std::string> lines() const {
    std::vector<std::string> lines;
    std::istringstream in(text_.str());
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
  }

 private:
  std::ostringstream text_;
  spdlog::sink_ptr sink_;
};

TEST(LogLine, tells_what_the_agent_is_at_work_on) {
  Log log(syslog_lines());
  log.write("starts");
  {
    TaskScope agent({"hasher", "default", {}, 0});
    log.write("waits");
    TaskScope task({"hasher", "lab", "/binary/elf/%ab", 2});
    log.write("failed");
  }
  log.write("ends");
  EXPECT_EQ(log.lines(),
            (std::vector<std::string>{"info: starts", "info: hasher: waits",
                                      "info: hasher lab /binary/elf/%ab try 2: failed", "info: ends"}));
}

TEST(LogLine, is_one_harmless_line_in_text_and_in_json) {
  std::string hostile = "a\nb\x1b[2J\xff\"c\\x00";
  Log text(syslog_lines()), json(json_lines());
  TaskScope task({"evil\n", "default", "/a/%b", 1});
  text.write(hostile);
  json.write(hostile);
  EXPECT_EQ(text.lines(),
            std::vector<std::string>{"info: evil\\x0a default /a/%b try 1: a\\x0ab\\x1b[2J\\xff\"c\\x00"});
  ASSERT_EQ(json.lines().size(), 1u);
  auto object = nlohmann::json::parse(json.lines().front());
  EXPECT_EQ(object["time"], "2023-11-14T22:13:20.000Z");
  EXPECT_EQ(object["level"], "info");
  EXPECT_EQ(object["program"], "rebus_agent");
  EXPECT_EQ(object["agent"], "evil\\x0a");
  EXPECT_EQ(object["domain"], "default");
  EXPECT_EQ(object["selector"], "/a/%b");
  EXPECT_EQ(object["attempt"], 1);
  EXPECT_EQ(object["message"], "a\\x0ab\\x1b[2J\\xff\"c\\x00");
  EXPECT_GT(object["pid"], 0);
}

TEST(LimitedSink, leaves_out_what_is_too_much_and_says_so_but_never_errors) {
  Log log(syslog_lines());
  for (int i = 0; i < 1500; i++) log.write("line " + std::to_string(i));
  EXPECT_EQ(log.lines().size(), 1000u);
  log.write("the disk is full", 0, spdlog::level::err);
  ASSERT_EQ(log.lines().size(), 1002u);
  EXPECT_EQ(log.lines()[1000], "warning: 500 log lines were left out: more than 100 a second");
  EXPECT_EQ(log.lines()[1001], "error: the disk is full");
  for (int i = 0; i < 10; i++) log.write("later", 50);
  EXPECT_EQ(log.lines().size(), 1002u + 5u);
}

}  // namespace
}  // namespace rebus::log_test
