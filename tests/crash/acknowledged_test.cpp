// Eight producers push as fast as they can when the master is killed: what was acknowledged is stored, and of
// each session the stored pushes are the first of those that it made.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <random>
#include <thread>

#include "bus/bus.h"
#include "bus/zmq_channel.h"
#include "storage/storage.h"
#include "tests/support/process.h"
#include "tests/support/scratch_folder.h"

namespace rebus::acknowledged_test {
namespace {

constexpr int kProducers = 8;
constexpr int kRounds = 12;

// One session, in a thread of its own.
class Producer {
 public:
  Producer(ZmqConnector& connector, std::string name)
      : name_(std::move(name)),
        bus_(std::make_unique<Bus>(*connector.connect())),
        thread_([this] { run(); }) {}
  ~Producer() {
    stop();
    thread_.join();
  }

  // Says so; all of them take their leave at the same time.
  void stop() {
    if (is_stopped_.exchange(true)) return;
    bus_->interrupt();
    is_stopped_.notify_all();
  }
  int acknowledged() const { return acknowledged_; }
  std::string label(int number) const { return name_ + "." + std::to_string(number); }
  // Of two ways for values, by turns.
  Descriptor made(int number) const {
    std::string bytes = label(number) + std::string(number % 10 == 9 ? 70'000 : 10, '.');
    return make_object(Domain(), "/text/ascii", label(number), Value::of(bytes), name_);
  }

 private:
  void run() {
    push_all();
    is_stopped_.wait(false);
    bus_.reset();
  }

  void push_all() {
    Hello hello;
    hello.role = Role::kProducer;
    hello.agent = "producer";
    if (!bus_->join(hello)) return;
    auto note = make_object(Domain(), std::string(kSubmissionPath), name_, Value::of(name_), name_);
    auto submission = bus_->open_submission(note, Lane::kNormal);
    for (int number = 0; submission.ok(); number++) {
      NewDescriptor item{made(number), OriginClaim(), 0};
      item.origin->name = label(number);
      auto pushed = bus_->push(std::move(item), *submission, [this, number](const Result<Pushed>& answer) {
        if (!answer) return;
        EXPECT_EQ(number, acknowledged_) << "acknowledged out of order";
        acknowledged_++;
      });
      if (!pushed) return;
    }
  }

  std::string name_;
  std::atomic<int> acknowledged_ = 0;
  std::atomic<bool> is_stopped_ = false;
  std::unique_ptr<Bus> bus_;
  std::thread thread_;
};

class AcknowledgedTest : public testing::Test {
 protected:
  // In memory: a kill takes nothing from files, wherever they are, and there are more pushes under way.
  static void SetUpTestSuite() {
    if (access("/dev/shm", W_OK) == 0) setenv("TMPDIR", "/dev/shm", 1);
  }

  // Gives how many were acknowledged.
  int round(int number, int kill_after) {
    Process master({"rebus_master", "--busaddr", address_, "--storage", "rocksdb", "--path", "db"},
                   folder_.path());
    eventually([&] { return master.err().find("listening") != std::string::npos; });
    ZmqConnector connector(address_);
    std::vector<std::unique_ptr<Producer>> producers;
    for (int i = 0; i < kProducers; i++) {
      std::string name = "r" + std::to_string(number) + "p" + std::to_string(i);
      producers.push_back(std::make_unique<Producer>(connector, name));
    }
    auto all = [&] {
      int sum = 0;
      for (const auto& producer : producers) sum += producer->acknowledged();
      return sum;
    };
    EXPECT_TRUE(eventually([&] { return all() >= kill_after; }));
    master.signal(SIGKILL);
    master.wait();
    auto storage = open_storage({"rocksdb", folder_.at("db")});
    EXPECT_TRUE(storage.ok()) << storage.error().message;
    for (const auto& producer : producers) producer->stop();
    for (const auto& producer : producers) expect_first_ones(**storage, *producer);
    return all();
  }

  static void expect_first_ones(Storage& storage, const Producer& producer) {
    Seq last = 0;
    int number = 0;
    while (Seq seq = *storage.lookup(Domain(), producer.made(number).selector)) {
      EXPECT_GT(seq, last) << producer.label(number) << " overtook the push before it";
      auto record = storage.get(seq);
      ASSERT_TRUE(record.ok()) << record.error().message;
      auto bytes = record->descriptor.value.load(1 << 20);
      ASSERT_TRUE(bytes.ok()) << bytes.error().message;
      EXPECT_EQ(sha256(as_bytes(*bytes)), producer.made(number).value.digest());
      last = seq;
      number++;
    }
    EXPECT_GE(number, producer.acknowledged()) << producer.label(number) << " was acknowledged and is gone";
    for (int later = number + 1; later < number + 100; later++) {
      EXPECT_EQ(*storage.lookup(Domain(), producer.made(later).selector), 0u)
          << producer.label(number) << " is missing, though " << producer.label(later) << " is stored";
    }
  }

  ScratchFolder folder_;
  const std::string address_ = "ipc://" + folder_.at("bus");
};

TEST_F(AcknowledgedTest, PushesAreStoredWheneverTheMasterIsKilled) {
  std::mt19937 random(1);
  int acknowledged = 0;
  for (int number = 0; number < kRounds && !HasFailure(); number++) {
    acknowledged += round(number, std::uniform_int_distribution(1, 3000)(random));
  }
  std::cout << acknowledged << " acknowledged pushes, " << kRounds << " kills\n";
}

}  // namespace
}  // namespace rebus::acknowledged_test
