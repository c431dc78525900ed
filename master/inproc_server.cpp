#include "master/inproc_server.h"

#include <atomic>
#include <map>
#include <thread>

#include "bus/mailbox.h"
#include "master/settler.h"

namespace rebus {
namespace {

constexpr std::chrono::milliseconds kTick{250};  // while something is to be tried again later

using Inbox = Mailbox<Message>;

constexpr PeerId kNobody = 0;

// What reaches the master's thread. Of nobody: it is to look at its settler.
struct Letter {
  PeerId peer = kNobody;
  std::shared_ptr<Inbox> reply_to;  // set with the first letter of a peer
  std::optional<Message> message;   // none: the peer is gone
};

Moment moment() {
  return {std::chrono::steady_clock::now(), std::chrono::duration_cast<std::chrono::nanoseconds>(
                                                std::chrono::system_clock::now().time_since_epoch())
                                                .count()};
}

class InprocChannel final : public Channel {
 public:
  InprocChannel(PeerId peer, std::shared_ptr<Mailbox<Letter>> master, ValueFactory& values)
      : peer_(peer), master_(std::move(master)), values_(values) {}
  ~InprocChannel() override { master_->put({peer_, nullptr, std::nullopt}); }
  InprocChannel(const InprocChannel&) = delete;
  InprocChannel& operator=(const InprocChannel&) = delete;

  Result<Welcome> join(Hello hello) override {
    master_->put({peer_, inbox_, Message{UINT64_MAX, std::move(hello)}});
    while (auto message = inbox_->take()) {
      if (auto* welcome = std::get_if<Welcome>(&message->body)) return *welcome;
      if (auto* failure = std::get_if<Failure>(&message->body)) return Error{failure->code, failure->message};
    }
    return Error{Code::kStopped, "the bus has ended"};
  }
  Result<void> send(Message message) override {
    master_->put({peer_, nullptr, std::move(message)});
    return {};
  }
  std::optional<Message> receive(std::optional<std::chrono::milliseconds> timeout) override {
    return inbox_->take(timeout);
  }
  bool closed() const override { return inbox_->closed(); }
  void interrupt() override { inbox_->close(); }
  ValueFactory& values() override { return values_; }
  bool passes_references() const override { return true; }

 private:
  PeerId peer_;
  std::shared_ptr<Mailbox<Letter>> master_;
  std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
  ValueFactory& values_;
};

}  // namespace

struct InprocServer::Hall final : public Connector {
  Storage* storage = nullptr;
  std::unique_ptr<Master> master;
  std::unique_ptr<Settler> settler;
  std::shared_ptr<Mailbox<Letter>> letters = std::make_shared<Mailbox<Letter>>();
  std::map<PeerId, std::shared_ptr<Inbox>> inboxes;  // the master thread's
  std::atomic<PeerId> next_peer{1};
  mutable std::mutex mutex;
  std::optional<Error> failure;
  std::thread thread;

  Result<std::unique_ptr<Channel>> connect() override {
    return std::unique_ptr<Channel>(std::make_unique<InprocChannel>(next_peer++, letters, storage->values()));
  }
  bool networked() const override { return false; }

  void receive(Letter letter) {
    if (letter.peer == kNobody) return;
    if (letter.reply_to) inboxes[letter.peer] = std::move(letter.reply_to);
    if (letter.message) return master->handle(letter.peer, *std::move(letter.message), moment());
    master->peer_gone(letter.peer);
    inboxes.erase(letter.peer);
  }

  // All that waits, one commit, then the answers.
  Result<void> serve_once() {
    if (!master->more() || settler->is_waiting()) {
      auto first = letters->take(master->has_delayed() ? std::optional(kTick) : std::nullopt);
      if (first) receive(*std::move(first));
      if (letters->closed()) return {};
    }
    if (master->has_delayed()) master->tick(moment());
    take_waiting();
    return deliver(settler->step());
  }

  void take_waiting() {
    for (Letter& letter : letters->take_all()) receive(std::move(letter));
  }

  Result<void> deliver(Result<Outbox> outbox) {
    if (!outbox) return outbox.error();
    for (Outgoing& out : *outbox) {
      auto it = inboxes.find(out.peer);
      if (it != inboxes.end()) it->second->put(std::move(out.message));
    }
    return {};
  }

  void serve() {
    Result<void> served;
    while (served && !letters->closed()) served = serve_once();
    // What was said before the end counts: an agent that left is not one that vanished.
    if (served) {
      take_waiting();
      served = deliver(settler->finish());
    }
    if (!served) {
      std::lock_guard lock(mutex);
      failure = served.error();
    }
    letters->close();
    for (auto& [peer, inbox] : inboxes) inbox->close();
  }
};

InprocServer::InprocServer() : hall_(std::make_unique<Hall>()) {}
InprocServer::~InprocServer() { stop(); }

Result<std::unique_ptr<InprocServer>> InprocServer::start(Storage& storage, MasterOptions options) {
  options.expire_sessions = false;  // threads do not vanish
  auto master = Master::start(storage, std::move(options), moment());
  if (!master) return master.error();
  std::unique_ptr<InprocServer> server(new InprocServer());
  server->hall_->storage = &storage;
  server->hall_->master = *std::move(master);
  server->hall_->settler = std::make_unique<Settler>(
      *server->hall_->master, [letters = server->hall_->letters] { letters->put({}); });
  server->hall_->thread = std::thread([hall = server->hall_.get()] { hall->serve(); });
  return server;
}

Connector& InprocServer::connector() { return *hall_; }

void InprocServer::stop() {
  hall_->letters->close();
  if (hall_->thread.joinable()) hall_->thread.join();
}

std::optional<Error> InprocServer::failure() const {
  std::lock_guard lock(hall_->mutex);
  return hall_->failure;
}

}  // namespace rebus
