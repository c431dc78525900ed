// The hand-written rival of the main job: takes archives apart, hashes what is in them and tells its type, in
// one process without a sandbox, with nothing between its steps but a queue.
//
//   native_chain [--threads N] FILE...       archives, in archives, or other files
//   native_chain [--threads N] --files-from LIST       names with NUL bytes between them
//
// Prints what `hasher --algorithms sha256 unarchive file_id inject FILE... -- return --short
// signature/sha256` prints, in another order: a line "LABEL = SHA-256" for each file that is no archive, but
// for hard links. With --types the words of `file` instead. libarchive unpacks and inflates, OpenSSL hashes,
// libmagic is asked once for each file, in a file in memory, as it tells no details of programs in a buffer.
#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <magic.h>
#include <openssl/evp.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

struct File {
  std::string label;
  std::string bytes;
};

constexpr size_t kMostWaiting = 256;

// Files that nobody has looked at yet. Whoever finds it full looks at one himself.
class Queue {
 public:
  bool put(File& file) {
    std::lock_guard lock(mutex_);
    if (files_.size() >= kMostWaiting) return false;
    files_.push_back(std::move(file));
    changed_.notify_one();
    return true;
  }
  // False: all is done.
  bool take(File& file) {
    std::unique_lock lock(mutex_);
    busy_--;
    if (busy_ == 0 && files_.empty()) changed_.notify_all();
    changed_.wait(lock, [&] { return !files_.empty() || busy_ == 0; });
    if (files_.empty()) return false;
    file = std::move(files_.front());
    files_.pop_front();
    busy_++;
    return true;
  }
  void add_worker() { busy_++; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<File> files_;
  int busy_ = 0;
};

std::string read_file(const std::string& name) {
  std::string bytes;
  int fd = open(name.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status {};
  if (fd >= 0 && fstat(fd, &status) == 0) bytes.resize(static_cast<size_t>(status.st_size));
  ssize_t count = fd >= 0 ? read(fd, bytes.data(), bytes.size()) : -1;
  if (count < 0) std::perror(name.c_str());
  bytes.resize(count < 0 ? 0 : static_cast<size_t>(count));
  if (fd >= 0) close(fd);
  return bytes;
}

class Worker {
 public:
  Worker(Queue& queue, bool tells_types) : queue_(queue), tells_types_(tells_types) {
    magic_ = magic_open(MAGIC_NO_CHECK_COMPRESS);
    if (magic_load(magic_, nullptr) != 0) std::exit(1);
    file_ = memfd_create("native_chain", MFD_CLOEXEC);
    if (fchmod(file_, 0755) != 0) std::exit(1);
  }
  ~Worker() {
    EVP_MD_CTX_free(digest_);
    magic_close(magic_);
    close(file_);
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void run() {
    for (File file; queue_.take(file);) look_at(file);
  }
  void give(File file) {
    if (!queue_.put(file)) look_at(file);
  }
  const std::string& lines() const { return lines_; }

 private:
  void look_at(const File& file) {
    const std::string type = type_of(file.bytes);
    for (const char* word :
         {"gzip compressed", "Zip archive", "POSIX tar", "XZ compressed", "bzip2 compressed"}) {
      if (type.starts_with(word)) return take_apart(file);
    }
    lines_ += file.label + " = " + (tells_types_ ? type : sha256(file.bytes)) + '\n';
  }

  std::string type_of(const std::string& bytes) {
    if (ftruncate(file_, 0) != 0 || pwrite(file_, bytes.data(), bytes.size(), 0) < 0) std::exit(1);
    lseek(file_, 0, SEEK_SET);
    const char* words = magic_descriptor(magic_, file_);
    return words != nullptr ? words : magic_error(magic_);
  }

  std::string sha256(const std::string& bytes) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    EVP_DigestInit_ex(digest_, EVP_sha256(), nullptr);
    EVP_DigestUpdate(digest_, bytes.data(), bytes.size());
    EVP_DigestFinal_ex(digest_, digest.data(), &size);
    std::string hex;
    for (unsigned i = 0; i < size; i++) {
      hex += "0123456789abcdef"[digest[i] >> 4];
      hex += "0123456789abcdef"[digest[i] & 15];
    }
    return hex;
  }

  void take_apart(const File& container) {
    archive* in = archive_read_new();
    archive_read_support_filter_all(in);
    archive_read_support_format_all(in);
    if (archive_read_open_memory(in, container.bytes.data(), container.bytes.size()) == ARCHIVE_OK) {
      for (archive_entry* entry = nullptr; archive_read_next_header(in, &entry) == ARCHIVE_OK;) {
        if (archive_entry_filetype(entry) == AE_IFREG && archive_entry_hardlink(entry) == nullptr)
          give({container.label + ":" + archive_entry_pathname(entry), member(in, entry)});
      }
    }
    archive_read_free(in);
  }

  static std::string member(archive* in, archive_entry* entry) {
    std::string bytes(static_cast<size_t>(archive_entry_size(entry)), '\0');
    la_ssize_t count = archive_read_data(in, bytes.data(), bytes.size());
    bytes.resize(count < 0 ? 0 : static_cast<size_t>(count));
    return bytes;
  }

  Queue& queue_;
  const bool tells_types_;
  magic_t magic_ = nullptr;
  int file_ = -1;
  EVP_MD_CTX* digest_ = EVP_MD_CTX_new();
  std::string lines_;
};

std::vector<std::string> names_in(const std::string& list) {
  std::ifstream in(list, std::ios::binary);
  std::vector<std::string> names;
  for (std::string name; std::getline(in, name, '\0');) names.push_back(name);
  return names;
}

}  // namespace

int main(int count, char** words) {
  size_t threads = 2;
  bool tells_types = false;
  std::vector<std::string> names;
  for (int i = 1; i < count; i++) {
    std::string_view word = words[i];
    if (word == "--threads" && i + 1 < count) {
      threads = std::strtoul(words[++i], nullptr, 10);
    } else if (word == "--types") {
      tells_types = true;
    } else if (word == "--files-from" && i + 1 < count) {
      names = names_in(words[++i]);
    } else {
      names.emplace_back(word);
    }
  }
  setlocale(LC_CTYPE, "C.UTF-8");
  Queue queue;
  std::vector<std::unique_ptr<Worker>> workers;
  for (size_t i = 0; i < threads; i++) {
    queue.add_worker();
    workers.push_back(std::make_unique<Worker>(queue, tells_types));
  }
  std::vector<std::thread> running;
  for (size_t i = 1; i < threads; i++) running.emplace_back([&, i] { workers[i]->run(); });
  for (const std::string& name : names) workers[0]->give({name.substr(name.rfind('/') + 1), read_file(name)});
  workers[0]->run();
  for (std::thread& thread : running) thread.join();
  for (const auto& worker : workers) std::fwrite(worker->lines().data(), 1, worker->lines().size(), stdout);
}
