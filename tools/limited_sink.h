// LimitedSink: lets so many log lines through, and says how many it left out.
#pragma once

#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/sink.h>

#include <mutex>

namespace rebus {

// Bounds what a hostile peer or a million broken files can do to a disk. Errors are always let through.
class LimitedSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  static constexpr double kPerSecond = 100;
  static constexpr double kAtOnce = 1000;

  explicit LimitedSink(spdlog::sink_ptr inner) : inner_(std::move(inner)) {}
  ~LimitedSink() override { say_left_out(); }
  LimitedSink(const LimitedSink&) = delete;
  LimitedSink& operator=(const LimitedSink&) = delete;

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    std::chrono::duration<double> passed = message.time - last_;
    if (passed.count() > 0) tokens_ = std::min(kAtOnce, tokens_ + passed.count() * kPerSecond);
    last_ = message.time;
    name_ = std::string(message.logger_name.data(), message.logger_name.size());
    if (message.level < spdlog::level::err && tokens_ < 1) {
      left_out_++;
      return;
    }
    say_left_out();
    tokens_ = std::max(0.0, tokens_ - 1);
    inner_->log(message);
  }
  void flush_() override { inner_->flush(); }
  void set_pattern_(const std::string& pattern) override { inner_->set_pattern(pattern); }
  void set_formatter_(std::unique_ptr<spdlog::formatter> formatter) override {
    inner_->set_formatter(std::move(formatter));
  }

 private:
  void say_left_out() {
    if (left_out_ == 0) return;
    std::string text = std::to_string(left_out_) + " log lines were left out: more than 100 a second";
    left_out_ = 0;
    spdlog::details::log_msg message(last_, {}, name_, spdlog::level::warn, text);
    inner_->log(message);
  }

  spdlog::sink_ptr inner_;
  double tokens_ = kAtOnce;
  spdlog::log_clock::time_point last_{};
  std::string name_;
  uint64_t left_out_ = 0;
};

}  // namespace rebus
