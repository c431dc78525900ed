#include "agents/parsers/parser_service.h"

#include <unistd.h>

#include <algorithm>

#include "agents/parsers/import_hash.h"
#include "agents/parsers/libarchive_reader.h"
#include "agents/parsers/signature_messages.h"
#include "agents/parsers/tlsh_hash.h"

namespace rebus {
namespace {

constexpr size_t kMaxBlock = 1 << 20;     // bytes
constexpr uint64_t kGathered = 64 << 10;  // bytes of blocks, before their frames are sent

// Bytes that the agent has.
class WindowSource final : public ValueSource {
 public:
  explicit WindowSource(ValueWindow& window) : window_(window) {}
  Result<size_t> read_at(uint64_t offset, std::span<uint8_t> buffer) const override {
    size_t done = 0;
    while (done < buffer.size()) {
      auto count = window_.read_at(offset + done, buffer.subspan(done));
      if (!count) return count;
      if (*count == 0) break;
      done += *count;
    }
    return done;
  }

 private:
  ValueWindow& window_;
};

Error lost() { return {Code::kStopped, "the agent wants no more"}; }

}  // namespace

Result<void> map_blocks(std::optional<BlockWriter>& blocks) {
  auto mapped = BlockWriter::map(STDERR_FILENO);
  if (!mapped) return mapped.error();
  blocks.emplace(*std::move(mapped));
  bool is_elsewhere = dup2(STDOUT_FILENO, STDERR_FILENO) >= 0;
  return is_elsewhere ? Result<void>() : Error{Code::kUnavailable, "standard error cannot be changed"};
}

ParserService::ParserService(ParserLink& link, const Means& means)
    : link_(link),
      means_(means),
      window_(link, STDOUT_FILENO, [this](const ParserFrame& frame) { take_aside(frame); }) {}

void ParserService::serve() {
  while (true) {
    auto frame = link_.receive();
    if (!frame || !answer(*frame)) return;
  }
}

Result<void> ParserService::answer(const ParserFrame& frame) {
  const bool is_open = archive_ || content_;
  switch (frame.word) {
    case ParserWord::kIdentify:
      return means_.magic != nullptr ? identify() : lost();
    case ParserWord::kSign:
      return sign(frame);
    case ParserWord::kOpenArchive:
    case ParserWord::kOpenContent:
      return open(frame);
    case ParserWord::kNext:
      return archive_ ? run() : lost();
    case ParserWord::kRead: {
      auto done = is_open ? read() : lost();
      return done ? Result<void>() : done.error();
    }
    case ParserWord::kRest:
      return is_open ? rest() : lost();
    case ParserWord::kBeginAgain:
      return archive_ ? begin_again(frame) : lost();
    case ParserWord::kTellAbout:
      return archive_ ? about() : lost();
    case ParserWord::kEndedEarly:
      return archive_ ? ended_early() : lost();
    case ParserWord::kStop:  // it came when the end was on its way
    case ParserWord::kTaken:
      take_aside(frame);
      return {};
    default:
      return lost();
  }
}

Result<void> ParserService::identify() {
  FileHandle file = link_.take_file();
  const int where = file.get() >= 0 ? file.get() : STDOUT_FILENO;
  return link_.say(ParserWord::kType, means_.magic->identify(where));
}

// An error of reading the value is one of the link: the agent has ended this, or will.
Result<void> ParserService::sign(const ParserFrame& frame) {
  auto call = unpack<SignatureCall>(frame.body);
  if (!call) return call.error();
  Value value = value_of(call->size);
  SignatureAnswer answer;
  auto tlsh = call->with_tlsh ? tlsh_hash(value) : Result<std::string>("");
  if (!tlsh) return tlsh.error();
  answer.tlsh = *std::move(tlsh);
  if (call->with_imphash) {
    auto hash = import_hash(value);
    if (!hash) answer.damage = Trouble{hash.error().code == Code::kLimit, hash.error().message};
    answer.is_program = hash && hash->has_value();
    if (answer.is_program) answer.imphash = **std::move(hash);
  }
  return link_.say(ParserWord::kSigned, answer);
}

Result<void> ParserService::open(const ParserFrame& frame) {
  auto subject = unpack<Subject>(frame.body);
  if (!subject) return subject.error();
  if (means_.blocks == nullptr) return lost();
  archive_.reset();
  content_.reset();
  reading_ = 0;
  runs_ahead_ = subject->runs_ahead;
  value_ = value_of(subject->size);
  if (frame.word == ParserWord::kOpenArchive)
    archive_ = means_.open_archive(value_, subject->passwords);
  else
    content_ = std::make_unique<SingleContent>(value_);
  return link_.say(ParserWord::kOpened, state());
}

Result<void> ParserService::run() {
  while (true) {
    auto goes_on = next();
    if (goes_on && *goes_on && runs_ahead_ && has_bytes_) goes_on = read();
    if (!goes_on) return goes_on.error();
    if (!*goes_on || !runs_ahead_) return {};
  }
}

Result<bool> ParserService::next() {
  auto member = archive_->next();
  MemberAnswer answer;
  if (member) answer.member = *member;
  if (!member) answer.trouble = {member.error().code == Code::kLimit, member.error().message};
  answer.state = state();
  answer.state.damage = archive_->damage().value_or("");
  has_bytes_ = answer.member && has_bytes(*answer.member);
  auto said = link_.say(ParserWord::kMember, answer);
  return said ? Result<bool>(answer.member.has_value()) : said.error();
}

Result<bool> ParserService::read() {
  reading_++;
  is_stopped_ = false;
  ContainedBytes& bytes = archive_ ? *archive_ : *content_;
  auto reading = bytes.read([this](uint64_t offset, Bytes part) { return send_blocks(offset, part); });
  ReadEnd end{state(), reading.end, reading.message};
  if (reading.error) end.message = reading.error->message;
  auto said = link_.say(ParserWord::kReadEnd, end);
  return said ? Result<bool>(reading.end < ContainedBytes::End::kBroken) : said.error();
}

Result<void> ParserService::send_blocks(uint64_t offset, Bytes bytes) {
  do {
    Bytes part = bytes.first(std::min(bytes.size(), kMaxBlock));
    while (!is_stopped_ && (means_.blocks->room() < part.size() || link_.has_received())) {
      auto frame = link_.receive();
      if (!frame) return frame.error();
      take_aside(*frame);
    }
    if (is_stopped_) return lost();
    means_.blocks->put(part);
    auto sent = link_.say(ParserWord::kBlock, Block{offset, part.size()});
    unsaid_ += part.size();
    if (sent && unsaid_ >= kGathered) sent = (unsaid_ = 0, link_.flush());
    if (!sent) return sent;
    offset += part.size();
    bytes = bytes.subspan(part.size());
  } while (!bytes.empty());
  return {};
}

// What the agent says without being asked.
void ParserService::take_aside(const ParserFrame& frame) {
  if (frame.word == ParserWord::kTaken) {
    auto taken = unpack<Taken>(frame.body);
    if (taken && means_.blocks != nullptr) means_.blocks->taken(taken->count);
  } else if (frame.word == ParserWord::kStop) {
    auto stop = unpack<Stop>(frame.body);
    is_stopped_ = is_stopped_ || !stop || stop->reading == reading_;
  }
}

Result<void> ParserService::ended_early() {
  auto early = archive_->ended_early();
  return early ? link_.say(ParserWord::kEarly, Early{*early}) : trouble(early.error());
}

Result<void> ParserService::begin_again(const ParserFrame& frame) {
  auto again = unpack<Again>(frame.body);
  if (!again) return again.error();
  archive_.reset();  // it holds memory
  archive_ = means_.open_archive(value_, {again->password});
  return link_.say(ParserWord::kOpened, state());
}

Result<void> ParserService::about() {
  auto texts = archive_->about();
  return texts ? link_.say(ParserWord::kAbout, About{*std::move(texts)}) : trouble(texts.error());
}

Result<void> ParserService::rest() {
  auto part = archive_ ? archive_->rest() : content_->rest();
  if (!part) return trouble(part.error());
  return link_.say(ParserWord::kRestPart, RestPart{state(), part->size, part->is_zero});
}

Result<void> ParserService::trouble(const Error& error) {
  return link_.say(ParserWord::kTrouble, Trouble{error.code == Code::kLimit, error.message});
}

ReaderState ParserService::state() const {
  ReaderState state;
  state.has_trailing = archive_ ? archive_->has_trailing() : content_->has_trailing();
  if (!archive_) return state;
  state.is_compressed = archive_->is_compressed();
  state.has_own_end = archive_->has_own_end();
  state.is_compressed_zip = archive_->is_compressed_zip();
  state.has_directory = archive_->has_directory();
  return state;
}

// Nobody here asks for its digest.
Value ParserService::value_of(uint64_t size) {
  window_.begin(size);
  return {std::make_shared<WindowSource>(window_), size, Digest()};
}

}  // namespace rebus
