#include "tools/infra.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <tuple>

#include "bus/runner.h"
#include "descriptor/escape.h"
#include "tools/bound_exec.h"
#include "tools/log.h"
#include "tools/signals.h"

namespace rebus {
namespace {

constexpr std::chrono::milliseconds kViewEvery(500);
constexpr std::chrono::seconds kSummaryEvery(60);
constexpr std::chrono::seconds kSilence(5);            // then the master is said not to answer
constexpr std::chrono::milliseconds kLastWords(2000);  // time for whoever reads to take them
constexpr size_t kMaster = SIZE_MAX;                   // instead of the number of a crew

int open_signals() {
  sigset_t awaited;
  sigemptyset(&awaited);
  for (int number : {SIGINT, SIGTERM, SIGHUP, SIGWINCH}) sigaddset(&awaited, number);
  return signalfd(-1, &awaited, SFD_CLOEXEC | SFD_NONBLOCK);
}

Duty duty_of(const AgentPlan& plan) {
  if (plan.is_one_shot()) return Duty::kOneShot;
  return plan.is_consumer() ? Duty::kConsumer : Duty::kReader;
}

auto key_of(const Hello& hello) { return std::tuple(hello.agent, hello.config, hello.domain.str()); }
auto key_of(const Consumer& consumer) {
  return std::tuple(consumer.agent, consumer.config, consumer.domain.str());
}

}  // namespace

Infra::Infra(InfraConfig config, std::string title, std::string folder)
    : config_(std::move(config)),
      title_(std::move(title)),
      folder_(std::move(folder)),
      signals_fd_(open_signals()) {}

Infra::~Infra() { close(signals_fd_); }

int Infra::run() {
  if (config_.master) start_master();
  if (!config_.master) watch_ = std::make_unique<BusWatch>(config_.bus_address);
  while (!supervisor_.is_stopping() || !supervisor_.is_over()) turn();
  watch_.reset();
  if (!screen_.has_view())
    say(status_.code() == 0 ? "stopped" : "stopped; exit code " + std::to_string(status_.code()));
  screen_.finish(kLastWords);
  return status_.code();
}

// --- one turn ---

void Infra::turn() {
  PollSet set;
  set.add(signals_fd_, POLLIN, [this] { take_signal(); });
  set.add(ready_.fd(), POLLIN, [this] { take_ready(); });
  if (watch_) set.add(watch_->news().event_fd(), POLLIN, [this] { take_news(); });
  supervisor_.add_to(set);
  if (screen_.has_to_write()) set.add(STDERR_FILENO, POLLOUT, [this] { screen_.write_some(); });
  auto until = screen_.has_view() ? next_view_ : next_summary_;
  if (auto deadline = supervisor_.next_deadline(); deadline && *deadline < until) until = *deadline;
  set.wait(until);
  supervisor_.act();
  if (!supervisor_.is_stopping()) advance();
  tell();
}

void Infra::take_signal() {
  signalfd_siginfo signal{};
  if (read(signals_fd_, &signal, sizeof signal) != static_cast<ssize_t>(sizeof signal)) return;
  if (signal.ssi_signo == SIGWINCH) {
    next_view_ = now();
    return;
  }
  if (asked_to_stop_ && now() - *asked_to_stop_ < kSameWish) return;
  if (supervisor_.is_stopping()) {
    say("asked again to stop: everything is killed");
    status_.add(ExitStatus::kInterrupted);
    return supervisor_.kill_all();
  }
  asked_to_stop_ = now();
  say("stopping; ask again to kill what still runs");
  if (is_unfinished()) status_.add(ExitStatus::kInterrupted);
  supervisor_.stop();
}

void Infra::take_ready() {
  if (!ready_.take()) return;
  for (Post& post : supervisor_.posts()) post.is_ready |= post.duty == Duty::kMaster && post.child;
  if (!watch_) watch_ = std::make_unique<BusWatch>(config_.bus_address);
}

void Infra::report(pid_t process, std::string how) {
  if (watch_) watch_->report({host_name(), static_cast<uint64_t>(process), std::move(how)});
}

void Infra::take_news() {
  for (auto& news : watch_->news().take_all()) {
    if (news) {
      take_status(*news);
    } else if (!supervisor_.is_stopping() && (!config_.master || news_)) {
      say(one_line(news.error().message));
      if (news_) continue;
      status_.add(ExitStatus::of(news.error().code));
      supervisor_.stop();
    }
  }
}

void Infra::take_status(const BusNews& news) {
  news_ = news;
  for (Crew& crew : crews_) {
    const ConsumerStatus* status = status_of(*crew.plan);
    if (status == nullptr) continue;
    crew.rate.count(news.asked, status->consumer.handled());
  }
}

// --- stages ---

void Infra::advance() {
  if (has_lost_master()) return supervisor_.stop();
  if (state_ == State::kAwaitsMaster && news_) begin_stage();
  if (state_ == State::kJoining && is_joined()) begin_one_shots();
  bool is_last = stage_ + 1 >= config_.stages.size();
  if (state_ == State::kWorking && !is_working(Duty::kOneShot) && (is_last || is_idle())) end_stage();
  if (state_ == State::kServing && !config_.stages.empty() && !has_agents_left()) supervisor_.stop();
}

bool Infra::has_lost_master() {
  const auto& posts = supervisor_.posts();
  return std::any_of(posts.begin(), posts.end(),
                     [](const Post& post) { return post.duty == Duty::kMaster && post.is_over(); });
}

void Infra::begin_stage() {
  if (stage_ == config_.stages.size()) {
    state_ = State::kServing;
    return say("the master answers at " + escape(config_.bus_address));
  }
  say("stage " + std::to_string(stage_ + 1) + " of " + std::to_string(config_.stages.size()) + " begins");
  state_ = State::kJoining;
  for (const AgentPlan& plan : config_.stages[stage_]) {
    if (!plan.is_one_shot()) start_agent(plan);
  }
}

// With all stages begun and nothing but consumers and readers at work, being stopped is the normal end.
bool Infra::is_unfinished() const {
  if (config_.stages.empty()) return false;
  bool has_later_stage = state_ == State::kAwaitsMaster || stage_ + 1 < config_.stages.size();
  const auto& stage = config_.stages[stage_];
  bool has_later_agents =
      state_ == State::kJoining &&
      std::any_of(stage.begin(), stage.end(), [](auto& plan) { return plan.is_one_shot(); });
  return has_later_stage || has_later_agents || is_working(Duty::kOneShot);
}

void Infra::begin_one_shots() {
  state_ = State::kWorking;
  for (const AgentPlan& plan : config_.stages[stage_]) {
    if (plan.is_one_shot()) start_agent(plan);
  }
}

void Infra::end_stage() {
  if (stage_ + 1 == config_.stages.size()) {
    state_ = State::kServing;
    return;
  }
  stage_++;
  begin_stage();
}

void Infra::start_agent(const AgentPlan& plan) {
  crews_.push_back({&plan, {}});
  for (unsigned i = 1; i <= plan.instances; i++) {
    Post post;
    post.name = plan.instances == 1 ? plan.name : plan.name + "." + std::to_string(i);
    post.duty = duty_of(plan);
    post.restart = plan.restart;
    post.plan = crews_.size() - 1;
    auto words = agent_words(config_, plan);
    words.insert(words.begin(), folder_ + "/rebus_agent");
    post.call = {bound_to_us(folder_ + "/rebus_infra", std::move(words)), plan.environment, plan.stdout_file,
                 plan.stdout_file.empty() && screen_.shares_output()};
    supervisor_.start(std::move(post));
  }
}

void Infra::start_master() {
  Post post;
  post.name = "master";
  post.duty = Duty::kMaster;
  post.plan = kMaster;
  auto words = *config_.master;
  words[0] = folder_ + "/rebus_master";
  post.call.words = bound_to_us(folder_ + "/rebus_infra", std::move(words));
  post.call.environment = {ready_.variable()};
  supervisor_.start(std::move(post));
}

bool Infra::is_working(Duty duty) const {
  const auto& posts = supervisor_.posts();
  return std::any_of(posts.begin(), posts.end(),
                     [&](const Post& post) { return post.duty == duty && !post.is_over(); });
}

bool Infra::has_agents_left() const {
  return is_working(Duty::kOneShot) || is_working(Duty::kConsumer) || is_working(Duty::kReader);
}

// Whether the bus knows all consumers that are to run, also those that have died and will come again: it
// thinks that all is done when those who are there have done it.
bool Infra::is_joined() const {
  if (!news_ || news_->asked < supervisor_.changed()) return false;
  std::map<std::tuple<std::string, std::string, std::string>, unsigned> missing;
  for (const Post& post : supervisor_.posts()) {
    if (post.duty != Duty::kConsumer || post.is_over()) continue;
    const AgentPlan& plan = *crews_[post.plan].plan;
    missing[key_of(plan.hello)] += plan.call.jobs;
  }
  for (const auto& status : news_->status.consumers) {
    auto it = missing.find(key_of(status.consumer));
    if (it != missing.end() && status.instances >= it->second) missing.erase(it);
  }
  return missing.empty();
}

bool Infra::is_idle() const { return is_joined() && news_->status.idle; }

// --- what is shown ---

void Infra::tell() {
  if (screen_.has_view()) {
    if (now() < next_view_) return;
    next_view_ = now() + kViewEvery;
    return screen_.show(status_lines(overview()));
  }
  if (now() < next_summary_) return;
  next_summary_ = now() + kSummaryEvery;
  std::string summary = status_summary(overview());
  if (news_ && summary != last_summary_) say(summary);
  last_summary_ = summary;
}

BusOverview Infra::overview() const {
  BusOverview all;
  all.title = title_;
  all.stages = config_.stages.size();
  all.stage = state_ == State::kAwaitsMaster ? 0 : std::min(stage_ + 1, all.stages);
  all.age = std::chrono::duration_cast<std::chrono::seconds>(now() - started_);
  all.answers = news_ && now() - news_->asked < kSilence;
  if (news_) {
    all.is_idle = news_->status.idle;
    all.descriptors = news_->status.descriptors;
    for (const ConsumerStatus& one : news_->status.consumers) {
      for (size_t lane = 0; lane < one.pending.size() && lane < kLanes; lane++)
        all.queue[lane] += one.pending[lane];
    }
  }
  if (config_.master) all.rows.push_back(row_of(kMaster));
  for (size_t i = 0; i < crews_.size(); i++) all.rows.push_back(row_of(i));
  return all;
}

AgentRow Infra::row_of(size_t plan) const {
  AgentRow row;
  row.name = plan == kMaster ? "master" : crews_[plan].plan->name;
  for (const Post& post : supervisor_.posts()) {
    if (post.plan != plan) continue;
    row.wanted++;
    row.restarts += post.restarts;
    if (post.child) row.running++;
    if (post.due) row.state = "starts again";
    if (post.is_over()) row.state = "ended";
  }
  if (plan != kMaster && crews_[plan].plan->is_consumer()) add_figures(crews_[plan], row);
  return row;
}

void Infra::add_figures(const Crew& crew, AgentRow& row) const {
  const ConsumerStatus* status = status_of(*crew.plan);
  if (status == nullptr) return;
  row.is_consumer = true;
  row.handled = status->consumer.handled();
  row.failed = status->consumer.failures();
  auto backlog = status->backlog();
  if (backlog) row.total = row.handled + status->consumer.count(Outcome::kProcessable) + *backlog;
  row.at_work = status->claims;
  row.delayed = status->delayed;
  row.rate = crew.rate.per_second();
  if (status->consumer.paused && row.state.empty()) row.state = "paused";
}

const ConsumerStatus* Infra::status_of(const AgentPlan& plan) const {
  if (!news_) return nullptr;
  const auto& all = news_->status.consumers;
  auto found = std::find_if(all.begin(), all.end(),
                            [&](const auto& one) { return key_of(one.consumer) == key_of(plan.hello); });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace rebus
