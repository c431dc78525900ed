// What a million tiny descriptors cost a master on RocksDB with eight consumers: memory, an urgent file in
// between, and the next start.
//
//     cmake --build build/release --target many_descriptors && build/release/tests/many_descriptors [COUNT]
//
// Ends with 1 if a figure is missed: 256 MiB, 10 s, 5 s.
#include <cstdio>
#include <iostream>
#include <thread>

#include "tests/bench/bench_bus.h"

namespace rebus {
namespace {

constexpr int kConsumers = 8;
constexpr double kMaxMebibytes = 256, kMaxUrgentSeconds = 10, kMaxStartSeconds = 5;

class ManyDescriptors {
 public:
  explicit ManyDescriptors(size_t count) : count_(count) {}

  // True: within the figures.
  bool run() {
    bool good = true;
    for (int i = 0; i < kConsumers; i++) consumers_.emplace_back([this, i] { consume(i); });
    auto start = Clock::now();
    std::thread half([this] { push(0, count_ / 2, Lane::kNormal); });
    half.join();
    std::thread rest([this] { push(count_ / 2, count_, Lane::kNormal); });
    good &= told("urgent file in between, s", urgent_file(), kMaxUrgentSeconds);
    rest.join();
    std::printf("%-40s %8.1f\n", "pushed after, s", seconds_since(start));
    good &= told("urgent file while the rest is handled, s", urgent_file(), kMaxUrgentSeconds);
    must(bus_.join(Role::kClient)->wait_idle());
    std::printf("%-40s %8.1f\n", "handled by all after, s", seconds_since(start));
    good &= told("peak memory of the master, MiB", memory_of(bus_.master(), "VmHWM"), kMaxMebibytes);
    good &= told("next start, s", restart_master(), kMaxStartSeconds);
    good &= told("peak memory of that master, MiB", memory_of(bus_.master(), "VmHWM"), kMaxMebibytes);
    stop();
    return good;
  }

 private:
  static bool told(const char* what, double figure, double most) {
    std::printf("%-40s %8.1f  (at most %.0f)\n", what, figure, most);
    std::fflush(stdout);
    return figure <= most;
  }

  // Killed, as that is the slowest.
  double restart_master() {
    auto start = Clock::now();
    bus_.restart();
    return seconds_since(start);
  }

  void consume(int number) {
    Hello hello;
    hello.role = Role::kConsumer;
    hello.agent = "consumer" + std::to_string(number);
    hello.prefixes = {"/text"};
    hello.credit = 4;
    auto bus = bus_.join(hello);
    buses_[number] = bus.get();
    while (auto event = bus->next_event()) {
      Finish finish;
      finish.seq = std::get<Task>(*event).record.seq;
      if (!bus->finish(finish)) return;
    }
  }

  SubmissionId push(size_t from, size_t to, Lane lane) {
    BenchProducer producer(bus_, lane);
    for (size_t i = from; i < to; i++) producer.push(small_descriptor("/text/ascii", i, 16));
    return producer.finish();
  }

  double urgent_file() {
    auto start = Clock::now();
    SubmissionId submission = push(next_urgent_, next_urgent_ + 1, Lane::kUrgent);
    next_urgent_++;
    must(bus_.join(Role::kClient)->submission(submission, true));
    return seconds_since(start);
  }

  void stop() {
    for (Bus* bus : buses_) bus->interrupt();
    for (std::thread& consumer : consumers_) consumer.join();
  }

  const size_t count_;
  size_t next_urgent_ = count_;
  BenchBus bus_{"rocksdb"};
  std::array<Bus*, kConsumers> buses_{};
  std::vector<std::thread> consumers_;
};

}  // namespace
}  // namespace rebus

int main(int argc, char** argv) {
  size_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  return rebus::ManyDescriptors(count).run() ? 0 : 1;
}
