// Descriptors per second that are stored, found as the next work, and noted as finished, in both storages;
// against a plain loop that writes the very same batches to RocksDB with the same syncs, and to a std::map.
// In turns:
//
//   storage_rates BYTES PER_COMMIT COUNT [ROUNDS]
//
// PER_COMMIT descriptors share a sync when they are added, and another when they are finished. Prints rows of
// a table.
#include <rocksdb/db.h>

#include <map>

#include "storage/disk_values.h"
#include "storage/rocksdb_table.h"
#include "storage/storage.h"
#include "storage/table_storage.h"
#include "tests/bench/bench_bus.h"
#include "tests/bench/measuring.h"
#include "tests/bench/table_trace.h"
#include "tests/support/scratch_folder.h"

namespace rebus {
namespace {

struct Job {
  size_t bytes = 0, per_commit = 0, count = 0;
};

double rate(const Job& job, Clock::time_point start) {
  return static_cast<double>(job.count) / seconds_since(start);
}

// Writes as a master does.
class Writer {
 public:
  Writer(Storage& storage, const Job& job) : storage_(storage), job_(job) {
    for (size_t i = 0; i < job.count; i++)
      descriptors_.push_back(small_descriptor("/text/ascii", i, job.bytes));
  }

  // Descriptors per second.
  double run() {
    auto start = Clock::now();
    for (size_t done = 0; done < job_.count; done += job_.per_commit) {
      Seq first = next_;
      for (size_t i = 0; i < job_.per_commit && next_ <= job_.count; i++) add();
      must(storage_.commit());
      for (const LogEntry& entry : must(storage_.queue(1, first, job_.per_commit))) finish(entry.seq);
      must(storage_.commit());
    }
    return rate(job_, start);
  }

 private:
  void add() {
    Record record;
    record.seq = record.object = next_++;
    record.descriptor = std::move(descriptors_.at(record.seq - 1));
    record.submission = 1;
    record.value_size = record.descriptor.value.size();
    record.value_digest = record.descriptor.value.digest();
    record.ancestry = {{"/text/ascii", 1}};
    Origin origin{record.seq, record.seq, 0, 1, record.descriptor.label, record.seq, "bench"};
    Submission submission;
    submission.id = submission.first = 1;
    submission.last = submission.roots = record.seq;
    Changes changes;
    changes.descriptors.push_back(std::move(record));
    changes.origins.push_back(std::move(origin));
    changes.submissions.push_back(submission);
    must(storage_.apply(changes));
  }

  void finish(Seq seq) {
    (void)must(storage_.get(seq));
    Changes changes;
    changes.marks.push_back({seq, 1, Outcome::kDone, {}});
    changes.running.push_back({1, 1, seq + 1, 1});
    must(storage_.apply(changes));
  }

  Storage& storage_;
  const Job job_;
  std::vector<Descriptor> descriptors_;
  Seq next_ = 1;
};

double rate_of_storage(const std::string& kind, const Job& job) {
  ScratchFolder folder;
  auto storage = must(open_storage({kind, kind == "ram" ? "" : folder.at("store")}));
  return Writer(*storage, job).run();
}

std::vector<TableTrace::Step> steps_of(const Job& job) {
  ScratchFolder folder;
  auto table = must(RocksdbTable::open({folder.at("db"), folder.path(), true}));
  must(create_store(*table));
  auto trace = std::make_shared<TableTrace>(table);
  FreeSpace space(folder.path(), 0);
  must(ValueDirectory(folder.at("values")).create());
  auto storage =
      must(TableStorage::open(trace, std::make_unique<DiskValues>(folder.at("values"), trace, space)));
  (void)Writer(*storage, job).run();
  return trace->steps();
}

double rate_of_rocksdb(const std::vector<TableTrace::Step>& steps, const Job& job) {
  ScratchFolder folder;
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* opened = nullptr;
  if (!rocksdb::DB::Open(options, folder.at("db"), &opened).ok()) std::exit(1);
  std::unique_ptr<rocksdb::DB> db(opened);
  auto start = Clock::now();
  for (const auto& step : steps) {
    const auto* entries = std::get_if<std::vector<TableTrace::Entry>>(&step);
    rocksdb::WriteBatch batch;
    if (entries != nullptr) {
      for (const auto& entry : *entries) {
        (void)(entry.removes ? batch.Delete(entry.key) : batch.Put(entry.key, entry.value));
      }
    }
    auto status = entries != nullptr ? db->Write({}, &batch) : db->FlushWAL(true);
    if (!status.ok()) std::exit(1);
  }
  return rate(job, start);
}

double rate_of_map(const std::vector<TableTrace::Step>& steps, const Job& job) {
  std::map<std::string, std::string, std::less<>> map;
  auto start = Clock::now();
  for (const auto& step : steps) {
    const auto* entries = std::get_if<std::vector<TableTrace::Entry>>(&step);
    if (entries == nullptr) continue;
    for (const auto& entry : *entries) {
      if (entry.removes) {
        map.erase(entry.key);
      } else {
        map[entry.key] = entry.value;
      }
    }
  }
  return rate(job, start);
}

}  // namespace
}  // namespace rebus

int main(int count, char** words) {
  if (count < 4) {
    std::cerr << "storage_rates: usage: storage_rates BYTES PER_COMMIT COUNT [ROUNDS]\n";
    return 2;
  }
  rebus::Job job{std::strtoul(words[1], nullptr, 10), std::strtoul(words[2], nullptr, 10),
                 std::strtoul(words[3], nullptr, 10)};
  const int rounds = count > 4 ? std::atoi(words[4]) : 5;
  auto steps = rebus::steps_of(job);
  rebus::Pairs disk, memory;
  for (int round = 0; round < rounds; round++) {
    double ours = rebus::rate_of_storage("rocksdb", job);
    disk.add(ours, rebus::rate_of_rocksdb(steps, job));
    ours = rebus::rate_of_storage("ram", job);
    memory.add(ours, rebus::rate_of_map(steps, job));
  }
  std::string what = words[1] + std::string(" bytes each, ") + words[2] + " a commit";
  rebus::print_row(what + ", RocksDB, durable", disk, "/s", "≥ 0.7");
  rebus::print_row(what + ", in memory; a std::map", memory, "/s", "");
}
