// Each operation on a file of a store in turn, RocksDB's and ours: it fails, once or for ever, or the power
// goes off before it.
#include <fcntl.h>
#include <rocksdb/env.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>

#include "storage/rocksdb_storage.h"
#include "tests/power/knowing_file_system.h"
#include "tests/storage/ledger.h"

namespace rebus::every_operation_test {
namespace {

using Operation = KnowingFileSystem::Operation;

KnowingFileSystem* watching = nullptr;  // our own operations, those of storage/file.cpp

bool allows(Operation operation, const std::string& path) {
  if (watching->ask(operation, path).ok()) return true;
  errno = EIO;
  return false;
}

std::string path_of(int fd) {
  std::error_code failed;
  return std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd), failed);
}

// Of so many operations one is tried.
constexpr int kStride = REBUS_SCALE;

class EveryOperation : public testing::Test {
 protected:
  // In memory: hundreds of stores are made, and no power goes off.
  static void SetUpTestSuite() {
    if (std::filesystem::is_directory("/dev/shm")) setenv("TMPDIR", "/dev/shm", 1);
  }
  void SetUp() override { watching = files_.get(); }
  void TearDown() override { watching = nullptr; }

  // A short life: made, filled, opened again, filled. Goes on whatever fails, as a supervisor does. Gives the
  // last position that was acknowledged.
  static Seq live(const std::string& store, rocksdb::Env* env) {
    Seq committed = 0;
    for (int start = 0; start < 3; start++) {
      auto storage = open_rocksdb_storage(store, env);
      if (!storage) continue;
      for (int step = 0; step < 2; step++) {
        Scribe scribe(**storage);
        for (Seq seq = (*storage)->statistics().head + 1, end = seq + 4; seq < end; seq++) {
          scribe.origin(scribe.object(Ledger::bytes_of(seq), "entry"), 0, "name" + std::to_string(seq), seq);
          scribe.changes.marks.push_back({seq, 1, Outcome::kDone, ""});
        }
        auto done = (*storage)->apply(scribe.changes);
        if (done) done = (*storage)->commit();
        if (!done) break;
        committed = (*storage)->statistics().head;
      }
    }
    return committed;
  }

  int operations() {
    int count = 0;
    files_->before = [&](auto, auto&) { return count++, IOStatus::OK(); };
    live(directory_.path() + "/counted", env_.get());
    files_->before = nullptr;
    return count;
  }

  void expect_whole(const std::string& store, Seq committed) {
    files_->before = nullptr;
    auto storage = open_storage({"rocksdb", store});
    ASSERT_TRUE(storage.ok()) << storage.error().message;
    EXPECT_GE((*storage)->statistics().head, committed);
    EXPECT_EQ(Ledger::read(**storage, (*storage)->statistics().head), "");
  }

  // From the N-th operation on `count` of them fail.
  void expect_whole_when_failing(const IOStatus& error, int count) {
    const int end = operations();
    EXPECT_GT(end, 50);
    for (int first = 0; first < end && !HasFailure(); first += kStride) {
      SCOPED_TRACE("operation " + std::to_string(first));
      int number = 0;
      files_->before = [&](auto, auto&) {
        bool fails = number >= first && number - first < count;
        number++;
        return fails ? error : IOStatus::OK();
      };
      std::string store = directory_.path() + "/" + std::to_string(first);
      Seq committed = live(store, env_.get());
      files_->before = nullptr;
      expect_whole(store, committed);
      std::filesystem::remove_all(store);
    }
  }

  // The disk keeps names at once, or when their directory is synced.
  void expect_whole_after_power_cut(bool keeps_names) {
    const int end = operations();
    for (int last = 0; last < end && !HasFailure(); last += kStride) {
      SCOPED_TRACE("operation " + std::to_string(last));
      std::string store = directory_.path() + "/" + std::to_string(last), copy = store + "-copy";
      Seq committed =
          live_until(store, last, [&] { files_->copy_after_power_cut(store, copy, keeps_names); });
      expect_whole(copy, committed);
      std::filesystem::remove_all(store);
      std::filesystem::remove_all(copy);
    }
  }

