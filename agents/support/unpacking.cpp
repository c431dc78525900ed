#include "agents/support/unpacking.h"

#include <algorithm>
#include <unordered_map>

#include "agents/support/child_program.h"
#include "agents/support/sandbox/cage.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

using End = ContainedBytes::End;
using Type = ArchiveMember::Type;

// New readings of one container: behind broken members, and to search for a password.
constexpr int kMaxReopenings = 64;
constexpr int kMaxVainSearches = 8;
// Passwords times members that none of them opens.
constexpr uint64_t kMaxPasswordTries = 20'000;

}  // namespace

Unpacking::Unpacking(Work& work, const Limits& limits, const std::vector<std::string>& passwords,
                     const UnpackingKind& kind)
    : work_(work),
      limits_(limits),
      kind_(kind),
      archive_(work.value()),
      parser_{limits.time, kind.work},
      passwords_(passwords),
      budget_(limits, work.value().size()),
      pusher_(work, limits.name_bytes, kind.maker),
      other_(OtherUnpacker::for_path(work.descriptor().selector.path())) {}

Result<void> Unpacking::run() {
  if (work_.record().level >= limits_.levels) {
    findings_.add_spent({"depth", limits_.levels, "more archives in archives than allowed"}, "");
  } else {
    auto taken = take_apart();
    auto finished = pushed(pusher_.finish());
    if (!taken) return taken;
    if (!finished) return finished.error();
  }
  auto told = findings_.push(work_, limits_, pusher_.count());
  if (!told) return told;
  return findings_.verdict(pusher_.count());
}

Result<void> Unpacking::take_apart() {
  auto read = read_members();
  if (!read) return read;
  if (is_single_file() && !stopped_) return read_single_file();
  if (other_helps_ && !stopped_) read = take_apart_elsewhere();
  if (!read) return read;
  auto pushed = push_empty_files();
  if (!pushed || stopped_) return pushed;
  return resolve_links();
}

// Without a single entry it may be a compressed file of another kind. An "empty tar" in gzip is one, too: it
// may be a gigabyte of zeros (V23).
bool Unpacking::is_single_file() const { return budget_.entries() == 0 && is_compressed_; }

// --- members ---

Result<void> Unpacking::read_members() {
  uint64_t next_index = 0;
  for (int openings = 0; openings <= kMaxReopenings; openings++) {
    auto reader = parser_.archive(archive_, passwords_);
    auto told = openings == 0 ? tell_about(*reader) : Result<void>();
    if (!told) return told;
    auto step = read_from(*reader, next_index);
    if (!step) return step.error();
    stopped_ = *step == Step::kStop;
    if (*step != Step::kReopen) return {};
  }
  findings_.add_damage("too many broken members", "");
  return {};
}

// What cannot be told will be said again by the first member.
Result<void> Unpacking::tell_about(ArchiveReader& reader) {
  if (kind_.tell_about == nullptr) return {};
  auto about = reader.about();
  return about ? kind_.tell_about(work_, *about) : Result<void>();
}

// From the member with this index on, up to the end (kNext) or until something stops it.
Result<Unpacking::Step> Unpacking::read_from(ArchiveReader& reader, uint64_t& next_index) {
  is_compressed_ = reader.is_compressed();
  if (reader.is_compressed_zip()) return Step::kNext;  // a single file
  while (true) {
    auto member = reader.next();
    if (auto damage = reader.damage()) {
      findings_.add_damage(*damage, member && *member ? (*member)->name : "number " + entry_number());
    }
    if (!member) return bad_header(member.error());
    if (!*member) return end_of_members(reader);
    if ((*member)->index < next_index) continue;
    next_index = (*member)->index + 1;
    if (auto spent = budget_.entry()) {
      findings_.add_spent(*spent, (*member)->name);
      return Step::kStop;
    }
    auto step = take(reader, **member);
    if (!step || *step != Step::kNext) return step;
  }
}

Result<Unpacking::Step> Unpacking::end_of_members(ArchiveReader& reader) {
  auto early = reader.ended_early();
  if (!early) return early.error();
  if (*early) findings_.add_damage("its end is missing", "");
  if (is_single_file()) return Step::kNext;
  bool has_more = false;
  auto read = read_rest(reader, &has_more);
  if ((has_more && reader.has_own_end()) || reader.has_trailing()) add_trailing();
  return read;
}

