#include "agents/support/sandbox/container_parser.h"

#include <map>
#include <string>
#include <utility>

#include "agents/parsers/block_ring.h"
#include "agents/support/sandbox/parser_process.h"
#include "agents/support/sandbox/told_layers.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

using End = ContainedBytes::End;

constexpr std::chrono::seconds kCheckPatience{30};

// On its way when a worker is told to stop: what the ring holds, and what it has not heard yet was taken.
constexpr uint64_t kMostUnwanted = 2 * kRingSize;
// After so many a worker is replaced: whoever took it over has seen no more.
constexpr int kMostContainers = 50;
// Blocks without a byte: only the last may be one.
constexpr uint64_t kMostEmpty = 1;

// Words of a parser are escaped; those of one that was taken over may be anything.
std::string checked(const std::string& words) { return escape(unescape(words)); }

Error error_of(const Trouble& trouble) {
  return {trouble.is_limit ? Code::kLimit : Code::kFailed, checked(trouble.message)};
}

// A worker, and how many containers it has seen.
struct Worker {
  BlockReader blocks;
  ParserProcess process;
  int containers = 0;

  Worker(BlockReader ring, const char* work, std::chrono::seconds patience)
      : blocks(std::move(ring)), process(worker_for(work, blocks.file()), patience) {}
  static std::shared_ptr<WorkerOrigin> worker_for(const std::string& work, int ring) {
    return worker_program(work == "mails" ? "rebus_mail" : "rebus_parser",
                          {work, sandbox_level_name(sandbox_level())}, ring);
  }
  static Result<std::unique_ptr<Worker>> make(const char* work, std::chrono::seconds patience) {
    auto ring = BlockReader::make();
    if (!ring) return ring.error();
    return std::make_unique<Worker>(*std::move(ring), work, patience);
  }
};

// One that has nothing to do.
std::unique_ptr<Worker>& idle_worker(const char* work) {
  static thread_local std::map<std::string, std::unique_ptr<Worker>> workers;
  return workers[work];
}

// What both kinds of readers share: the container that a worker has open.
class Opened {
 public:
  Opened(const ContainerParser& parser, ParserWord how, Value value, const Subject& subject)
      : parser_(parser), value_(std::move(value)), worker_(std::move(idle_worker(parser.work))) {
    bool is_used = worker_ != nullptr;
    auto state = open(how, subject);
    // It may have died since it was put aside.
    if (!state && is_used && state.error().code == Code::kFailed && !process().is_running()) {
      error_.reset();
      worker_.reset();
      state = open(how, subject);
    }
    if (state) take(*state);
    if (!state) error_ = state.error();
  }
  ~Opened() {
    bool is_good = is_idle_ && !is_over_ && !error_ && worker_->containers < kMostContainers;
    if (!is_good) return;
    process().empty_window();
    idle_worker(parser_.work) = std::move(worker_);
  }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;

  Result<void> say(ParserWord word) { return error_ ? *error_ : note(process().send(word, {})); }
  // Whether the worker says nothing more unless it is asked.
  void set_idle(bool is_idle) { is_idle_ = is_idle; }

  template <class T>
  Result<void> say(ParserWord word, const T& what) {
    return error_ ? *error_ : note(process().say(word, what));
  }

  // The answer of that kind.
  template <class T>
  Result<T> take_answer(ParserWord word) {
    if (error_) return *error_;
    auto frame = process().receive(value_);
    if (!frame) return note(Result<T>(frame.error()));
    if (frame->word == ParserWord::kTrouble) {
      auto trouble = unpack<Trouble>(frame->body);
      return trouble ? Result<T>(error_of(*trouble)) : misbehaves<T>();
    }
    auto answered = frame->word == word ? unpack<T>(frame->body) : misbehaves<T>();
    return answered ? answered : misbehaves<T>();
  }

  template <class T>
  Result<T> ask(ParserWord question, ParserWord answer) {
    auto said = say(question);
    return said ? take_answer<T>(answer) : said.error();
  }

