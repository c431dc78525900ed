#include "agents/parsers/chosen_magic.h"

#include <fcntl.h>
#include <magic.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <utility>

#include "descriptor/file_handle.h"

namespace rebus {
namespace {

constexpr uint64_t kFirstFiles = 8;
constexpr size_t kMostLoaded = 64;                             // choices
constexpr size_t kMostLines = (32 << 20) / sizeof(MagicLine);  // of them together
constexpr size_t kMostMore = 48;                               // rules that were not chosen
constexpr uint32_t kFrequent = 16;                             // chosen more often than once in so many files
constexpr std::string_view kCompiled = ".mgc";

// --- which database ---

bool exists(const std::string& path) {
  struct stat status = {};
  return stat(path.c_str(), &status) == 0;
}

// A file of rules that are not compiled; comments are none.
bool has_rules(const std::string& path) {
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0) return false;
  if (!S_ISREG(status.st_mode)) return true;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line[0] != '#') return true;
  }
  return !file.eof();
}

// The only one of a list of paths as magic_getpath() gives it; empty if there are others, too.
std::string only_database(std::string_view paths) {
  std::string only;
  while (!paths.empty()) {
    const size_t end = std::min(paths.find(':'), paths.size());
    const std::string path(paths.substr(0, end));
    paths.remove_prefix(std::min(end + 1, paths.size()));
    std::string compiled = path.ends_with(kCompiled) ? path : path + std::string(kCompiled);
    if (exists(compiled)) {
      if (!only.empty()) return {};
      only = std::move(compiled);
    } else if (has_rules(path)) {
      return {};
    }
  }
  return only;
}

// Stays mapped when the file is replaced.
std::string_view map_file(const std::string& path) {
  const FileHandle file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status = {};
  if (file.get() < 0 || fstat(file.get(), &status) != 0 || status.st_size <= 0) return {};
  const auto size = static_cast<size_t>(status.st_size);
  void* bytes = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (bytes == MAP_FAILED) return {};
  return {static_cast<const char*>(bytes), size};
}

}  // namespace

void CloseMagic::operator()(magic_set* magic) const { magic_close(magic); }

ChosenMagic::ChosenMagic(int flags) : flags_(flags) {
  const char* paths = magic_getpath(nullptr, 0);
  if (paths != nullptr) database_ = map_file(only_database(paths));
}

ChosenMagic::~ChosenMagic() {
  loaded_.clear();
  if (!database_.empty()) (void)munmap(const_cast<char*>(database_.data()), database_.size());
}

// Whoever has few files is done before it pays.
bool ChosenMagic::is_prepared() {
  if (files_++ != kFirstFiles) return sieve_.has_value();
  rules_ = MagicRules::parse(database_);
  if (!rules_) return false;
  times_chosen_.resize(rules_->size());
  sieve_.emplace(*rules_);
  return true;
}

magic_set* ChosenMagic::choose(std::string_view begin, uint64_t size) {
  if (!is_prepared()) return nullptr;
  auto choice = sieve_->choose(begin, size);
  if (!choice) return nullptr;
  count(*choice);
  bool is_there = find(*choice) || load(*std::move(choice));
  return is_there ? loaded_.front().magic.get() : nullptr;
}

// One with some rules more gives the same answer, and takes little longer.
bool ChosenMagic::find(const MagicSieve::Choice& choice) {
  auto serves = [&](const Loaded& loaded) {
    const auto& rules = loaded.choice.rules;
    return loaded.choice.all_texts == choice.all_texts && rules.size() >= choice.rules.size() &&
           rules.size() <= choice.rules.size() + kMostMore && std::ranges::includes(rules, choice.rules);
  };
  auto found = std::ranges::find_if(loaded_, serves);
  if (found == loaded_.end()) return false;
  loaded_.splice(loaded_.begin(), loaded_, found);
  return true;
}

bool ChosenMagic::load(MagicSieve::Choice choice) {
  add_frequent(choice);
  auto database = rules_->database(choice.rules);
  // What is for binary and what is for text may stand apart, as they are not tried together.
  std::vector<MagicRules::Database*> parts = {&database};
  bool uses_names = choice.all_texts || std::ranges::any_of(choice.rules, [&](uint16_t rule) {
                      return rules_->uses_names(rule);
                    });
  if (choice.all_texts && texts_.empty()) texts_ = rules_->texts();
  if (choice.all_texts) parts.push_back(&texts_);
  if (uses_names && names_.empty()) names_ = rules_->names();
  if (uses_names) parts.push_back(&names_);
  std::vector<void*> bytes;
  std::vector<size_t> sizes;
  for (MagicRules::Database* part : parts) {
    bytes.push_back(part->data());
    sizes.push_back(part->size() * sizeof(MagicLine));
  }
  MagicHandle magic(magic_open(flags_));
  if (!magic || magic_load_buffers(magic.get(), bytes.data(), sizes.data(), bytes.size()) != 0) return false;
  loaded_lines_ += database.size();
  loaded_.push_front({std::move(choice), std::move(database), std::move(magic)});
  while (loaded_.size() > 1 && (loaded_lines_ > kMostLines || loaded_.size() > kMostLoaded)) {
    loaded_lines_ -= loaded_.back().database.size();
    loaded_.pop_back();
  }
  return true;
}

void ChosenMagic::count(const MagicSieve::Choice& choice) {
  choices_++;
  for (uint16_t rule : choice.rules) times_chosen_[rule]++;
}

void ChosenMagic::add_frequent(MagicSieve::Choice& choice) const {
  const size_t most = choice.rules.size() + kMostMore / 2;
  std::vector<uint16_t> more;
  for (size_t rule = 0; rule < times_chosen_.size() && choice.rules.size() + more.size() < most; rule++) {
    if (choice.all_texts && rules_->is_for_text(rule)) continue;
    bool is_frequent = times_chosen_[rule] > choices_ / kFrequent;
    if (is_frequent && !std::ranges::binary_search(choice.rules, rule))
      more.push_back(static_cast<uint16_t>(rule));
  }
  choice.rules.insert(choice.rules.end(), more.begin(), more.end());
  std::ranges::sort(choice.rules);
}

}  // namespace rebus
