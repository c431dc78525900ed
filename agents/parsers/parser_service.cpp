#include "agents/parsers/parser_service.h"

#include <algorithm>

#include "agents/parsers/import_hash.h"
#include "agents/parsers/libarchive_reader.h"
#include "agents/parsers/signature_messages.h"
#include "agents/parsers/tlsh_hash.h"

namespace rebus {
namespace {

constexpr size_t kMaxBlock = 1 << 20;  // bytes in one frame

class GivenBytes final : public ValueSource {
 public:
  explicit GivenBytes(Bytes bytes) : bytes_(as_text(bytes)) {}
  const std::string* in_memory() const override { return &bytes_; }
  Result<size_t> read_at(uint64_t offset, std::span<uint8_t> buffer) const override {
    size_t begin = std::min<size_t>(offset, bytes_.size());
    size_t count = std::min(buffer.size(), bytes_.size() - begin);
    std::copy_n(bytes_.begin() + static_cast<ptrdiff_t>(begin), count, buffer.begin());
    return count;
  }

 private:
  std::string bytes_;
};

// Bytes that the agent has: asked for as they are needed.
class AskedBytes final : public ValueSource {
 public:
  explicit AskedBytes(ParserService& service) : service_(service) {}
  Result<size_t> read_at(uint64_t offset, std::span<uint8_t> buffer) const override {
    size_t done = 0;
    while (done < buffer.size()) {
      auto count = service_.fetch(offset + done, buffer.subspan(done));
      if (!count) return count;
      if (*count == 0) break;
      done += *count;
    }
    return done;
  }

 private:
  ParserService& service_;
};

Error lost() { return {Code::kStopped, "the agent wants no more"}; }

}  // namespace

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
      return magic_ != nullptr ? link_.say(ParserWord::kType, magic_->identify()) : lost();
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
    case ParserWord::kStop:
      return {};  // it came when the end was on its way
    default:
      return lost();
  }
}

// An error of reading the value is one of the link: the agent has ended this, or will.
Result<void> ParserService::sign(const ParserFrame& frame) {
  auto call = unpack<SignatureCall>(frame.body);
  if (!call) return call.error();
  Value value = value_of(call->size, frame.bytes);
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
  archive_.reset();
  content_.reset();
  reading_ = 0;
  runs_ahead_ = subject->runs_ahead;
  value_ = value_of(subject->size, frame.bytes);
  if (frame.word == ParserWord::kOpenArchive)
    archive_ = open_archive_(value_, subject->passwords);
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
    while (!is_stopped_ && link_.has_received()) {
      auto frame = link_.receive();
      if (!frame) return frame.error();
      take_stop(*frame);
    }
    if (is_stopped_) return lost();
    Bytes part = bytes.first(std::min(bytes.size(), kMaxBlock));
    auto sent = link_.say(ParserWord::kBlock, Block{offset}, part);
    if (!sent) return sent;
    offset += part.size();
    bytes = bytes.subspan(part.size());
  } while (!bytes.empty());
  return {};
}

// Nothing else is said while blocks come.
void ParserService::take_stop(const ParserFrame& frame) {
  auto stop = unpack<Stop>(frame.body);
  is_stopped_ = is_stopped_ || !stop || stop->reading == reading_;
}

Result<void> ParserService::ended_early() {
  auto early = archive_->ended_early();
  return early ? link_.say(ParserWord::kEarly, Early{*early}) : trouble(early.error());
}

Result<void> ParserService::begin_again(const ParserFrame& frame) {
  auto again = unpack<Again>(frame.body);
  if (!again) return again.error();
  archive_.reset();  // it holds memory
  archive_ = open_archive_(value_, {again->password});
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
Value ParserService::value_of(uint64_t size, Bytes bytes) {
  std::shared_ptr<const ValueSource> source;
  if (bytes.size() == size) source = std::make_shared<GivenBytes>(bytes);
  if (!source) source = std::make_shared<AskedBytes>(*this);
  return {std::move(source), size, Digest()};
}

Result<size_t> ParserService::fetch(uint64_t offset, std::span<uint8_t> buffer) {
  const size_t wanted = std::min(buffer.size(), kMaxBlock);
  auto asked = link_.say(ParserWord::kWant, Want{offset, wanted});
  if (!asked) return asked.error();
  while (true) {
    auto frame = link_.receive();
    if (!frame) return frame.error();
    if (frame->word == ParserWord::kStop) take_stop(*frame);  // it may come before
    if (frame->word != ParserWord::kPart) continue;
    bool is_good = !frame->bytes.empty() && frame->bytes.size() <= wanted;
    if (!is_good) return Error{Code::kUnreadable, "cannot be read"};
    std::copy(frame->bytes.begin(), frame->bytes.end(), buffer.begin());
    return frame->bytes.size();
  }
}

}  // namespace rebus
