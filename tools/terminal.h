// Terminal: standard output and standard error of a chain.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "bus/agent.h"

namespace rebus {

// Thread-safe: the agents of a chain share one. What one call writes stays together.
class Terminal final : public Output {
 public:
  // `on_closed` is called once, by the writing thread, when nobody reads standard output any more or it
  // cannot be written; later writes are dropped.
  explicit Terminal(std::function<void()> on_closed);
  ~Terminal() override;

  void write(std::string_view bytes) override;
  void list(std::string_view bytes) override;
  void note(const std::string& line) override;
  void progress(const std::string& line) override;
  void input_failed() override;
  void incomplete() override;
  void submitted(SubmissionId submission) override;

  bool any_input_failed() const;
  bool is_incomplete() const;
  std::vector<SubmissionId> submissions() const;
  // Why standard output cannot be written; a closed pipe is no failure.
  std::optional<Error> failure() const;

 private:
  void clear_progress();
  // 0, or why it could not be written.
  int put(std::string_view bytes);
  void close_output(int error);

  mutable std::mutex mutex_;
  std::function<void()> on_closed_;
  const bool shows_progress_;
  const bool shares_screen_;  // standard output is a terminal, too
  bool progress_shown_ = false;
  std::chrono::steady_clock::time_point next_progress_;
  bool closed_ = false;
  bool list_closed_ = false;
  bool input_failed_ = false;
  bool incomplete_ = false;
  std::vector<SubmissionId> submissions_;
  std::optional<Error> failure_;
};

}  // namespace rebus