  // Blocks that come, to their end. `use` may be null: nobody wants them.
  ContainedBytes::Reading take_blocks(const ContainedBytes::Use& use) {
    readings_++;
    ContainedBytes::Reading stopped;
    uint64_t unwanted = 0, empty = 0;
    auto said = use ? Result<void>() : stop({Code::kStopped, "nobody reads it"}, stopped);
    if (!said) return broken(said.error());
    while (!error_) {
      auto frame = process().receive(value_);
      if (!frame) return broken(frame.error());
      if (frame->word == ParserWord::kReadEnd) return end_of(*frame, std::move(stopped));
      auto block = frame->word == ParserWord::kBlock ? unpack<Block>(frame->body) : misbehaves<Block>();
      bool is_good = block && block->size <= kRingSize;
      unwanted += is_good && stopped.error ? block->size : 0;
      empty += is_good && block->size == 0 ? 1 : 0;
      if (!is_good || unwanted > kMostUnwanted || empty > kMostEmpty)
        return broken(misbehaves<Block>().error());
      Bytes bytes = worker_->blocks.take(block->size);
      said = tell_taken();
      if (!said) return broken(said.error());
      if (stopped.error) continue;
      auto used = use(block->offset, bytes);
      if (used) continue;
      said = stop(used.error(), stopped);
      if (!said) return broken(said.error());
    }
    return broken(*error_);
  }

  void take(ReaderState& state) {
    damage_ = checked(state.damage);
    state_ = std::move(state);
  }
  const ReaderState& state() const { return state_; }
  std::string take_damage() { return std::exchange(damage_, {}); }
  // Whether nothing comes after the last reading without being asked for.
  bool is_over() const { return is_over_; }

 private:
  ParserProcess& process() { return worker_->process; }

  // At once: it may wait for it.
  Result<void> tell_taken() {
    const uint64_t count = worker_->blocks.untold();
    auto said = count > 0 ? process().say(ParserWord::kTaken, Taken{count}) : Result<void>();
    return note(said && count > 0 ? process().flush() : said);
  }

  Result<ReaderState> open(ParserWord how, const Subject& subject) {
    auto made = worker_ ? Result<void>() : make_worker();
    if (!made) return made.error();
    worker_->containers++;
    process().set_patience(parser_.patience);
    auto done = process().start();
    if (done) done = process().say_of(how, subject, value_);
    return done ? take_answer<ReaderState>(ParserWord::kOpened) : done.error();
  }

  Result<void> make_worker() {
    auto made = Worker::make(parser_.work, parser_.patience);
    if (!made) return note(Result<void>(made.error()));
    worker_ = *std::move(made);
    return {};
  }

  Result<void> stop(const Error& why, ContainedBytes::Reading& stopped) {
    stopped = {End::kStopped, {}, why};
    return note(process().say(ParserWord::kStop, Stop{readings_}));
  }

  ContainedBytes::Reading end_of(const ParserFrame& frame, ContainedBytes::Reading stopped) {
    auto end = unpack<ReadEnd>(frame.body);
    bool is_good = end && (end->end < End::kStopped || (end->end == End::kStopped && stopped.error));
    if (!is_good) return broken(misbehaves<ReadEnd>().error());
    take(end->state);
    is_over_ = end->end >= End::kBroken;
    if (stopped.error) return stopped;
    return {end->end, checked(end->message), {}};
  }

  // Failures of the worker are damage, like any other; those of reading the value are told as they are.
  ContainedBytes::Reading broken(const Error& error) {
    error_ = error;
    is_over_ = true;
    if (error.code == Code::kFailed) return {End::kBroken, error.message, {}};
    return {End::kBroken, {}, error};
  }

  // An error of the worker is that of everything after it.
  template <class T>
  Result<T> note(Result<T> result) {
    if (!result) error_ = result.error();
    return result;
  }
  template <class T>
  Result<T> misbehaves() {
    return note(Result<T>(error_ ? *error_ : process().misbehaves()));
  }

  const ContainerParser parser_;
  const Value value_;
  std::unique_ptr<Worker> worker_;
  ReaderState state_;
  std::string damage_;
  std::optional<Error> error_;
  uint64_t readings_ = 0;
  bool is_over_ = false;
  bool is_idle_ = false;
};

class CagedArchive final : public SteppedArchive {
 public:
  CagedArchive(const ContainerParser& parser, const Value& value, const Subject& subject)
      : opened_(parser, ParserWord::kOpenArchive, value, subject), runs_ahead_(subject.runs_ahead) {}
  ~CagedArchive() override { opened_.set_idle(!is_ahead_ && !has_blocks_); }

