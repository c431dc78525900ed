#include "tests/crash/stored_state.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "descriptor/escape.h"
#include "storage/storage.h"

namespace rebus {
namespace {

constexpr size_t kAll = 1'000'000;

class StateReader {
 public:
  explicit StateReader(Storage& storage) : storage_(storage) {
    auto consumers = storage_.consumers();
    for (const Consumer& consumer : *consumers) names_[consumer.id] = consumer.agent + consumer.config;
  }

  StoredState read() {
    auto log = storage_.log(1, kAll);
    for (const LogEntry& entry : *log) {
      if (!entry.is_origin) add(*storage_.get(entry.seq));
    }
    for (const auto& [file, count] : readings_) {
      if (count != std::pair(1, 1)) fault("other than one reading of clock for " + file);
    }
    return std::move(state_);
  }

 private:
  void add(const Record& record) {
    check_value(record);
    const std::string& path = record.descriptor.selector.path();
    if (path == kSubmissionPath) return;
    if (record.descriptor.is_object()) readings_.try_emplace(name(record.seq));
    if (path == "/clock/begin") readings_[name(record.object)].first++;
    if (path == "/clock/end") readings_[name(record.object)].second++;
    if (path.starts_with("/clock/")) return;
    add_descriptor(record);
    add_origins(record.seq);
    add_marks(record.seq);
  }

  void add_descriptor(const Record& record) {
    const Descriptor& d = record.descriptor;
    std::string line = name(record.seq) + " " + record.value_digest.hex() + " " + d.uuid.str() + " from";
    for (const Selector& precursor : d.precursors) line += " " + precursor.str();
    state_.lines.insert(line);
  }

  void add_origins(Seq seq) {
    for (const Origin& origin : *storage_.origins_of(seq, 0, kAll)) {
      if (origin.container == 0) state_.injected.insert(origin.name);
      std::string container = origin.container == 0 ? "-" : name(origin.container);
      state_.lines.insert(name(seq) + " is " + escape(origin.name) + " in " + container);
    }
  }

  void add_marks(Seq seq) {
    for (const Mark& mark : *storage_.marks(seq)) {
      if (mark.outcome == Outcome::kQuarantined) state_.quarantined++;
      state_.lines.insert(name(seq) + " " + names_[mark.consumer] + " ended as " +
                          std::to_string(static_cast<int>(mark.outcome)));
    }
  }

  void check_value(const Record& record) {
    Sha256 hash;
    auto done = record.descriptor.value.for_each_chunk([&](Bytes bytes) -> Result<void> {
      hash.update(bytes);
      return {};
    });
    if (!done) fault(done.error().message);
    if (hash.finish() != record.value_digest) fault("another value: " + name(record.seq));
    if (identity(record.descriptor) != record.descriptor.selector.id())
      fault("not its id: " + name(record.seq));
  }

  std::string name(Seq seq) {
    auto record = storage_.get(seq);
    return record ? record->descriptor.domain.str() + record->descriptor.selector.str() : "nothing";
  }
  void fault(std::string what) { state_.faults.push_back(std::move(what)); }

  Storage& storage_;
  StoredState state_;
  std::map<ConsumerId, std::string> names_;
  std::map<std::string, std::pair<int, int>> readings_;  // by file
};

std::string only_in(const std::set<std::string>& some, const std::set<std::string>& other, const char* sign) {
  std::vector<std::string> lines;
  std::set_difference(some.begin(), some.end(), other.begin(), other.end(), std::back_inserter(lines));
  std::string text;
  for (size_t i = 0; i < std::min<size_t>(lines.size(), 5); i++) text += sign + lines[i] + "\n";
  return lines.size() > 5 ? text + sign + "… " + std::to_string(lines.size()) + " in all\n" : text;
}

}  // namespace

StoredState StoredState::read(const std::string& path) {
  auto storage = open_storage({"rocksdb", path});
  if (storage) return StateReader(**storage).read();
  StoredState none;
  none.faults.push_back(storage.error().message);
  return none;
}

std::string difference(const StoredState& found, const StoredState& expected) {
  return only_in(found.lines, expected.lines, "+ ") + only_in(expected.lines, found.lines, "- ");
}

}  // namespace rebus
