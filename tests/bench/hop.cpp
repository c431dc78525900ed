// The time from push() to process() in another process's consumer that has nothing to do, over ipc, and that
// through a bare broker (bare_broker.cpp), in turns; then the former while a producer and three consumers
// keep the master busy:
//
//   hop [HOPS] [ROUNDS]
//
// Microseconds; prints rows of a table. The time of the push travels in the value.
#include <array>
#include <cstring>
#include <memory>
#include <semaphore>

#include "tests/bench/bare_bus.h"
#include "tests/bench/bench_bus.h"

namespace rebus {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kIdle(1);  // between hops: everybody sleeps again
constexpr milliseconds kForEver(-1);
constexpr milliseconds kBetweenProbes(5);

int64_t now_ns() { return Clock::now().time_since_epoch().count(); }

// Of the hops of one consumer; microseconds.
class Hops {
 public:
  void arrived(int64_t sent_ns) {
    times_.push_back(static_cast<double>(now_ns() - sent_ns) / 1000);
    arrived_.release();
  }
  void wait() { arrived_.acquire(); }
  std::vector<double> take() { return std::exchange(times_, {}); }

 private:
  std::vector<double> times_;
  std::counting_semaphore<> arrived_{0};
};

Descriptor stamped(int64_t ns) {
  std::string bytes(16, '.');
  std::memcpy(bytes.data(), &ns, sizeof ns);
  return make_object(Domain(), "/probe", "probe", Value::of(bytes), "bench");
}

int64_t stamp_of(const Work& work) {
  std::array<uint8_t, sizeof(int64_t)> bytes{};
  must(work.value().read_at(0, bytes));
  int64_t ns = 0;
  std::memcpy(&ns, bytes.data(), sizeof ns);
  return ns;
}

class OurHops {
 public:
  explicit OurHops(const BenchBus& bus, Lane lane = Lane::kNormal)
      : consumer_(bus, "probe", "/probe", [this](const Work& work) { hops_.arrived(stamp_of(work)); }),
        producer_(bus, lane) {}
  std::vector<double> run(size_t count, milliseconds pause) {
    for (size_t i = 0; i < count; i++) {
      std::this_thread::sleep_for(pause);
      producer_.push(stamped(now_ns()));
      must(producer_.bus().flush());
      hops_.wait();
    }
    return hops_.take();
  }

 private:
  Hops hops_;
  BenchConsumer consumer_;
  BenchProducer producer_;
};

class BareHops {
 public:
  explicit BareHops(const BareBus& bus)
      : consumer_(bus, [this](const BareMessage& task) { hops_.arrived(task.sent_ns); }),
        producer_(bus),
        size_(bus.sizes().push) {}
  std::vector<double> run(size_t count) {
    for (size_t i = 0; i < count; i++) {
      std::this_thread::sleep_for(kIdle);
      producer_.send({BareKind::kPush, i, now_ns()}, size_);
      (void)producer_.receive(kForEver);
      hops_.wait();
    }
    return hops_.take();
  }

 private:
  Hops hops_;
  BareConsumer consumer_;
  BarePeer producer_;
  const size_t size_;
};

// Pushes as fast as it can, to three consumers.
class Load {
 public:
  explicit Load(const BenchBus& bus) {
    for (int i = 0; i < 3; i++) {
      consumers_.push_back(std::make_unique<BenchConsumer>(bus, "load" + std::to_string(i), "/text",
                                                           [this](const Work&) { handled_++; }));
    }
    thread_ = std::thread([this, &bus] { push(bus); });
  }
  ~Load() {
    ends_ = true;
    thread_.join();
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;
  void wait_until_busy() const {
    eventually([this] { return handled_ > 1000; });
  }

 private:
  void push(const BenchBus& bus) {
    BenchProducer producer(bus);
    for (size_t i = 0; !ends_; i++) producer.push(small_descriptor("/text/ascii", i, 16));
    producer.finish();
  }
  std::atomic<size_t> handled_ = 0;
  std::atomic<bool> ends_ = false;
  std::vector<std::unique_ptr<BenchConsumer>> consumers_;
  std::thread thread_;
};

void measure_idle(const std::string& transport, size_t hops, int rounds) {
  BenchBus bus("ram", transport);
  BareBus bare(sizes_of(stamped(now_ns())), false, transport);
  OurHops ours(bus);
  BareHops others(bare);
  Pairs half, most;
  for (int round = 0; round <= rounds; round++) {
    std::vector<double> our_times, bare_times;
    for (size_t i = 0; i < hops;
         i++) {  // by turns: how deep a processor sleeps changes from second to second
      our_times.push_back(ours.run(1, kIdle).front());
      bare_times.push_back(others.run(1).front());
    }
    if (round == 0) continue;  // warms up
    half.add(median(our_times), median(bare_times));
    most.add(quantile(our_times, 0.99), quantile(bare_times, 0.99));
  }
  print_row("one hop to an idle consumer, " + transport + ", p50", half, " µs",
            transport == "ipc" ? "≤ 1.5" : "");
  print_row("the same, p99", most, " µs", "");
}

void measure_loaded(const std::string& transport, size_t hops) {
  BenchBus bus("ram", transport);
  OurHops ours(bus);
  Load load(bus);
  load.wait_until_busy();
  auto times = ours.run(hops, kBetweenProbes);
  std::cout << "| one hop, " << transport << ", while the master is kept busy, p50 and p99 | "
            << told(median(times) / 1000, " ms") << ", " << told(quantile(times, 0.99) / 1000, " ms")
            << " | | | p99 < 5 ms |\n";
}

}  // namespace
}  // namespace rebus

int main(int count, char** words) {
  if (count < 2) {
    std::cerr << "hop: usage: hop inproc|ipc|tcp [HOPS] [ROUNDS]\n";
    return 2;
  }
  const size_t hops = count > 2 ? std::strtoul(words[2], nullptr, 10) : 300;
  const int rounds = count > 3 ? std::atoi(words[3]) : 5;
  rebus::measure_idle(words[1], hops, rounds);
  rebus::measure_loaded(words[1], hops);
}
