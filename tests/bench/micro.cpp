// What single steps take, with Google Benchmark: parsing selectors, packing and sealing messages, opening
// them again, and the master's decisions on storage in memory, without any input or output.
//
//   micro [--benchmark_filter=REGEX] [--benchmark_format=csv]
#include <benchmark/benchmark.h>

#include <deque>

#include "bus/codec.h"
#include "master/master.h"
#include "tests/bench/bench_bus.h"

namespace rebus {
namespace {

Descriptor text_of(size_t size) { return small_descriptor("/text/ascii", 1'000'000, size); }

Message push_of(size_t size) {
  NewDescriptor item{text_of(size), OriginClaim(), 0};
  item.origin->name = item.descriptor.label;
  return {1, Push{item, 1}};
}

Message task_of(size_t size) {
  Task task;
  task.record.seq = task.record.object = 1'000'000;
  task.record.descriptor = text_of(size);
  task.record.submission = 1;
  task.record.value_size = size;
  task.record.value_digest = task.record.descriptor.value.digest();
  task.record.ancestry = {{"/text/ascii", 1}};
  return {0, task};
}

Message finish_of(size_t) {
  Finish finish;
  finish.seq = 1'000'000;
  finish.next = finish.seq + 1;
  return {0, finish};
}

void parse_selector(benchmark::State& state) {
  const std::string text = text_of(16).selector.str();
  for (auto _ : state) benchmark::DoNotOptimize(Selector::parse(text));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(parse_selector);

void make_descriptor(benchmark::State& state) {
  const auto size = static_cast<size_t>(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(text_of(size));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(make_descriptor)->Arg(16)->Arg(4096);

template <Message make(size_t)>
void seal_message(benchmark::State& state) {
  const Message message = make(static_cast<size_t>(state.range(0)));
  for (auto _ : state) {
    auto frame = must(encode(message));
    seal_frame(frame, {1, 2});
    benchmark::DoNotOptimize(frame);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(seal_message<push_of>)->Name("seal_push")->Arg(16)->Arg(4096);
BENCHMARK(seal_message<task_of>)->Name("seal_task")->Arg(16)->Arg(4096);
BENCHMARK(seal_message<finish_of>)->Name("seal_finish")->Arg(0);

template <Message make(size_t)>
void open_message(benchmark::State& state) {
  auto frame = must(encode(make(static_cast<size_t>(state.range(0)))));
  seal_frame(frame, {1, 2});
  for (auto _ : state) benchmark::DoNotOptimize(must(decode(must(open_frame(frame)))));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(open_message<push_of>)->Name("open_push")->Arg(16)->Arg(4096);
BENCHMARK(open_message<task_of>)->Name("open_task")->Arg(16)->Arg(4096);
BENCHMARK(open_message<finish_of>)->Name("open_finish")->Arg(0);

// A master, one producer and three consumers, which say at once that they have finished.
class Decisions {
 public:
  static constexpr PeerId kProducer = 1;
  static constexpr size_t kConsumers = 3, kRound = 64;

  Decisions() : storage_(must(open_storage({}))), master_(must(Master::start(*storage_, {}, now_))) {
    join(kProducer, Role::kProducer);
    for (size_t i = 0; i < kConsumers; i++) join(kProducer + 1 + i, Role::kConsumer);
    auto note = make_object(Domain(), std::string(kSubmissionPath), "bench", Value::of("bench"), "bench");
    master_->handle(kProducer, {1, OpenSubmission{note, Lane::kNormal}}, now_);
    settle();
  }

  // kRound descriptors from their push until all have finished them.
  void run_one_round() {
    for (size_t i = 0; i < kRound; i++) {
      NewDescriptor item{small_descriptor("/text/ascii", pushed_++, 16), OriginClaim(), 0};
      item.origin->name = item.descriptor.label;
      master_->handle(kProducer, {2, Push{std::move(item), 1}}, now_);
    }
    do {
      settle();
    } while (!finishes_.empty());
  }

 private:
  void join(PeerId peer, Role role) {
    Hello hello;
    hello.role = role;
    hello.agent = "agent" + std::to_string(peer);
    hello.prefixes = {"/text"};
    hello.credit = kRound;
    master_->handle(peer, {1, hello}, now_);
  }

  void settle() {
    for (auto& [peer, seq] : std::exchange(finishes_, {})) {
      Finish finish;
      finish.seq = seq;
      master_->handle(peer, {0, finish}, now_);
    }
    for (Outgoing& out : must(master_->settle())) {
      if (auto* task = std::get_if<Task>(&out.message.body))
        finishes_.emplace_back(out.peer, task->record.seq);
    }
  }

  const Moment now_{MonotonicTime(std::chrono::hours(1)), 1};
  std::unique_ptr<Storage> storage_;
  std::unique_ptr<Master> master_;
  std::vector<std::pair<PeerId, Seq>> finishes_;
  size_t pushed_ = 0;
};

void master_decisions(benchmark::State& state) {
  Decisions decisions;
  for (auto _ : state) decisions.run_one_round();
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(Decisions::kRound));
}
BENCHMARK(master_decisions)->Name("decisions of a master on a descriptor of three consumers");

}  // namespace
}  // namespace rebus

BENCHMARK_MAIN();
