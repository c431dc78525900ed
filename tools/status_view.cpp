#include "tools/status_view.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace rebus {
namespace {

constexpr std::chrono::seconds kRateWindow(5);

std::string state_of_bus(const BusOverview& overview) {
  if (!overview.answers) return "the master does not answer";
  return overview.is_idle ? "idle" : "working";
}

std::string clock_text(std::chrono::seconds age) {
  return fmt::format("{}:{:02}:{:02}", age.count() / 3600, age.count() / 60 % 60, age.count() % 60);
}

std::string stage_text(const BusOverview& overview) {
  return overview.stages == 0 ? "" : fmt::format("stage {} of {}, ", overview.stage, overview.stages);
}

std::string progress_text(const AgentRow& row) {
  return row.total ? fmt::format("{}/{}", row.handled, *row.total) : std::to_string(row.handled);
}

// Of nothing where nothing waits.
std::string queue_text(const BusOverview& overview) {
  const auto& [urgent, normal, bulk] = overview.queue;
  if (urgent + normal + bulk == 0) return "";
  return fmt::format("queue {} urgent, {} normal, {} bulk, ", urgent, normal, bulk);
}

std::string note_of(const AgentRow& row) {
  std::string note = row.state;
  if (row.delayed > 0) note += fmt::format("{}{} to be tried again", note.empty() ? "" : ", ", row.delayed);
  if (row.restarts > 0) {
    note +=
        fmt::format("{}{} restart{}", note.empty() ? "" : ", ", row.restarts, row.restarts == 1 ? "" : "s");
  }
  return note;
}

std::string row_text(const AgentRow& row, size_t width) {
  std::string text =
      fmt::format("{:<{}}  {:>7}", row.name, width, fmt::format("{}/{}", row.running, row.wanted));
  if (row.is_consumer) {
    text += fmt::format("  {:>17}  {:>7}  {:>7}  {:>9}", progress_text(row), row.failed, row.at_work,
                        fmt::format("{:.0f}/s", row.rate));
  }
  std::string note = note_of(row);
  return note.empty() ? text : text + "  " + note;
}

}  // namespace

void RateMeter::count(std::chrono::steady_clock::time_point when, uint64_t total) {
  if (!samples_.empty() && total < samples_.back().total) samples_.clear();  // another store
  samples_.push_back({when, total});
  while (samples_.size() > 2 && when - samples_[1].when >= kRateWindow) samples_.pop_front();
}

double RateMeter::per_second() const {
  if (samples_.size() < 2) return 0;
  std::chrono::duration<double> time = samples_.back().when - samples_.front().when;
  if (time.count() <= 0) return 0;
  return static_cast<double>(samples_.back().total - samples_.front().total) / time.count();
}

std::vector<std::string> status_lines(const BusOverview& overview) {
  size_t width = 5;
  for (const AgentRow& row : overview.rows) width = std::max(width, row.name.size());
  std::vector<std::string> lines = {
      fmt::format("── {}: {}{} descriptors, {}{}, {}", overview.title, stage_text(overview),
                  overview.descriptors, queue_text(overview), state_of_bus(overview),
                  clock_text(overview.age)),
      fmt::format("{:<{}}  {:>7}  {:>17}  {:>7}  {:>7}  {:>9}", "agent", width, "running", "handled/total",
                  "failed", "at work", "rate")};
  for (const AgentRow& row : overview.rows) lines.push_back(row_text(row, width));
  return lines;
}

std::string status_summary(const BusOverview& overview) {
  std::string text = fmt::format("{}{} descriptors, {}{}", stage_text(overview), overview.descriptors,
                                 queue_text(overview), state_of_bus(overview));
  for (const AgentRow& row : overview.rows) {
    text += fmt::format("; {} {}/{} running", row.name, row.running, row.wanted);
    if (row.is_consumer) text += fmt::format(", {} handled, {} failed", progress_text(row), row.failed);
    if (std::string note = note_of(row); !note.empty()) text += ", " + note;
  }
  return text;
}

}  // namespace rebus