  Result<std::optional<ArchiveMember>> next() override {
    while (has_blocks_) read({});
    auto said = is_ahead_ ? Result<void>() : opened_.say(ParserWord::kNext);
    auto answer = said ? opened_.take_answer<MemberAnswer>(ParserWord::kMember) : said.error();
    if (!answer) return answer.error();
    opened_.take(answer->state);
    auto& member = answer->member;
    if (member && member->type > ArchiveMember::Type::kOther) member->type = ArchiveMember::Type::kOther;
    is_ahead_ = runs_ahead_ && member.has_value();
    has_blocks_ = is_ahead_ && has_bytes(*member);
    if (answer->trouble) return error_of(*answer->trouble);
    return std::move(member);
  }

  Result<void> begin_again(const std::string& password) override {
    auto said = opened_.say(ParserWord::kBeginAgain, Again{password});
    auto state = said ? opened_.take_answer<ReaderState>(ParserWord::kOpened) : said.error();
    if (state) opened_.take(*state);
    return state ? Result<void>() : state.error();
  }

  Result<std::vector<TextField>> about() override {
    auto about = opened_.ask<About>(ParserWord::kTellAbout, ParserWord::kAbout);
    return about ? Result<std::vector<TextField>>(std::move(about->texts)) : about.error();
  }

  std::optional<std::string> damage() override {
    std::string damage = opened_.take_damage();
    return damage.empty() ? std::nullopt : std::optional(std::move(damage));
  }

  Reading read(const Use& use) override {
    auto said = runs_ahead_ ? Result<void>() : opened_.say(ParserWord::kRead);
    bool comes = said && (has_blocks_ || !runs_ahead_);
    if (!comes) return {End::kBroken, "it was read already", {}};
    has_blocks_ = false;
    Reading reading = opened_.take_blocks(use);
    is_ahead_ = is_ahead_ && !opened_.is_over();
    return reading;
  }

  Result<bool> ended_early() override {
    auto early = opened_.ask<Early>(ParserWord::kEndedEarly, ParserWord::kEarly);
    return early ? Result<bool>(early->is_early) : early.error();
  }
  Result<Rest> rest() override { return rest_of(opened_); }
  bool has_trailing() const override { return opened_.state().has_trailing; }
  bool has_own_end() const override { return opened_.state().has_own_end; }
  bool is_compressed() const override { return opened_.state().is_compressed; }
  bool is_compressed_zip() const override { return opened_.state().is_compressed_zip; }
  bool has_directory() const override { return opened_.state().has_directory; }

  static Result<Rest> rest_of(Opened& opened) {
    auto part = opened.ask<RestPart>(ParserWord::kRest, ParserWord::kRestPart);
    if (!part) return part.error();
    opened.take(part->state);
    return Rest{part->size, part->is_zero};
  }

 private:
  Opened opened_;
  const bool runs_ahead_;
  bool is_ahead_ = false;    // the worker says the next member without being asked
  bool has_blocks_ = false;  // of the current member, which come first
};

class CagedContent final : public ContainedBytes {
 public:
  CagedContent(const ContainerParser& parser, const Value& value)
      : opened_(parser, ParserWord::kOpenContent, value, Subject{value.size(), {}, false}) {}
  ~CagedContent() override { opened_.set_idle(true); }
  Reading read(const Use& use) override {
    auto said = opened_.say(ParserWord::kRead);
    return opened_.take_blocks(use);
  }
  Result<Rest> rest() override { return CagedArchive::rest_of(opened_); }
  bool has_trailing() const override { return opened_.state().has_trailing; }

 private:
  Opened opened_;
};

}  // namespace

std::unique_ptr<ArchiveReader> ContainerParser::archive(const Value& value,
                                                        const std::vector<std::string>& passwords) const {
  return std::make_unique<CagedArchive>(*this, value, Subject{value.size(), passwords, true});
}

std::unique_ptr<SteppedArchive> ContainerParser::archive_in_steps(
    const Value& value, const std::vector<std::string>& passwords) const {
  return std::make_unique<CagedArchive>(*this, value, Subject{value.size(), passwords, false});
}

std::unique_ptr<ContainedBytes> ContainerParser::content(const Value& value) const {
  return std::make_unique<CagedContent>(*this, value);
}

Result<ToldLayers> check_parser(const char* work) {
  auto worker = Worker::make(work, kCheckPatience);
  return worker ? told_cage(std::move((*worker)->process)) : worker.error();
}

}  // namespace rebus
