// What the tests of storage/ share: a directory that goes away, a scribe who writes as a master does,
// searches read to their end, and child processes.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "storage/storage.h"

namespace rebus {

template <class T>
T must(Result<T> result) {
  if (!result) ADD_FAILURE() << result.error().message;
  if (!result) throw std::runtime_error(result.error().message);
  return *std::move(result);
}
inline void must(const Result<void>& result) {
  if (!result) ADD_FAILURE() << result.error().message;
}

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "rebus-storage-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  // Of a store in it that is not made yet.
  std::string store() const { return path_ + "/store"; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline Domain domain_of(const std::string& name) { return must(Domain::parse(name)); }

// Collects changes, gives positions as a master does, and applies.
class Scribe {
 public:
  explicit Scribe(Storage& storage) : storage_(storage), next_(storage.statistics().head + 1) {}

  Seq add(Descriptor d, SubmissionId submission = 1) {
    Record record;
    record.seq = next_++;
    record.submission = submission;
    record.value_size = d.value.size();
    record.value_digest = d.value.digest();
    record.object = record.seq;
    record.descriptor = std::move(d);
    changes.descriptors.push_back(std::move(record));
    return next_ - 1;
  }
  Seq object(const std::string& bytes, const std::string& label = "a",
             const std::string& path = "/binary/elf", SubmissionId submission = 1) {
    return add(make_object(Domain(), path, label, Value::of(bytes), "inject"), submission);
  }
  // `seq` 0: an entry of its own.
  Seq origin(Seq object, Seq container, const std::string& name, Seq seq = 0, SubmissionId submission = 1,
             uint64_t ordinal = 0) {
    if (seq == 0) seq = next_++;
    changes.origins.push_back({seq, object, container, submission, name, ordinal, "inject"});
    return seq;
  }
  void skip_positions(Seq count) { next_ += count; }
  void apply() {
    must(storage_.apply(changes));
    changes = {};
  }
  void commit() {
    apply();
    must(storage_.commit());
  }

  Changes changes;

 private:
  Storage& storage_;
  Seq next_;
};

// All pages of a search, each of at most `limit`.
inline std::vector<Seq> all_pages(const std::function<Result<Page>(uint64_t cursor, size_t limit)>& search,
                                  size_t limit = 3) {
  std::vector<Seq> out;
  uint64_t cursor = 0;
  do {
    Page page = must(search(cursor, limit));
    EXPECT_LE(page.seqs.size(), limit);
    EXPECT_TRUE(page.cursor == 0 || page.cursor != cursor);
    out.insert(out.end(), page.seqs.begin(), page.seqs.end());
    cursor = page.cursor;
  } while (cursor != 0);
  return out;
}

inline std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
inline void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

// Runs the disabled test `name` of this program in a process of its own, which finds `argument` in
// $REBUS_TEST_ARGUMENT.
class Child {
 public:
  Child(const std::string& name, const std::string& argument) {
    setenv("REBUS_TEST_ARGUMENT", argument.c_str(), 1);
    // It runs, whichever part of the tests was for this process.
    unsetenv("GTEST_TOTAL_SHARDS");
    unsetenv("GTEST_SHARD_INDEX");
    std::string filter = "--gtest_filter=" + name;
    std::string disabled = "--gtest_also_run_disabled_tests", program = "/proc/self/exe";
    char* arguments[] = {program.data(), filter.data(), disabled.data(), nullptr};
    int pipe_ends[2];
    if (pipe2(pipe_ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], 1);
    if (posix_spawn(&pid_, "/proc/self/exe", &actions, nullptr, arguments, environ) != 0)
      throw std::runtime_error("spawn");
    posix_spawn_file_actions_destroy(&actions);
    close(pipe_ends[1]);
    output_ = fdopen(pipe_ends[0], "r");
  }
  ~Child() {
    kill();
    fclose(output_);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  static std::string argument() { return std::getenv("REBUS_TEST_ARGUMENT"); }
  // For the child: says something to the parent, at once.
  static void say(const std::string& line) {
    std::string text = ">" + line + "\n";
    if (write(1, text.data(), text.size()) < 0) std::abort();
  }
  // The next thing the child says; empty when it ended.
  std::string hear() {
    char line[4096];
    while (fgets(line, sizeof line, output_) != nullptr) {
      if (line[0] == '>') return std::string(line + 1, strcspn(line + 1, "\n"));
    }
    return {};
  }
  void kill() {
    if (pid_ > 0) ::kill(pid_, SIGKILL);
    wait();
  }
  // The exit status, as of waitpid().
  int wait() {
    int status = 0;
    if (pid_ > 0) waitpid(pid_, &status, 0);
    pid_ = -1;
    return status;
  }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
  FILE* output_ = nullptr;
};

}  // namespace rebus