Result<Unpacking::Step> Unpacking::read_rest(ContainedBytes& content, bool* has_more) {
  for (uint64_t size = 0;;) {
    auto part = content.rest();
    if (!part) return bad_header(part.error());
    if (part->size == 0) return Step::kNext;
    if (has_more != nullptr) *has_more = *has_more || !part->is_zero;
    if (auto spent = budget_.grow(size += part->size)) {
      findings_.add_spent(*spent, "");
      return Step::kStop;
    }
  }
}

void Unpacking::add_trailing() {
  findings_.add_spent({"trailing", 0, "what stands behind the end was not looked at"}, "");
}

// A parser that needs more than it may have says nothing of the archive's state.
void Unpacking::add_fault(const std::string& message, const std::string& member) {
  auto limit = limit_told_by(message);
  if (!limit) return findings_.add_damage(message, member);
  bool is_time = *limit == "time";
  uint64_t most = is_time ? static_cast<uint64_t>(limits_.time.count()) : CageLimits().memory;
  findings_.add_spent({*limit, most, message}, member);
}

// What came before stays; what comes after is lost.
Result<Unpacking::Step> Unpacking::bad_header(const Error& error) {
  if (error.code == Code::kLimit) {
    findings_.add_spent({"filters", kMaxCompressions, error.message}, "");
    return Step::kStop;
  }
  if (error.code != Code::kFailed) return error;
  note_if_other_helps(error.message);
  if (tells_of_encryption(error.message)) {
    findings_.add_encrypted("", error.message);
  } else if (is_single_file()) {
    findings_.add_damage(error.message, "");  // until it is read as one
  } else {
    add_fault(error.message, budget_.entries() > 0 ? "number " + entry_number() : "");
  }
  return Step::kNext;
}

Result<Unpacking::Step> Unpacking::take(ArchiveReader& reader, const ArchiveMember& member) {
  if (hard_links_.waits(member)) {
    hard_links_.add_waiting(member);
    return Step::kNext;
  }
  if (member.is_unreadable) {
    findings_.add_spent({"directory", 0, "the bytes of a directory cannot be read"}, member.name);
    return Step::kNext;
  }
  if (has_bytes(member)) return take_file(reader, member);
  if (member.type == Type::kHardlink) return take_hardlink(member);
  bool is_told = member.type == Type::kDirectory || !is_new(member.name, member.link_target);
  if (!is_told) findings_.add_skipped(member);
  return Step::kNext;
}

Result<Unpacking::Step> Unpacking::take_hardlink(const ArchiveMember& member) {
  if (last_value_ && member.link_target == last_name_) return push(*last_value_, member.name, member.index);
  if (!hard_links_.add(member)) findings_.add_skipped(member);
  return Step::kNext;
}

Result<Unpacking::Step> Unpacking::take_file(ArchiveReader& reader, const ArchiveMember& member) {
  if (member.encrypted && skips_encrypted_) {
    findings_.add_encrypted(member.name, "not tried any more");
    return Step::kNext;
  }
  auto writer = work_.new_value();
  writer->expect(member.size);
  Extraction extraction = extract(reader, *writer, budget_);
  if (extraction.reading.end == End::kStopped) return ran_out(extraction, member.name);
  // Not every format of libarchive notices (warc does not). More than declared is no error: bytes count.
  bool is_cut = extraction.reading.end == End::kWhole && extraction.value->size() < member.size;
  if (is_cut) extraction = {{End::kUnreadable, "ends before its declared size", {}}, {}, {}};
  bool wrong_password = member.encrypted && extraction.reading.end == End::kDamaged;
  if (!extraction.value || wrong_password) return take_unread(reader, member, extraction.reading);
  if (extraction.reading.end == End::kWhole) note_unopened(member.name, extraction.reading.message);
  if (extraction.reading.end == End::kDamaged) {
    findings_.add_damage(extraction.reading.message, member.name);
    note_if_other_helps(extraction.reading.message);
    if (other_helps_) doubted_.push_back({member, *extraction.value});
    if (other_helps_) return Step::kNext;
  }
  return push_file(member, *extraction.value);
}

// It came as it is, with more in it than can be taken out.
void Unpacking::note_unopened(const std::string& member, const std::string& why) {
  if (why.empty()) return;
  if (tells_of_encryption(why)) return findings_.add_encrypted(member, why);
  findings_.add_spent({"unopened", 0, why}, member);
}

