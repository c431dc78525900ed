#include "tools/supervisor.h"

#include <sys/wait.h>

#include <algorithm>
#include <csignal>

#include "tools/log.h"

namespace rebus {
namespace {

constexpr size_t kLastErrors = 3;             // lines that are repeated when it ended
constexpr size_t kLongestPrinted = 64 << 10;  // a line that is longer is printed in parts

// 0 to 3 are answers: the agent did what it could, and would do it again.
bool is_answer(const Ending& ending) { return ending.signal == 0 && ending.code <= ExitStatus::kIncomplete; }

}  // namespace

void Supervisor::start(Post post) {
  posts_.push_back(std::move(post));
  launch(posts_.back());
}

void Supervisor::launch(Post& post) {
  post.due.reset();
  post.started = changed_ = now();
  post.is_ready = false;
  post.last_errors.clear();
  auto child = ChildProcess::start(post.call);
  if (child) {
    post.child = *std::move(child);
    return;
  }
  std::string consequence;
  post.ended = {0, ExitStatus::of(child.error().code)};
  if (post.restart == Restart::kNever) {
    count_failure(post);
  } else {
    consequence = retry(post);
  }
  screen_.line("rebus_infra: " + post.name + ": " + child.error().message + consequence);
}

void Supervisor::add_to(PollSet& set) {
  for (Post& post : posts_) {
    if (!post.child) continue;
    if (post.child->err_fd() >= 0) {
      set.add(post.child->err_fd(), POLLIN, [&] { take_errors(post); });
    }
    if (post.child->out_fd() >= 0 && screen_.has_room()) {
      set.add(post.child->out_fd(), POLLIN, [&] { take_prints(post); });
    }
    set.add(post.child->end_fd(), POLLIN, [&] { take_end(post); });
  }
}

// --- what children write ---

void Supervisor::take_errors(Post& post) {
  post.errors.add(post.child->read_err(), [&](const std::string& line) {
    post.last_errors.push_back(line);
    screen_.line(post.name + " | " + one_line(line));
    if (post.last_errors.size() > kLastErrors) post.last_errors.pop_front();
  });
}

void Supervisor::take_prints(Post& post) {
  post.printed += post.child->read_out();
  size_t end = post.printed.rfind('\n') + 1;
  if (post.printed.size() - end > kLongestPrinted) end = post.printed.size();
  if (end == 0) return;
  screen_.print(std::string_view(post.printed).substr(0, end));
  post.printed.erase(0, end);
}

// --- ends and new beginnings ---

void Supervisor::take_end(Post& post) {
  // What it wrote last is in the pipe; more than a pipe holds would be somebody else's who inherited it.
  for (int i = 0; i < 2; i++) take_errors(post), take_prints(post);
  post.errors.add("\n", [&](const std::string& line) {
    if (!line.empty()) screen_.line(post.name + " | " + one_line(line));
  });
  if (!post.printed.empty()) screen_.print(std::exchange(post.printed, {}) + "\n");
  const pid_t process = post.child->pid();
  post.ended = post.child->reap();
  post.child.reset();
  changed_ = now();
  const Ending& ending = post.ended;
  if (!is_answer(ending) && !is_stopping()) tell_(process, explanation(post));
  if (shall_restart(post)) return tell_end(post, retry(post));
  count_failure(post);
  bool is_quiet = ending.signal == 0 && ending.code == 0 && (is_stopping() || post.duty == Duty::kOneShot);
  if (!is_quiet) tell_end(post, is_stopping() ? "" : "; it does not start again");
}

std::string Supervisor::explanation(const Post& post) {
  std::string text = to_text(post.ended);
  for (const auto& line : post.last_errors) {
    text += (&line == &post.last_errors.front() ? "; its last words: " : " | ") + line;
  }
  return text;
}

std::string Supervisor::retry(Post& post) {
  auto wait = post.back_off.ended_after(now() - post.started);
  post.due = now() + wait;
  post.restarts++;
  return "; it starts again in " + std::to_string(wait.count()) + " s";
}

void Supervisor::tell_end(const Post& post, const std::string& consequence) {
  screen_.line("rebus_infra: " + post.name + " " + to_text(post.ended) + consequence);
  if (is_stopping()) return;
  for (const auto& line : post.last_errors) screen_.line("rebus_infra:   its last words: " + one_line(line));
}

bool Supervisor::shall_restart(const Post& post) const {
  if (is_stopping()) return false;
  const Ending& ending = post.ended;
  if (post.duty == Duty::kMaster) {
    // One that cannot open its store or its address says why; one that worked already shall again.
    bool is_refusal = !post.is_ready && ending.signal == 0 && ending.code != 0;
    return !is_refusal;
  }
  if (post.restart == Restart::kOnFailure) return !is_answer(ending);
  return post.restart == Restart::kAlways;
}

// Codes of rebus_agent and rebus_master are handed on; any other end is something left undone.
void Supervisor::count_failure(const Post& post) {
  if (is_killed_) return;
  const Ending& ending = post.ended;
  if (post.duty == Duty::kMaster && !(ending.signal == 0 && ending.code <= ExitStatus::kUsage)) {
    return status_.add(ExitStatus::kUnavailable);
  }
  bool is_known = is_answer(ending) || (ending.signal == 0 && ending.code == ExitStatus::kUnavailable);
  // One that was stopped before it could listen to signals, or while it had something to do.
  bool is_interrupted =
      is_stopping() && (ending.signal == SIGTERM || ending.code == ExitStatus::kInterrupted);
  if (is_known) status_.add(ending.code);
  if (!is_known && !is_interrupted) status_.add(ExitStatus::kIncomplete);
}

void Supervisor::act() {
  for (Post& post : posts_) {
    if (post.due && *post.due <= now()) launch(post);
  }
  kill_slow();
  continue_stop();
}

std::optional<SteadyTime> Supervisor::next_deadline() const {
  auto next = grace_ends_;
  for (const Post& post : posts_) {
    if (post.due && (!next || *post.due < *next)) next = post.due;
  }
  return next;
}

// --- the end ---

bool Supervisor::is_over() const {
  return std::all_of(posts_.begin(), posts_.end(), [](const Post& post) { return post.is_over(); });
}

bool Supervisor::is_running(Duty duty) const {
  return std::any_of(posts_.begin(), posts_.end(),
                     [&](const Post& post) { return post.duty == duty && post.child; });
}

void Supervisor::stop() {
  if (is_stopping()) return;
  for (Post& post : posts_) {
    if (post.due) count_failure(post);  // it is not made good any more
    post.due.reset();
  }
  stop_duty(Duty::kOneShot);
  continue_stop();
}

void Supervisor::stop_duty(Duty duty) {
  stopping_ = duty;
  grace_ends_.reset();
  if (!is_running(duty)) return;
  grace_ends_ = now() + kGrace;
  for (const Post& post : posts_) {
    if (post.duty == duty && post.child) post.child->signal(SIGTERM);
  }
}

void Supervisor::continue_stop() {
  while (is_stopping() && !is_running(*stopping_) && *stopping_ != Duty::kMaster) {
    stop_duty(static_cast<Duty>(static_cast<int>(*stopping_) + 1));
  }
  if (is_over()) grace_ends_.reset();
}

void Supervisor::kill_slow() {
  if (!grace_ends_ || *grace_ends_ > now()) return;
  grace_ends_.reset();
  for (const Post& post : posts_) {
    if (post.duty != *stopping_ || !post.child) continue;
    screen_.line("rebus_infra: " + post.name + " did not stop in " + std::to_string(kGrace.count()) +
                 " s: it is killed");
    post.child->signal(SIGKILL);
  }
}

void Supervisor::kill_all() {
  is_killed_ = true;
  stop();
  for (const Post& post : posts_) {
    if (post.child) post.child->signal(SIGKILL);
  }
}

}  // namespace rebus
