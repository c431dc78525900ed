#include "storage/high_water.h"

#include <charconv>

#include "storage/file.h"

namespace rebus {
namespace {

constexpr char kFirstLine[] = "rebus high water 1\n";
constexpr size_t kMaxNote = 1024;
constexpr std::chrono::seconds kNoteEvery{1};

std::string encode(const StoreState& state, const Manifest& manifest) {
  std::string text = kFirstLine;
  text += "bus " + state.bus + "\n";
  text += "epoch " + std::to_string(state.epoch) + "\n";
  text += "head " + std::to_string(state.head) + "\n";
  text += "manifest " + manifest.str() + "\n";
  return text + "sha256 " + sha256(as_bytes(text)).hex() + "\n";
}

// The rest of the line that begins with `word`.
std::string_view field(std::string_view text, const std::string& word) {
  size_t begin = text.find("\n" + word + " ");
  if (begin == text.npos) return {};
  begin += word.size() + 2;
  return text.substr(begin, text.find('\n', begin) - begin);
}

uint64_t number(std::string_view digits) {
  uint64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

std::string shown(const StoreState& state) {
  return "log position " + std::to_string(state.head) + " in epoch " + std::to_string(state.epoch);
}

}  // namespace

Result<void> HighWater::create(const std::string& path, const std::string& bus) {
  return replace_file(path, encode({bus, 0, 0}, {}));
}

Result<HighWater> HighWater::read(const std::string& path, const std::string& database) {
  auto text = read_small_file(path, kMaxNote);
  if (!text) return text.error();
  if (!*text)
    return Error{Code::kStorage, path + " is missing: it cannot be told whether the store is whole"};
  HighWater note(path, database);
  note.noted_ = {std::string(field(**text, "bus")), number(field(**text, "epoch")),
                 number(field(**text, "head"))};
  std::string_view manifest = field(**text, "manifest");
  size_t space = manifest.find(' ');
  if (space != manifest.npos)
    note.manifest_ = {std::string(manifest.substr(0, space)), number(manifest.substr(space + 1))};
  note.latest_ = note.noted_;
  if (**text == encode(note.noted_, note.manifest_)) return note;  // its checksum, and everything else
  return Error{Code::kStorage, path + " is damaged: it cannot be told whether the store is whole"};
}

Result<void> HighWater::verify_manifest() const {
  auto manifest = Manifest::read(database_);
  if (!manifest) return manifest.error();
  if (manifest->continues(manifest_)) return {};
  return Error{Code::kStorage, "the list of files of " + database_ + " was cut: it is " + manifest->str() +
                                   " bytes, but " + path_ + " tells that it had reached " + manifest_.str()};
}

Result<void> HighWater::verify(const StoreState& recovered) const {
  if (recovered.bus != noted_.bus) {
    return Error{Code::kStorage,
                 path_ + " is of bus " + noted_.bus + ", the database of bus " + recovered.bus};
  }
  if (recovered.head >= noted_.head && recovered.epoch >= noted_.epoch) return {};
  return Error{Code::kStorage, "the database lost what was stored: it ends at " + shown(recovered) +
                                   ", but " + path_ + " tells that it had reached " + shown(noted_)};
}

Result<void> HighWater::raise(const StoreState& durable) {
  latest_ = durable;
  bool is_due = durable.epoch != noted_.epoch || Clock::now() >= noted_at_ + kNoteEvery;
  return is_due ? flush() : Result<void>();
}

// The name needs no sync: after power loss the older note stands, which is true as well.
Result<void> HighWater::flush() {
  if (latest_ == noted_) return {};
  auto manifest = Manifest::read(database_);
  if (manifest) manifest_ = *std::move(manifest);  // else it is just being replaced, and the older note holds
  auto written = replace_file(path_, encode(latest_, manifest_));
  if (!written) return written;
  noted_ = latest_;
  noted_at_ = Clock::now();
  return {};
}

}  // namespace rebus
