// ZmqChannel: a session with a master in another process.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "bus/channel.h"
#include "bus/wake_event.h"
#include "bus/zmq_session.h"
#include "descriptor/spool.h"

namespace rebus {

// The agent's thread speaks on the socket by itself: another one in between would cost a wake-up each way.
// While the agent is at work, a keeper keeps the session alive.
class ZmqChannel final : public Channel {
 public:
  ZmqChannel(std::shared_ptr<zmq::context_t> context, std::string address, SessionTimes times);
  // Leaves the bus if that was not done; waits at most SessionTimes::linger for the last messages.
  ~ZmqChannel() override;

  Result<Welcome> join(Hello hello) override;
  Result<void> send(Message message) override;
  std::optional<Message> receive(std::optional<std::chrono::milliseconds> timeout) override;
  void resume_from(Seq seq) override;
  void resume_submission(SubmissionId id) override;
  bool closed() const override { return is_interrupted_ || is_over_; }
  void interrupt() override;
  ValueFactory& values() override { return spool_; }
  bool passes_references() const override { return false; }

 private:
  using Lead = std::unique_lock<std::mutex>;
  Lead lead();
  void keep();
  bool rest();

  std::shared_ptr<zmq::context_t> context_;
  const std::string address_;
  const SessionTimes times_;
  Spool spool_;
  uint64_t losses_ = 0;  // as far as the agent's thread knows
  std::atomic<bool> is_interrupted_{false};
  std::atomic<bool> is_over_{false};

  std::mutex session_mutex_;
  std::optional<ZmqSession> session_;  // guarded; also while it waits
  WakeEvent wake_;                     // whoever waits in the session is to leave it

  std::mutex keeper_mutex_;
  std::condition_variable keeper_wanted_;
  bool is_wanted_ = false;  // guarded: there is something that the agent does not wait for
  bool ends_ = false;       // guarded
  std::thread keeper_;
};

// Channels to the master at one address.
class ZmqConnector final : public Connector {
 public:
  explicit ZmqConnector(std::string address, SessionTimes times = {});
  Result<std::unique_ptr<Channel>> connect() override;
  bool networked() const override { return true; }

 private:
  const std::string address_;
  const SessionTimes times_;
  std::shared_ptr<zmq::context_t> context_;
};

}  // namespace rebus