// The member did not come out, or came out of a wrong password's key.
Result<Unpacking::Step> Unpacking::take_unread(const ArchiveReader& reader, const ArchiveMember& member,
                                               const ContainedBytes::Reading& reading) {
  if (reading.error) return *reading.error;
  note_if_other_helps(reading.message);
  if (tells_of_encryption(reading.message)) {
    findings_.add_encrypted(member.name, reading.message);
    count_password_tries();
    skips_encrypted_ = skips_encrypted_ || reading.end == End::kBroken;  // so will be the next ones
  } else if (member.encrypted) {
    auto found = search_password(member);
    if (!found) return found.error();
    if (!*found) findings_.add_encrypted(member.name, "no password opens it, or it is damaged");
  } else {
    add_fault(reading.message, member.name);
  }
  if (stopped_) return Step::kStop;
  if (reading.end != End::kBroken) return Step::kNext;
  return reader.has_directory() ? Step::kReopen : Step::kStop;
}

Result<Unpacking::Step> Unpacking::ran_out(const Extraction& extraction, const std::string& member) {
  if (!extraction.spent) return *extraction.reading.error;
  findings_.add_spent(*extraction.spent, member);
  return extraction.spent->what == "entry-bytes" ? Step::kNext : Step::kStop;
}

// --- by another program ---

void Unpacking::note_if_other_helps(const std::string& message) {
  other_helps_ = other_helps_ || (other_ && other_->can_help(message));
}

bool Unpacking::is_new(const std::string& name, const std::string& what) {
  const std::string both = name + '\0' + what;
  if (is_again_) return !known_.contains(both);
  if (other_) known_.insert(both);
  return true;
}

Result<void> Unpacking::take_apart_elsewhere() {
  using How = OtherUnpacker::Answer::How;
  budget_.begin_again();
  auto writer = work_.new_value();
  auto answer = other_->unpack(archive_, passwords_, {budget_.time_left(), budget_.room()}, *writer);
  if (!answer) return answer.error();
  bool has_helped = answer->how == How::kWhole || answer->how == How::kPartly;
  return has_helped ? take_all_again(*answer) : tell_no_help(*answer);
}

Result<void> Unpacking::take_all_again(const OtherUnpacker::Answer& answer) {
  findings_.forget_damage();
  findings_.forget_encrypted();
  if (answer.how == OtherUnpacker::Answer::How::kPartly) findings_.add_damage(answer.reason, "");
  archive_ = *answer.tar;
  hard_links_ = {};
  doubted_.clear();
  other_.reset();
  other_helps_ = false;
  is_again_ = true;
  return read_members();
}

Result<void> Unpacking::tell_no_help(const OtherUnpacker::Answer& answer) {
  using How = OtherUnpacker::Answer::How;
  if (answer.how == How::kMissing) findings_.advise(answer.reason);
  if (answer.how == How::kEncrypted) findings_.explain_encrypted("no password opens it, or it is damaged");
  if (answer.how == How::kNoTime) {
    auto most = static_cast<uint64_t>(std::min(limits_.time, kMostTimeElsewhere).count());
    findings_.add_spent({"time", most, "another program took more seconds than allowed"}, "");
  }
  if (answer.how == How::kNoMemory)
    findings_.add_spent({"memory", ChildProgram().most_memory, "unpacking it takes too much memory"}, "");
  if (answer.how == How::kNoRoom) {
    bool is_budget = budget_.room() < kMostUnpackedElsewhere;
    findings_.add_spent({is_budget ? "bytes" : "scratch", std::min(budget_.room(), kMostUnpackedElsewhere),
                         "more bytes come out than another program may unpack"},
                        "");
  }
  return push_doubted();
}

// Nobody knows better.
Result<void> Unpacking::push_doubted() {
  for (const Doubted& doubted : doubted_) {
    auto step = push_file(doubted.member, doubted.value);
    if (!step) return step.error();
    stopped_ = *step == Step::kStop;
    if (stopped_) return {};
  }
  return {};
}

// --- passwords ---

void Unpacking::count_password_tries() {
  password_tries_ += passwords_.size();
  skips_encrypted_ = skips_encrypted_ || password_tries_ > kMaxPasswordTries;
}

// The old zip encryption checks a password by one byte: of 40 wrong ones some will pass, and the bytes that
// come out are noise. Then each password is tried alone until the checksum is right.
Result<bool> Unpacking::search_password(const ArchiveMember& member) {
  std::unique_ptr<SteppedArchive> reader;
  for (size_t i = 0; i < passwords_.size() && !budget_.grow(0); i++) {
    if (reader && !reader->begin_again(passwords_[i])) reader.reset();
    if (!reader) reader = parser_.archive_in_steps(archive_, {passwords_[i]});
    auto extraction = extract_next(*reader, member.index);
    if (!extraction) return extraction.error();
    if (extraction->reading.end != End::kWhole) continue;
    std::rotate(passwords_.begin(), passwords_.begin() + static_cast<ptrdiff_t>(i),
                passwords_.begin() + static_cast<ptrdiff_t>(i) + 1);
    auto pushed = push_file(member, *extraction->value);
    if (!pushed) return pushed.error();
    stopped_ = *pushed == Step::kStop;
    return true;
  }
  skips_encrypted_ = ++vain_searches_ == kMaxVainSearches;
  return false;
}

