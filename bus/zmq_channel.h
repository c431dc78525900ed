// ZmqChannel: a session with a master in another process.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "bus/channel.h"
#include "bus/mailbox.h"
#include "bus/zmq_session.h"
#include "descriptor/spool.h"

namespace rebus {

// The agent's side of it: turns messages into frames and hands them to the thread of its ZmqSession, which
// keeps the session alive however busy the agent is.
class ZmqChannel final : public Channel {
 public:
  ZmqChannel(std::shared_ptr<zmq::context_t> context, std::string address, SessionTimes times);
  // Leaves the bus if that was not done; waits at most SessionTimes::linger for the last messages.
  ~ZmqChannel() override;

  Result<Welcome> join(Hello hello) override;
  Result<void> send(Message message) override;
  std::optional<Message> receive(std::optional<std::chrono::milliseconds> timeout) override;
  void resume_from(Seq seq) override { boxes_.resume_from = seq; }
  void resume_submission(SubmissionId id) override { boxes_.submission = id; }
  bool closed() const override { return boxes_.in.closed(); }
  void interrupt() override;
  ValueFactory& values() override { return spool_; }
  bool passes_references() const override { return false; }

 private:
  std::shared_ptr<zmq::context_t> context_;
  const std::string address_;
  const SessionTimes times_;
  Spool spool_;
  SessionBoxes boxes_;
  uint64_t losses_ = 0;  // as far as the agent's thread knows
  std::thread thread_;
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