  // What was acknowledged before that operation.
  Seq live_until(const std::string& store, int last, const std::function<void()>& cut) {
    int number = 0;
    bool is_cut = false;
    files_->before = [&](auto, auto&) {
      if (number++ == last) is_cut = true, cut();
      return is_cut ? IOStatus::IOError("no power") : IOStatus::OK();
    };
    Seq committed = live(store, env_.get());
    files_->before = nullptr;
    return committed;
  }

  TemporaryDirectory directory_;
  std::shared_ptr<KnowingFileSystem> files_ = std::make_shared<KnowingFileSystem>();
  std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(files_);
};

TEST_F(EveryOperation, is_seen_also_of_the_files_of_large_values) {
  std::map<Operation, int> seen;
  files_->before = [&](Operation operation, const std::string& path) {
    if (path.find("/values") != path.npos) seen[operation]++;
    return IOStatus::OK();
  };
  live(directory_.path() + "/seen", env_.get());
  for (Operation operation : {Operation::kCreate, Operation::kWrite, Operation::kSync, Operation::kRename,
                              Operation::kSyncDirectory}) {
    EXPECT_GE(seen[operation], 2) << static_cast<int>(operation);
  }
}

TEST_F(EveryOperation, that_fails_once_costs_nothing_that_was_committed) {
  expect_whole_when_failing(IOStatus::IOError("injected error"), 1);
}

TEST_F(EveryOperation, that_finds_the_disk_full_for_a_while_costs_nothing_that_was_committed) {
  expect_whole_when_failing(IOStatus::NoSpace("injected"), 20);
}

TEST_F(EveryOperation, before_which_the_power_goes_off_costs_nothing_that_was_committed) {
  expect_whole_after_power_cut(true);
}

TEST_F(EveryOperation, before_which_the_power_goes_off_costs_nothing_even_if_names_are_lost) {
  expect_whole_after_power_cut(false);
}

}  // namespace

// The linker has the store's code call these (--wrap, tests/CMakeLists.txt); RocksDB's own calls are seen by
// its file system. NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp,cert-dcl50-cpp)
extern "C" {
int __real_open(const char* path, int flags, ...);
ssize_t __real_write(int fd, const void* bytes, size_t size);
int __real_fdatasync(int fd);
int __real_fsync(int fd);
int __real_rename(const char* from, const char* to);
int __real_unlink(const char* path);

int __wrap_open(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  bool is_new = watching != nullptr && (flags & O_CREAT) != 0;
  if (is_new && !allows(Operation::kCreate, path)) return -1;
  int fd = __real_open(path, flags, mode);
  if (is_new && fd >= 0) watching->note_new(path);
  return fd;
}

ssize_t __wrap_write(int fd, const void* bytes, size_t size) {
  if (watching != nullptr && !allows(Operation::kWrite, path_of(fd))) return -1;
  return __real_write(fd, bytes, size);
}

int __wrap_fdatasync(int fd) {
  if (watching == nullptr) return __real_fdatasync(fd);
  std::string path = path_of(fd);
  if (!allows(Operation::kSync, path)) return -1;
  struct stat status {};
  if (fstat(fd, &status) == 0) watching->note_size(path, static_cast<uint64_t>(status.st_size));
  return 0;
}

// Of directories only.
int __wrap_fsync(int fd) {
  if (watching == nullptr) return __real_fsync(fd);
  std::string path = path_of(fd);
  if (!allows(Operation::kSyncDirectory, path)) return -1;
  watching->note_names_in(path);
  return 0;
}

int __wrap_rename(const char* from, const char* to) {
  bool is_file = watching != nullptr && std::filesystem::is_regular_file(from);
  if (watching != nullptr && !allows(Operation::kRename, to)) return -1;
  auto old = is_file ? KnowingFileSystem::bytes_under(to) : std::nullopt;
  int done = __real_rename(from, to);
  if (is_file && done == 0) watching->note_rename(from, to, std::move(old));
  return done;
}

int __wrap_unlink(const char* path) {
  if (watching != nullptr && !allows(Operation::kDelete, path)) return -1;
  return __real_unlink(path);
}
}
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp,cert-dcl50-cpp)

}  // namespace rebus::every_operation_test
