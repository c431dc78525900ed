// Whether a bus slows down as it grows: descriptors per second, and the master's memory, from the first to
// the last of COUNT that CONSUMERS agents handle, over ipc with RocksDB. The producer stays 1,000 ahead of
// them.
//
//   growth COUNT CONSUMERS [SAMPLES]
//
// Prints a row of a table. Appends to the file SAMPLES twenty lines: consumers, descriptors so far,
// descriptors per second since the line before, MiB.
#include <fstream>
#include <memory>

#include "tests/bench/bench_bus.h"

namespace rebus {
namespace {

constexpr size_t kSamples = 20;
constexpr size_t kAhead = 1000;
constexpr size_t kPart = kSamples / 4;  // samples at the start, and at the end, that are compared

struct Sample {
  size_t descriptors = 0;
  double rate = 0, memory = 0;
};

class Growth {
 public:
  Growth(size_t count, size_t consumers) : count_(count), consumers_(consumers) {}

  void run() {
    std::vector<std::unique_ptr<BenchConsumer>> running;
    for (size_t i = 0; i < consumers_; i++) {
      running.push_back(std::make_unique<BenchConsumer>(bus_, "consumer" + std::to_string(i), "/text",
                                                        [this](const Work&) { handled_++; }));
    }
    BenchProducer producer(bus_);
    last_ = Clock::now();
    for (size_t i = 0; i < count_; i++) {
      wait_for(i < kAhead ? 0 : i - kAhead);
      producer.push(small_descriptor("/text/ascii", i, 16));
    }
    producer.finish();
    wait_for(count_);
  }

  void print() const {
    double start = typical_rate(0), end = typical_rate(kSamples - kPart);
    std::cout << "| " << told(static_cast<double>(count_), "") << " descriptors, " << consumers_
              << " agents | " << told(start, "/s") << " | " << told(end, "/s") << " | "
              << told(end / start, "") << " | " << told(samples_.back().memory, " MiB") << " | ≥ 0.8 |"
              << std::endl;
  }

  void append_to(const std::string& file) const {
    std::ofstream out(file, std::ios::app);
    for (const Sample& sample : samples_)
      out << consumers_ << ' ' << sample.descriptors << ' ' << sample.rate << ' ' << sample.memory << '\n';
    out << "\n\n";
  }

 private:
  size_t handled_by_all() const { return handled_ / consumers_; }

  void wait_for(size_t descriptors) {
    while (true) {
      while (samples_.size() < kSamples && handled_by_all() >= next_sample()) sample();
      if (handled_by_all() >= descriptors) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  size_t next_sample() const { return count_ * (samples_.size() + 1) / kSamples; }
  void sample() {
    size_t done = handled_by_all(), before = samples_.empty() ? 0 : samples_.back().descriptors;
    double rate = static_cast<double>(done - before) / seconds_since(last_);
    last_ = Clock::now();
    samples_.push_back({done, rate, memory_of(bus_.master(), "VmRSS")});
  }
  double typical_rate(size_t from) const {
    std::vector<double> rates;
    for (size_t i = from; i < from + kPart; i++) rates.push_back(samples_[i].rate);
    return median(rates);
  }

  const size_t count_, consumers_;
  BenchBus bus_{"rocksdb"};
  std::atomic<size_t> handled_ = 0;
  std::vector<Sample> samples_;
  Clock::time_point last_;
};

}  // namespace
}  // namespace rebus

int main(int count, char** words) {
  if (count < 3) {
    std::cerr << "growth: usage: growth COUNT CONSUMERS [SAMPLES]\n";
    return 2;
  }
  rebus::Growth growth(std::strtoul(words[1], nullptr, 10), std::strtoul(words[2], nullptr, 10));
  growth.run();
  growth.print();
  if (count > 3) growth.append_to(words[3]);
}
