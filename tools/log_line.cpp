#include "tools/log_line.h"

#include <spdlog/fmt/chrono.h>
#include <spdlog/fmt/fmt.h>
#include <spdlog/pattern_formatter.h>
#include <unistd.h>

#include "bus/task_context.h"
#include "descriptor/escape.h"
#include "descriptor/json.h"

namespace rebus {
namespace {

std::string text_of(const spdlog::string_view_t& text) { return {text.data(), text.size()}; }

std::string context_text() {
  const TaskContext* task = current_task();
  if (task == nullptr) return "";
  std::string text = escape(task->agent);
  if (task->attempt == 0) return text + ": ";
  text += " " + escape(task->domain);
  if (!task->selector.empty()) text += " " + escape(task->selector);
  return text + " try " + std::to_string(task->attempt) + ": ";
}

// %* in the pattern: whose it is, and the message, on one line.
class OneLine final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    std::string line = context_text() + one_line(text_of(message.payload));
    out.append(line.data(), line.data() + line.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<OneLine>(); }
};

std::unique_ptr<spdlog::formatter> patterned(const char* pattern) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  formatter->add_flag<OneLine>('*');
  formatter->set_pattern(pattern);
  return formatter;
}

class JsonLines final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    auto ms = std::chrono::time_point_cast<std::chrono::milliseconds>(message.time);
    auto whole = std::chrono::time_point_cast<std::chrono::seconds>(ms);
    JsonObject json;
    json.add("time",
             fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                         fmt::gmtime(std::chrono::system_clock::to_time_t(whole)), (ms - whole).count()));
    json.add("level", text_of(spdlog::level::to_string_view(message.level)));
    json.add("program", text_of(message.logger_name)).add("pid", static_cast<uint64_t>(getpid()));
    json.add("message", unescape(one_line(text_of(message.payload))));
    if (const TaskContext* task = current_task()) add(json, *task);
    std::string line = json.str() + "\n";
    out.append(line.data(), line.data() + line.size());
  }
  std::unique_ptr<formatter> clone() const override { return std::make_unique<JsonLines>(); }

 private:
  static void add(JsonObject& json, const TaskContext& task) {
    json.add("agent", task.agent);
    if (task.attempt == 0) return;
    json.add("domain", task.domain).add("attempt", uint64_t{task.attempt});
    if (!task.selector.empty()) json.add("selector", task.selector);
  }
};

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

std::unique_ptr<spdlog::formatter> text_lines() { return patterned("%Y-%m-%dT%H:%M:%S.%eZ %n[%P] %l: %*"); }
std::unique_ptr<spdlog::formatter> syslog_lines() { return patterned("%l: %*"); }
std::unique_ptr<spdlog::formatter> json_lines() { return std::make_unique<JsonLines>(); }

}  // namespace rebus
