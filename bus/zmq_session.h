// ZmqSession: joins a master, stays joined, and loses no call. What the channel's thread does.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "bus/dealer.h"
#include "bus/frame.h"
#include "bus/mailbox.h"

namespace rebus {

struct SessionTimes {
  std::chrono::milliseconds connect{10'000};   // for the first Welcome; later ones are awaited for ever
  std::chrono::milliseconds heartbeat{2'000};  // a word to the master at least this often
  std::chrono::milliseconds silence{6'500};    // a master not heard for so long is joined anew
  std::chrono::milliseconds retry{100};        // between two joins
  std::chrono::milliseconds linger{1'000};     // for the last messages at the end
};

// A message on its way to the session's thread.
struct Outbound {
  uint16_t type = 0;
  uint64_t request = 0;
  uint64_t losses = 0;  // sessions that the agent knew to be lost when it said this
  std::shared_ptr<std::string> frame;
};

// Where the session's thread and the agent's meet.
struct SessionBoxes {
  Mailbox<Outbound> out;             // closed: time to end
  Mailbox<Message> in;               // closed: nothing is wanted any more, or the master refused to go on
  Mailbox<Result<Welcome>> welcome;  // how the first join went
  std::atomic<Seq> resume_from{0};   // readers: instead of Hello::from, if not 0
  std::atomic<SubmissionId> submission{0};  // producers: Hello::submission
};

// All of it by one thread.
class ZmqSession {
 public:
  ZmqSession(zmq::context_t& context, std::string address, SessionTimes times, Hello hello,
             SessionBoxes& boxes);
  // Until boxes.out is closed and what it held is sent, or cannot be sent in time.
  void run();

 private:
  using Clock = std::chrono::steady_clock;
  using Milliseconds = std::chrono::milliseconds;
  enum class State {
    kConnecting,  // Hello is not sent yet
    kJoining,     // Hello is sent
    kJoined,
    kOver,  // left or refused
  };

  void step();
  void finish();

  // Joining.
  void connect();
  void join_anew();
  void lose_session();
  void say_hello();
  void receive_welcome(const Welcome& welcome);
  void say_calls_again();
  void void_tasks();
  void refuse(const Error& error);

  // Time.
  bool may_say_hello(Clock::time_point now) const;
  bool is_heartbeat_due(Clock::time_point now) const;
  Milliseconds until_next_deadline(Clock::time_point now) const;
  void check_deadlines();

  // Sending.
  bool has_to_send(Clock::time_point now) const;
  void say(const Body& body);
  void take_outgoing();
  void send_waiting();
  void send_goodbye();

  // Receiving.
  void receive_waiting();
  void receive_frame(const std::string& bytes);
  void receive_joining(Message message);
  void receive_joined(Message message);

  zmq::context_t& context_;
  const std::string address_;
  const SessionTimes times_;
  Hello hello_;
  SessionBoxes& boxes_;

  std::optional<Dealer> dealer_;
  State state_ = State::kConnecting;
  SessionKey session_;
  bool was_joined_ = false;
  bool is_waiting_told_ = false;  // that the first Welcome does not come
  uint64_t losses_ = 0;
  std::deque<Outbound> unsent_;
  std::map<uint64_t, Outbound> unanswered_;  // calls, by request
  Clock::time_point started_ = Clock::now();
  Clock::time_point hello_after_ = started_;
  Clock::time_point said_ = started_;   // the last Hello or Heartbeat
  Clock::time_point heard_ = started_;  // anything from the master
};

}  // namespace rebus
