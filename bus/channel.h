// Channel: how one session's messages travel to the master and back. Agents cannot tell which one they have.
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "bus/message.h"
#include "descriptor/value.h"

namespace rebus {

// One session. send() and receive() are called by one thread, interrupt() by any.
class Channel {
 public:
  virtual ~Channel() = default;

  // Says Hello and waits for Welcome. A channel that reconnects by itself repeats this Hello.
  virtual Result<Welcome> join(Hello hello) = 0;
  // Hands over a message. A call (request != 0) that was not answered is repeated by the channel itself after
  // it had to reconnect.
  virtual Result<void> send(Message message) = 0;
  // The next message; nothing on time-out or when the channel is closed (closed() tells). A channel that had
  // to join anew gives one Lost: tasks received before it are void. `timeout` empty: waits for ever.
  virtual std::optional<Message> receive(std::optional<std::chrono::milliseconds> timeout) = 0;
  // Readers: where to go on if the channel has to join anew.
  virtual void resume_from(Seq) {}
  // Producers: the open submission to go on with then; 0: none.
  virtual void resume_submission(SubmissionId) {}
  // True when nothing will ever come again: the bus shut down, or interrupt() was called.
  virtual bool closed() const = 0;
  // Ends waiting, now and later. Async-signal-unsafe, thread-safe.
  virtual void interrupt() = 0;
  // Where this side puts new values before they are pushed.
  virtual ValueFactory& values() = 0;
  // True if values pass by reference: Push may carry any value; else large ones must be uploaded.
  virtual bool passes_references() const = 0;
};

// Makes channels to one bus; thread-safe.
class Connector {
 public:
  virtual ~Connector() = default;
  virtual Result<std::unique_ptr<Channel>> connect() = 0;
  // In one process the chain ends by itself; on a networked bus consumers stay.
  virtual bool networked() const = 0;
};

}  // namespace rebus
