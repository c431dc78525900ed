#include "tests/crash/bus_of_processes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <random>

#include "tests/support/archive_maker.h"
#include "tests/support/elf_archive.h"

namespace rebus {
namespace {

constexpr int kKilled = 128 + SIGKILL;
constexpr int kNobodyAnswered = 75;  // the master was away for longer than a start waits for it

const std::vector<std::string> kUntilIdle = {"--until-idle", "return", "--short", "/nothing"};

bool is_end_on_request(int exit_code) {
  constexpr int kBeforeItCouldListen = 128 + SIGTERM;
  constexpr int kBeforeItHadJoined = 130;
  return exit_code == 0 || exit_code == kBeforeItCouldListen || exit_code == kBeforeItHadJoined;
}

std::vector<std::string> small_programs() {
  auto files = elf_files(200, 24 << 20);
  std::sort(files.begin(), files.end(), [](const std::string& a, const std::string& b) {
    return std::pair(std::filesystem::file_size(a), a) < std::pair(std::filesystem::file_size(b), b);
  });
  files.resize(std::min<size_t>(files.size(), 40));
  return files;
}

std::string small_program(size_t number) {
  static const std::vector<std::string> kFiles = small_programs();
  return file_bytes(kFiles[number % kFiles.size()]);
}

// Of known bytes, yet unlike all others: so every archive brings new work.
ArchiveEntry entry(const std::string& name, std::string bytes, size_t number) {
  return {name, std::move(bytes) + "archive " + std::to_string(number)};
}

// Too much for one message; every sixth time for the database, too: a file of its own, which costs the disk
// most.
std::string filling(size_t number) {
  std::string bytes(number % 6 == 0 ? 600 << 10 : 100 << 10, '\0');
  std::minstd_rand random(static_cast<unsigned>(number + 1));
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

std::string nested_archive(size_t number) {
  std::string zip =
      make_archive("zip", "none",
                   {entry("bin/deep", small_program(number), number),
                    entry("run.sh", "#!/bin/sh\necho ", number), entry("copy", "the same in all", 0)});
  return make_archive("pax", "gzip",
                      {entry("usr/tool", small_program(number + 1), number),
                       {"inner.zip", zip},
                       entry("large", small_program(number + 2) + filling(number), number),
                       entry("copy", "the same in all", 0),
                       entry("notes.txt", "read me ", number)});
}

}  // namespace

BusOfProcesses::BusOfProcesses(const std::string& address)
    : address_(address.empty() ? "ipc://" + folder_.at("bus") : address) {
  std::filesystem::create_directory(folder_.at("tmp"));
  master_.words = {"crash_master", "--busaddr", address_, "--storage", "rocksdb", "--path", "db"};
  if (address_.starts_with("tcp")) master_.words.emplace_back("--insecure-tcp");
  start(master_, "");
  await_master();
}

void BusOfProcesses::add_worker(const Words& words, const Words& place) {
  workers_.push_back({agent(words), place, "", nullptr});
  start(workers_.back(), "");
}

BusOfProcesses::Words BusOfProcesses::agent(const Words& words) const {
  Words all = {"crash_agent", "--insecure-tcp", "--busaddr", address_};
  all.insert(all.end(), words.begin(), words.end());
  return all;
}

BusOfProcesses::Words BusOfProcesses::command(const Member& member) const {
  Words all = member.place;
  all.insert(all.end(), {"env", "TMPDIR=" + folder_.at("tmp")});
  if (!member.point.empty()) all.push_back("REBUS_CRASH=" + member.point);
  all.push_back(std::string(REBUS_BIN) + "/../tests/" + member.words[0]);
  all.insert(all.end(), member.words.begin() + 1, member.words.end());
  return all;
}

// --- life and death ---

void BusOfProcesses::start(Member& member, const std::string& point) {
  member.point = point;
  member.signal = 0;
  member.process = std::make_unique<Process>(command(member), folder_.path());
}

void BusOfProcesses::end(Member& member, int signal) {
  if (!member.process) return;
  if (is_alive(member)) {
    member.signal = signal;
    member.process->signal(signal);
  }
  judge(member);
}

// Of a process that ended, or was told to.
void BusOfProcesses::judge(Member& member) {
  Finished done = member.process->wait();
  if (done.exit_code == kKilled) deaths_++;
  bool is_at_point = done.exit_code == kKilled && !member.point.empty() && member.signal != SIGKILL;
  if (is_at_point) reached_.insert(member.point.substr(0, member.point.find(':')));
  bool is_killed = done.exit_code == kKilled && member.signal == SIGKILL;
  bool is_stopped = member.signal != 0 && is_end_on_request(done.exit_code);
  bool is_alone = &member != &master_ && done.exit_code == kNobodyAnswered;
  bool is_done = &member == &producer_ && done.exit_code == 0;
  EXPECT_TRUE(is_at_point || is_killed || is_stopped || is_alone || is_done)
      << member.words[0] << " " << member.words.back() << " ended by itself with " << done.exit_code << "\n"
      << done.err;
  bool is_clean = std::none_of(done.err.begin(), done.err.end(),
                               [](char c) { return static_cast<unsigned char>(c) < ' ' && c != '\n'; });
  EXPECT_TRUE(is_clean) << done.err;
  member.process.reset();
}

void BusOfProcesses::replace(Member& member, int signal, const std::string& point) {
  end(member, signal);
  start(member, point);
}

void BusOfProcesses::await_master() {
  eventually(
      [&] { return !is_alive(master_) || master_.process->err().find("listening") != std::string::npos; });
}

void BusOfProcesses::revive() {
  if (!is_alive(master_)) replace(master_, SIGKILL);
  for (Member& worker : workers_) {
    if (!is_alive(worker)) replace(worker, SIGKILL);
  }
}

// --- work ---

std::string BusOfProcesses::archive(size_t number) const {
  std::string name = std::to_string(number) + ".tgz";
  if (!std::filesystem::exists(folder_.at(name))) folder_.write(name, nested_archive(number));
  return name;
}

void BusOfProcesses::inject_next(const std::string& point) {
  producer_.words = agent({"inject", archive(injected_)});
  start(producer_, point);
}

void BusOfProcesses::keep_injecting() {
  look_after_producer();
  if (!producer_.process) inject_next();
}

void BusOfProcesses::look_after_producer() {
  if (!producer_.process || is_alive(producer_)) return;
  if (producer_.process->wait().exit_code == 0) injected_++;
  judge(producer_);
}

void BusOfProcesses::finish_injecting() {
  for (size_t wanted = injected_ + 1; injected_ < wanted;) {
    keep_injecting();
    producer_.process->wait();
    look_after_producer();
  }
}

Finished BusOfProcesses::ask(const Words& words) const {
  return run(command({agent(words), {}, "", nullptr}), folder_.path());
}

void BusOfProcesses::await_idle_or(const std::function<bool()>& condition) const {
  Process waiting(command({agent(kUntilIdle), {}, "", nullptr}), folder_.path());
  eventually([&] { return condition() || !waiting.is_running(); });
}

// --- the end ---

uint64_t BusOfProcesses::settle() {
  if (!is_alive(master_) || !master_.point.empty()) replace(master_, SIGKILL);
  for (Member& worker : workers_) {
    if (!is_alive(worker) || !worker.point.empty()) replace(worker, SIGKILL);
  }
  finish_injecting();
  EXPECT_EQ(ask(kUntilIdle).exit_code, 0);
  uint64_t again = 0;
  for (const std::string& line : ask({"ls_failed"}).sorted_lines()) {
    EXPECT_NE(line.find(" quarantined "), std::string::npos) << line;
    again++;
  }
  for (const Words& kind : kinds()) {
    Finished retried =
        run({"rebus_admin", "--insecure-tcp", "--busaddr", address_, "retry", kind.front()}, folder_.path());
    EXPECT_EQ(retried.exit_code, 0) << retried.err;
  }
  EXPECT_EQ(ask(kUntilIdle).exit_code, 0);
  EXPECT_EQ(ask({"ls_failed"}).out, "");
  for (Member& worker : workers_) end(worker, SIGTERM);
  end(master_, SIGTERM);
  return again;
}

// The words of consumers, each once.
std::set<BusOfProcesses::Words> BusOfProcesses::kinds() const {
  std::set<Words> kinds;
  for (const Member& worker : workers_) kinds.insert({worker.words.begin() + 4, worker.words.end()});
  return kinds;
}

size_t BusOfProcesses::expect_undisturbed_result() {
  Words chain = {"crash_agent", "--storage", "rocksdb", "--path", "undisturbed"};
  for (const Words& kind : kinds()) chain.insert(chain.end(), kind.begin(), kind.end());
  chain.emplace_back("inject");
  StoredState found = StoredState::read(folder_.at("db"));
  chain.insert(chain.end(), found.injected.begin(), found.injected.end());
  Finished done = run(command({chain, {}, "", nullptr}), folder_.path());
  EXPECT_EQ(done.exit_code, 0) << done.err;
  StoredState expected = StoredState::read(folder_.at("undisturbed"));
  EXPECT_EQ(difference(found, expected), "");
  EXPECT_EQ(found.faults, std::vector<std::string>());
  for (size_t number = 0; number < injected_; number++) {
    EXPECT_TRUE(found.injected.contains(archive(number))) << "acknowledged and gone: " << archive(number);
  }
  expect_nothing_left();
  return found.lines.size();
}

// Of scratch files, files of values under way, or sockets.
void BusOfProcesses::expect_nothing_left() {
  EXPECT_TRUE(std::filesystem::is_empty(folder_.at("tmp")));
  EXPECT_TRUE(std::filesystem::is_empty(folder_.at("db/values/tmp")));
  EXPECT_FALSE(std::filesystem::exists(folder_.at("bus")));
}

}  // namespace rebus