// The member with this index.
Result<Extraction> Unpacking::extract_next(ArchiveReader& reader, uint64_t index) {
  while (true) {
    auto member = reader.next();
    if (!member) return member.error();
    if (!*member) return Extraction{{End::kBroken, "gone", {}}, {}, {}};
    if ((*member)->index < index) continue;
    auto writer = work_.new_value();
    return extract(reader, *writer, budget_);
  }
}

// --- pushing ---

// A file, and the names that waited for its bytes.
Result<Unpacking::Step> Unpacking::push_file(const ArchiveMember& member, const Value& value) {
  budget_.member(value.size());
  for (const HardLinks::Link& name : hard_links_.take_waiting(member)) {
    auto step = push(value, name.name, name.index);
    if (!step || *step != Step::kNext) return step;
  }
  last_name_ = member.name;
  last_value_ = value;
  return push(value, member.name, member.index);
}

Result<Unpacking::Step> Unpacking::push(const Value& value, const std::string& name, uint64_t index) {
  if (!is_new(name, value.digest().hex())) return Step::kNext;
  return pushed(pusher_.push_member(value, name, index));
}

Result<Unpacking::Step> Unpacking::pushed(const Result<void>& done) {
  if (done) return Step::kNext;
  if (done.error().code != Code::kLimit) return done.error();
  findings_.add_spent({"submission", limits_.submission_files, done.error().message}, pusher_.failed());
  return Step::kStop;
}

Result<void> Unpacking::push_empty_files() {
  for (const HardLinks::Link& name : hard_links_.take_all_waiting()) {
    auto step = push(Value(), name.name, name.index);
    if (!step) return step.error();
    if (*step == Step::kStop) stopped_ = true;
    if (stopped_) return {};
  }
  return {};
}

// --- links, in a second pass ---

Result<void> Unpacking::resolve_links() {
  if (hard_links_.links().empty()) return {};
  auto reader = parser_.archive_in_steps(archive_, passwords_);
  auto step = read_links(*reader);
  if (!step) return step.error();
  return {};
}

// Keeps the bytes of names that links point to and pushes them again under the names of the links. A link
// means what stood under its target when it was met: names may occur twice.
Result<Unpacking::Step> Unpacking::read_links(ArchiveReader& reader) {
  std::unordered_map<std::string, std::optional<Value>> targets;
  for (const HardLinks::Link& link : hard_links_.links()) targets[link.target];
  for (const HardLinks::Link& link : hard_links_.links()) {
    while (true) {
      auto member = reader.next();
      if (!member || !*member) return Step::kStop;  // told by the first pass
      if ((*member)->index == link.index) break;
      auto target = targets.find((*member)->name);
      bool is_wanted = (*member)->type == Type::kFile && target != targets.end();
      if (!is_wanted) continue;
      auto writer = work_.new_value();
      Extraction extraction = extract(reader, *writer, budget_);
      if (extraction.spent) findings_.add_spent(*extraction.spent, (*member)->name);
      if (extraction.value) target->second = std::move(extraction.value);
    }
    auto& value = targets[link.target];
    if (!value) {
      findings_.add_skipped({.type = Type::kHardlink, .name = link.name, .link_target = link.target});
      continue;
    }
    auto step = push(*value, link.name, link.index);
    if (!step || *step == Step::kStop) return step;
  }
  return Step::kNext;
}

// --- a compressed file that is no archive ---

Result<void> Unpacking::read_single_file() {
  findings_.forget_damage();
  auto content = parser_.content(work_.value());
  auto writer = work_.new_value();
  Extraction extraction = extract(*content, *writer, budget_);
  if (extraction.reading.end == End::kStopped) {
    auto step = ran_out(extraction, "");
    return step ? Result<void>() : step.error();
  }
  if (extraction.reading.error) return *extraction.reading.error;
  if (extraction.reading.end != End::kWhole) add_fault(extraction.reading.message, "");
  if (extraction.reading.end == End::kWhole) {
    auto read = read_rest(*content);
    if (!read) return read.error();
  }
  if (content->has_trailing()) add_trailing();
  if (!extraction.value) return {};
  auto step = pushed(pusher_.push_content(*extraction.value));
  return step ? Result<void>() : step.error();
}

}  // namespace rebus
