// What is told before the disk has it: nothing.
#include "master/settler.h"

#include <gtest/gtest.h>

#include <semaphore>

#include "storage/ram_table.h"
#include "storage/ram_values.h"
#include "storage/table_storage.h"

namespace rebus::settler_test {
namespace {

// A table on a disk that takes its time.
class SlowTable final : public Table {
 public:
  Result<std::optional<std::string>> get(Family family, std::string_view key) const override {
    return table_.get(family, key);
  }
  std::unique_ptr<TableIterator> iterate(Family family) const override { return table_.iterate(family); }
  Result<void> write(Batch batch) override { return table_.write(std::move(batch)); }
  Result<void> sync() override {
    begun_.release();
    may_end_.acquire();
    return answer_;
  }
  void reclaim() override {}
  const std::string& place() const override { return table_.place(); }

  void wait_for_sync() { begun_.acquire(); }
  void end_sync(const Result<void>& answer) {
    answer_ = answer;
    may_end_.release();
  }

 private:
  RamTable table_;
  Result<void> answer_;
  std::counting_semaphore<> begun_{0}, may_end_{0};
};

class AnyPlace final : public Surroundings {
 public:
  Result<void> verify(const StoreState&) override { return {}; }
  Result<void> has_room() override { return {}; }
  Result<void> has_room_for_notes() override { return {}; }
  Result<void> committed(const StoreState&) override { return {}; }
};

class SettlerTest : public testing::Test {
 protected:
  SettlerTest() {
    EXPECT_TRUE(table_->write(first_entries()));
    table_->end_sync({});  // of the opening
    auto storage =
        TableStorage::open(table_, std::make_unique<RamValues>(1 << 20), std::make_unique<AnyPlace>());
    table_->wait_for_sync();
    storage_ = *std::move(storage);
    master_ = *Master::start(*storage_, MasterOptions(), Moment{});
    settler_.emplace(*master_, [this] { woken_.release(); });
  }
  static Batch first_entries() {
    RamTable table;
    EXPECT_TRUE(create_store(table));
    Batch entries;
    auto at = table.iterate(Family::kSystem);
    for (at->seek(""); at->valid(); at->next())
      entries.push_back({Family::kSystem, false, std::string(at->key()), std::string(at->value()), {}});
    return entries;
  }

  void join(PeerId peer, const std::string& agent) {
    Hello hello;
    hello.role = Role::kConsumer;
    hello.agent = agent;
    master_->handle(peer, Message{1, hello}, Moment{});
  }
  // Whom the outbox welcomes.
  std::vector<PeerId> step() {
    auto outbox = settler_->step();
    EXPECT_TRUE(outbox) << outbox.error().message;
    return outbox ? welcomed(*outbox) : std::vector<PeerId>();
  }
  static std::vector<PeerId> welcomed(const Outbox& outbox) {
    std::vector<PeerId> peers;
    for (const Outgoing& outgoing : outbox) {
      if (std::holds_alternative<Welcome>(outgoing.message.body)) peers.push_back(outgoing.peer);
    }
    return peers;
  }

  std::shared_ptr<SlowTable> table_ = std::make_shared<SlowTable>();
  std::unique_ptr<Storage> storage_;
  std::unique_ptr<Master> master_;
  std::counting_semaphore<> woken_{0};
  std::optional<Settler> settler_;
};

using Peers = std::vector<PeerId>;

TEST_F(SettlerTest, TellsNothingOfARoundBeforeItIsDurable) {
  join(1, "first");
  EXPECT_EQ(step(), Peers());
  table_->wait_for_sync();
  EXPECT_TRUE(settler_->is_waiting());
  EXPECT_EQ(step(), Peers());

  join(2, "second");  // meanwhile
  EXPECT_EQ(step(), Peers());
  table_->end_sync({});
  woken_.acquire();
  EXPECT_FALSE(settler_->is_waiting());
  EXPECT_EQ(step(), Peers{1}) << "the second is in the next round";
  table_->wait_for_sync();
  EXPECT_EQ(step(), Peers());
  table_->end_sync({});
  woken_.acquire();
  EXPECT_EQ(step(), Peers{2});
  EXPECT_FALSE(settler_->is_waiting());
}

TEST_F(SettlerTest, TellsAllAtItsEnd) {
  join(1, "first");
  EXPECT_EQ(step(), Peers());
  join(2, "second");
  table_->end_sync({});
  table_->end_sync({});
  auto rest = settler_->finish();
  ASSERT_TRUE(rest);
  EXPECT_EQ(welcomed(*rest), (Peers{1, 2}));
}

TEST_F(SettlerTest, TellsNothingOfWhatADiskRefused) {
  join(1, "first");
  EXPECT_EQ(step(), Peers());
  table_->end_sync(Error{Code::kStorage, "the disk is broken"});
  woken_.acquire();
  auto outbox = settler_->step();
  ASSERT_FALSE(outbox);
  EXPECT_EQ(outbox.error().message, "the disk is broken");
  join(2, "second");
  EXPECT_FALSE(settler_->step());
}

}  // namespace
}  // namespace rebus::settler_test
