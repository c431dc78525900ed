// What a million tiny descriptors cost a master on RocksDB with eight consumers: memory, an urgent file in
// between, and the next start.
//
//     cmake --build build/release --target many_descriptors && build/release/tests/many_descriptors [COUNT]
//
// Ends with 1 if a figure is missed: 256 MiB, 10 s, 5 s.
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <thread>

#include "bus/bus.h"
#include "bus/zmq_channel.h"
#include "tests/support/process.h"
#include "tests/support/scratch_folder.h"

namespace rebus {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kConsumers = 8;
constexpr double kMaxMebibytes = 256, kMaxUrgentSeconds = 10, kMaxStartSeconds = 5;

template <class T>
T must(Result<T> result) {
  if (result) return *std::move(result);
  std::cerr << result.error().message << "\n";
  std::exit(1);
}
void must(const Result<void>& result) {
  if (result) return;
  std::cerr << result.error().message << "\n";
  std::exit(1);
}

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// VmHWM, in MiB.
double peak_memory(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::atof(line.c_str() + 6) / 1024;
  }
  return 0;
}

Descriptor tiny(size_t number) {
  char text[24];
  std::snprintf(text, sizeof text, "%016zu", number);
  return make_object(Domain(), "/text/ascii", text, Value::of(std::string(text)), "bench");
}

class ManyDescriptors {
 public:
  explicit ManyDescriptors(size_t count) : count_(count) {}

  // True: within the figures.
  bool run() {
    bool good = told("start of an empty store, s", start_master(), kMaxStartSeconds);
    for (int i = 0; i < kConsumers; i++) consumers_.emplace_back([this, i] { consume(i); });
    auto start = Clock::now();
    std::thread half([this] { push(0, count_ / 2, Lane::kNormal); });
    half.join();
    std::thread rest([this] { push(count_ / 2, count_, Lane::kNormal); });
    good &= told("urgent file in between, s", urgent_file(), kMaxUrgentSeconds);
    rest.join();
    std::printf("%-40s %8.1f\n", "pushed after, s", seconds_since(start));
    good &= told("urgent file while the rest is handled, s", urgent_file(), kMaxUrgentSeconds);
    must(joined(Role::kClient, "bench")->wait_idle());
    std::printf("%-40s %8.1f\n", "handled by all after, s", seconds_since(start));
    good &= told("peak memory of the master, MiB", peak_memory(master_->pid()), kMaxMebibytes);
    good &= told("next start, s", restart_master(), kMaxStartSeconds);
    good &= told("peak memory of that master, MiB", peak_memory(master_->pid()), kMaxMebibytes);
    stop();
    return good;
  }

 private:
  static bool told(const char* what, double figure, double most) {
    std::printf("%-40s %8.1f  (at most %.0f)\n", what, figure, most);
    std::fflush(stdout);
    return figure <= most;
  }

  double start_master() {
    auto start = Clock::now();
    master_ = std::make_unique<Process>(std::vector<std::string>{"rebus_master", "--busaddr", address_,
                                                                 "--storage", "rocksdb", "--path", "db"},
                                        folder_.path());
    eventually([&] { return master_->err().find("listening") != std::string::npos; });
    must(joined(Role::kClient, "bench")->status());
    return seconds_since(start);
  }

  // Killed, as that is the slowest.
  double restart_master() {
    master_->signal(SIGKILL);
    master_->wait();
    return start_master();
  }

  std::unique_ptr<Bus> joined(Role role, const std::string& agent) {
    Hello hello;
    hello.role = role;
    hello.agent = agent;
    hello.prefixes = {"/text"};
    hello.credit = 4;
    auto bus = std::make_unique<Bus>(must(connector_.connect()));
    must(bus->join(hello));
    return bus;
  }

  void consume(int number) {
    auto bus = joined(Role::kConsumer, "consumer" + std::to_string(number));
    buses_[number] = bus.get();
    while (auto event = bus->next_event()) {
      Finish finish;
      finish.seq = std::get<Task>(*event).record.seq;
      if (!bus->finish(finish)) return;
    }
  }

  SubmissionId push(size_t from, size_t to, Lane lane) {
    auto bus = joined(Role::kProducer, "bench");
    auto note = make_object(Domain(), std::string(kSubmissionPath), "bench", Value::of("bench"), "bench",
                            random_salt());
    SubmissionId submission = must(bus->open_submission(note, lane));
    for (size_t i = from; i < to; i++) {
      NewDescriptor item{tiny(i), OriginClaim(), 0};
      item.origin->name = item.descriptor.label;
      must(bus->push(std::move(item), submission));
    }
    must(bus->close_submission(submission));
    return submission;
  }

  double urgent_file() {
    auto start = Clock::now();
    SubmissionId submission = push(next_urgent_, next_urgent_ + 1, Lane::kUrgent);
    next_urgent_++;
    must(joined(Role::kClient, "bench")->submission(submission, true));
    return seconds_since(start);
  }

  void stop() {
    for (Bus* bus : buses_) bus->interrupt();
    for (std::thread& consumer : consumers_) consumer.join();
  }

  const size_t count_;
  size_t next_urgent_ = count_;
  ScratchFolder folder_;
  const std::string address_ = "ipc://" + folder_.at("bus");
  ZmqConnector connector_{address_};
  std::unique_ptr<Process> master_;
  std::array<Bus*, kConsumers> buses_{};
  std::vector<std::thread> consumers_;
};

}  // namespace
}  // namespace rebus

int main(int argc, char** argv) {
  size_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  return rebus::ManyDescriptors(count).run() ? 0 : 1;
}
