// Descriptors per second of one producer and three consumers, and of the same with a bare broker
// (bare_broker.h), in turns:
//
//   tiny_descriptors inproc|ipc|tcp ram|rocksdb BYTES COUNT [ROUNDS]
//
// Each has a value of BYTES bytes. It ends when every consumer has handled every descriptor. Prints a row of
// a table.
#include <latch>
#include <memory>

#include "tests/bench/bare_bus.h"
#include "tests/bench/bench_bus.h"

namespace rebus {
namespace {

constexpr int kConsumers = 3;
constexpr size_t kWindow = 1000;  // pushes of the bare producer without an answer
constexpr std::chrono::milliseconds kForEver(-1);

struct Job {
  std::string transport, storage;
  size_t bytes = 0, count = 0;
};

// Tells when all have handled all.
class Arrivals {
 public:
  explicit Arrivals(size_t count) : count_(count), done_(kConsumers) {}
  void add(int consumer) {
    if (++seen_[static_cast<size_t>(consumer)] == count_) done_.count_down();
  }
  void wait() const { done_.wait(); }

 private:
  const size_t count_;
  std::array<size_t, kConsumers> seen_{};  // each is counted by its own thread
  std::latch done_;
};

double rate_of_ours(const Job& job) {
  BenchBus bus(job.storage, job.transport);
  Arrivals arrivals(job.count);
  std::vector<std::unique_ptr<BenchConsumer>> consumers;
  for (int i = 0; i < kConsumers; i++) {
    consumers.push_back(std::make_unique<BenchConsumer>(bus, "consumer" + std::to_string(i), "/text",
                                                        [&arrivals, i](const Work&) { arrivals.add(i); }));
  }
  BenchProducer producer(bus);
  auto start = Clock::now();
  for (size_t i = 0; i < job.count; i++) producer.push(small_descriptor("/text/ascii", i, job.bytes));
  producer.finish();
  arrivals.wait();
  return static_cast<double>(job.count) / seconds_since(start);
}

double rate_of_bare(const Job& job) {
  BareBus bus(sizes_of(small_descriptor("/text/ascii", 1'000'000, job.bytes)), job.storage != "ram",
              job.transport);
  Arrivals arrivals(job.count);
  std::vector<std::unique_ptr<BareConsumer>> consumers;
  for (int i = 0; i < kConsumers; i++) {
    consumers.push_back(
        std::make_unique<BareConsumer>(bus, [&arrivals, i](const BareMessage&) { arrivals.add(i); }));
  }
  BarePeer producer(bus);
  auto start = Clock::now();
  size_t answered = 0;
  for (size_t pushed = 0; answered < job.count;) {
    if (pushed < job.count && pushed - answered < kWindow) {
      producer.send({BareKind::kPush, pushed++, 0}, bus.sizes().push);
    } else if (producer.receive(kForEver)) {
      answered++;
    }
  }
  arrivals.wait();
  return static_cast<double>(job.count) / seconds_since(start);
}

}  // namespace
}  // namespace rebus

int main(int count, char** words) {
  if (count < 5) {
    std::cerr
        << "tiny_descriptors: usage: tiny_descriptors inproc|ipc|tcp ram|rocksdb BYTES COUNT [ROUNDS]\n";
    return 2;
  }
  rebus::Job job{words[1], words[2], std::strtoul(words[3], nullptr, 10),
                 std::strtoul(words[4], nullptr, 10)};
  const int rounds = count > 5 ? std::atoi(words[5]) : 5;
  rebus::Pairs rates;
  for (int round = 0; round < rounds; round++) {
    double ours = rebus::rate_of_ours(job);
    rates.add(ours, rebus::rate_of_bare(job));
  }
  bool is_durable = job.storage != "ram";
  std::string what = std::string(words[3]) + " bytes each, " + job.transport;
  rebus::print_row(what + (is_durable ? ", RocksDB, durable" : ", RAM"), rates, "/s",
                   job.transport != "ipc" ? ""
                   : is_durable           ? "≥ 0.6"
                                          : "≥ 0.5");
}
