// Every place at which a program can be told to die is died at, and the result is that of an undisturbed run.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <map>
#include <regex>

#include "tests/crash/bus_of_processes.h"

namespace rebus::points_test {
namespace {

namespace fs = std::filesystem;

// Read from the sources, so that none can be left out: the names of the points, by folder.
std::map<std::string, std::set<std::string>> points_in_sources() {
  std::map<std::string, std::set<std::string>> points;
  const std::regex kPoint("crash_point\\(\"([a-z-]+)\"\\)");
  for (const char* folder : {"bus", "master", "storage", "tools"}) {
    for (const auto& file : fs::directory_iterator(std::string(REBUS_SOURCE) + "/" + folder)) {
      std::string text = file_bytes(file.path());
      for (std::sregex_iterator it(text.begin(), text.end(), kPoint), end; it != end; ++it) {
        points[folder].insert((*it)[1]);
      }
    }
  }
  return points;
}

class PointsTest : public testing::Test {
 protected:
  PointsTest() {
    for (const char* kind : {"unarchive", "hasher", "file_id", "stringer", "clock", "unarchive"}) {
      bus_.add_worker({kind});
    }
  }

  // Kills and restarts until the master was at the point: compactions, for example, need some.
  void expect_master_dies_at(const std::string& point) {
    constexpr int kLives = 12;
    for (int life = 0; life < kLives && !bus_.points_reached().contains(point); life++) {
      bus_.replace(bus_.master(), SIGKILL, point);
      work_until([&] { return !BusOfProcesses::is_alive(bus_.master()); });
      bus_.replace(bus_.master(), SIGTERM);
      bus_.await_master();
    }
    EXPECT_TRUE(bus_.points_reached().contains(point)) << "the master never came to " << point;
  }

  // All kinds of workers at once; a kind's second instance goes on.
  void expect_workers_die_at(const std::string& point) {
    for (size_t i = 0; i < kKinds; i++) bus_.replace(bus_.workers()[i], SIGTERM, point);
    auto all_died = [&] {
      return std::none_of(bus_.workers().begin(), bus_.workers().begin() + kKinds, BusOfProcesses::is_alive);
    };
    work_until(all_died, 40);
    for (size_t i = 0; i < kKinds; i++) {
      EXPECT_FALSE(BusOfProcesses::is_alive(bus_.workers()[i]))
          << bus_.workers()[i].words.back() << " never came to " << point;
      bus_.replace(bus_.workers()[i], SIGKILL);
    }
  }

  void expect_producer_dies_at(const std::string& point) {
    bus_.keep_injecting();
    bus_.replace(bus_.producer(), SIGKILL, point);
    eventually([&] { return !BusOfProcesses::is_alive(bus_.producer()); });
    EXPECT_EQ(bus_.producer().process->wait().exit_code, 128 + SIGKILL) << "inject never came to " << point;
  }

  template <class Condition>
  void work_until(Condition condition, int archives = 2) {
    for (int i = 0; i < archives && !condition(); i++) {
      bus_.keep_injecting();
      eventually([&] { return condition() || !BusOfProcesses::is_alive(bus_.producer()); });
    }
    if (!condition()) bus_.await_idle_or(condition);
  }

  static constexpr size_t kKinds = 5;
  BusOfProcesses bus_;
};

TEST_F(PointsTest, DeathAtAnyOfThemIsMadeGoodByTheNextStart) {
  auto points = points_in_sources();
  for (const char* folder : {"master", "storage", "tools"}) {
    for (const std::string& point : points[folder]) expect_master_dies_at(point);
  }
  const std::set<std::string> kOfProducers = {"welcomed", "part-uploaded", "push-sent"};
  for (const std::string& point : kOfProducers) expect_producer_dies_at(point);
  const std::set<std::string> kOfSome = {"part-uploaded", "push-sent"};
  for (const std::string& point : points["bus"]) {
    if (!kOfSome.contains(point)) expect_workers_die_at(point);
  }
  for (const auto& [folder, names] : points) {
    for (const auto& name : names) EXPECT_TRUE(bus_.points_reached().contains(name)) << name;
  }
  uint64_t again = bus_.settle();
  size_t facts = bus_.expect_undisturbed_result();
  std::cout << bus_.deaths() << " deaths at " << bus_.points_reached().size() << " points; " << again
            << " quarantined tasks done again; " << facts << " facts of " << bus_.injected()
            << " archives compared\n";
}

}  // namespace
}  // namespace rebus::points_test
