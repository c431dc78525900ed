// Supervisor: keeps the processes of a bus running, and ends them in order.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tools/back_off.h"
#include "tools/child.h"
#include "tools/exit_status.h"
#include "tools/infra_config.h"
#include "tools/line_buffer.h"
#include "tools/poll_set.h"
#include "tools/screen.h"

namespace rebus {

// In the order in which they are stopped: nothing new comes in, then nothing is worked on, then nothing is
// looked at.
enum class Duty { kOneShot, kConsumer, kReader, kMaster };

using SteadyTime = std::chrono::steady_clock::time_point;
inline SteadyTime now() { return std::chrono::steady_clock::now(); }

// What is to run, and what became of it.
struct Post {
  std::string name;  // "hasher.1"
  Duty duty = Duty::kConsumer;
  Restart restart = Restart::kOnFailure;
  ChildCall call;
  size_t plan = 0;  // whose it is, for the caller

  std::unique_ptr<ChildProcess> child;  // while it runs
  std::optional<SteadyTime> due;        // when it starts again
  Ending ended;                         // how, the last time
  SteadyTime started{};
  unsigned restarts = 0;
  bool is_ready = false;  // the master: it said so since it started
  BackOff back_off;
  LineBuffer errors;
  std::string printed;                  // no whole line yet
  std::deque<std::string> last_errors;  // lines

  // Neither runs nor will run again.
  bool is_over() const { return !child && !due; }
};

// Used by one thread. Everything worth knowing goes to the screen; what failed for good, to the exit status.
class Supervisor {
 public:
  static constexpr std::chrono::seconds kGrace{10};  // between SIGTERM and SIGKILL

  // `tell`: of a process that ended by itself, with what to say of it; called by act() and by what add_to()
  // waits for.
  using TellEnd = std::function<void(pid_t process, std::string how)>;
  Supervisor(Screen& screen, ExitStatus& status, TellEnd tell)
      : screen_(screen), status_(status), tell_(std::move(tell)) {}

  void start(Post post);
  void add_to(PollSet& set);
  // Starts and kills what is due.
  void act();
  std::optional<SteadyTime> next_deadline() const;

  // Ends everything, one duty after the other.
  void stop();
  // At once.
  void kill_all();
  bool is_stopping() const { return stopping_.has_value(); }
  bool is_over() const;

  const std::deque<Post>& posts() const { return posts_; }
  std::deque<Post>& posts() { return posts_; }
  // The last time that anything began or ended.
  SteadyTime changed() const { return changed_; }

 private:
  void launch(Post& post);
  void take_errors(Post& post);
  void take_prints(Post& post);
  void take_end(Post& post);
  void tell_end(const Post& post, const std::string& consequence);
  bool shall_restart(const Post& post) const;
  static std::string explanation(const Post& post);
  // Gives the end of a sentence.
  std::string retry(Post& post);
  void count_failure(const Post& post);
  void stop_duty(Duty duty);
  void continue_stop();
  void kill_slow();
  bool is_running(Duty duty) const;

  Screen& screen_;
  ExitStatus& status_;
  TellEnd tell_;
  std::deque<Post> posts_;
  SteadyTime changed_{};
  std::optional<Duty> stopping_;
  std::optional<SteadyTime> grace_ends_;
  bool is_killed_ = false;
};

}  // namespace rebus
