#include "master/router_server.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <unordered_set>

#include "bus/codec.h"
#include "descriptor/crash_point.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

// One round: so many are handled for one commit. Then others get their answers.
constexpr size_t kRoundMessages = 512;
constexpr size_t kRoundBytes = 8 << 20;
// ZeroMQ does not tell when a connection has room again, so the server looks.
constexpr std::chrono::milliseconds kLookAgain{1};
constexpr uint32_t kFaultsLogged = 3;

Moment now() {
  auto utc = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::steady_clock::now(),
          std::chrono::duration_cast<std::chrono::nanoseconds>(utc).count()};
}

uint64_t request_of(const std::string& bytes) {
  auto header = peek_header(bytes);
  return header ? header->request : 0;
}

bool is_from_master(uint16_t type) { return type >= Welcome::kType; }

// Whoever gets work is woken before those who get answers only. What one peer is told keeps its order.
void work_first(Outbox& outbox) {
  std::unordered_set<PeerId> workers;
  for (const Outgoing& outgoing : outbox) {
    if (std::holds_alternative<Task>(outgoing.message.body)) workers.insert(outgoing.peer);
  }
  std::stable_partition(outbox.begin(), outbox.end(),
                        [&](const Outgoing& outgoing) { return workers.contains(outgoing.peer); });
}

}  // namespace

Result<std::unique_ptr<RouterServer>> RouterServer::listen(const Address& address, ServerLimits limits) {
  auto context = std::make_unique<zmq::context_t>();
  auto router = Router::bind(*context, address);
  if (!router) return router.error();
  return std::unique_ptr<RouterServer>(new RouterServer(std::move(context), *std::move(router), limits));
}

Result<void> RouterServer::serve(Master& master, int stop_fd) {
  master_ = &master;
  next_tick_ = std::chrono::steady_clock::now();
  Settler settler(master, [this] { durable_.set(); });
  settler_ = &settler;
  while (!router_.poll(stop_fd, durable_.fd(), patience())) {
    durable_.clear();
    at_once_ = false;
    take_waiting();
    tick();
    auto delivered = deliver_all(settler.step());
    if (!delivered) return delivered;
  }
  return deliver_all(settler.finish());
}

Result<void> RouterServer::deliver_all(Result<Outbox> outbox) {
  if (!outbox) return outbox.error();
  if (!outbox->empty()) crash_point("round-settled");
  work_first(*outbox);
  for (Outgoing& outgoing : *outbox) deliver(std::move(outgoing));
  send_waiting();
  return {};
}

// How long there is nothing to do but listen.
std::chrono::milliseconds RouterServer::patience() const {
  using std::chrono::milliseconds;
  if (!settler_->is_waiting() && (at_once_ || master_->more())) return milliseconds(0);
  if (is_stuck_) return kLookAgain;
  auto left = std::chrono::ceil<milliseconds>(next_tick_ - std::chrono::steady_clock::now());
  return std::max(left, milliseconds(0));
}

// --- what comes in ---

void RouterServer::take_waiting() {
  size_t bytes = 0;
  for (size_t i = 0; i < kRoundMessages && bytes < kRoundBytes; i++) {
    auto received = router_.receive();
    if (!received) return;
    bytes += received->frame.size();
    take(*received);
  }
}

void RouterServer::take(const Received& received) {
  Peer& peer = peers_.at(received.routing_id);
  peer.heard = std::chrono::steady_clock::now();
  take_frame(peer, received.frame);
}

void RouterServer::take_frame(Peer& peer, const std::string& bytes) {
  auto frame = open_frame(bytes);
  if (!frame) return refuse(peer, request_of(bytes), frame.error());
  const FrameHeader& header = frame->header;
  if (is_from_master(header.type)) {
    return refuse(peer, header.request, {Code::kProtocol, "only a master sends messages of this type"});
  }
  bool is_known = peer.session.token != 0 && header.session == peer.session;
  if (!is_known && header.type != Hello::kType) return send(peer, {header.request, Lost{}});
  auto message = decode(*frame);
  if (!message) return refuse(peer, header.request, message.error());
  hand_over(peer, *std::move(message));
}

void RouterServer::hand_over(Peer& peer, Message message) {
  const PeerId id = peer.id;
  const bool is_last = std::holds_alternative<Goodbye>(message.body);
  master_->handle(id, std::move(message), now());
  if (is_last) peers_.forget(id);
}

// A peer that is not understood loses its session.
void RouterServer::refuse(Peer& peer, uint64_t request, const Error& error) {
  if (++peer.faults <= kFaultsLogged) spdlog::warn("peer {} is dropped: {}", peer.id, escape(error.message));
  send(peer, {request, Failure{error.code, error.message}});
  master_->peer_gone(peer.id);
  peers_.renew(peer);
}

void RouterServer::tick() {
  const Moment moment = now();
  if (moment.steady < next_tick_) return;
  next_tick_ = moment.steady + limits_.tick;
  master_->tick(moment);
  for (PeerId id : peers_.silent_since(moment.steady - limits_.forget)) drop(id);
}

void RouterServer::drop(PeerId id) {
  master_->peer_gone(id);
  peers_.forget(id);
  at_once_ = true;
}

// --- what goes out ---

void RouterServer::deliver(Outgoing outgoing) {
  Peer* peer = peers_.find(outgoing.peer);
  if (peer == nullptr) return;
  if (auto* welcome = std::get_if<Welcome>(&outgoing.message.body)) {
    peer->session = {welcome->epoch, welcome->token};
  }
  send(*peer, outgoing.message);
  if (std::holds_alternative<Pushed>(outgoing.message.body)) crash_point("push-answered");
  if (std::holds_alternative<Task>(outgoing.message.body)) crash_point("task-sent");
}

void RouterServer::send(Peer& peer, const Message& message) {
  auto frame = encode(message);
  if (!frame) {
    spdlog::error("peer {}: {}", peer.id, escape(frame.error().message));
    frame = encode({message.request, Failure{frame.error().code, frame.error().message}});
  }
  seal_frame(*frame, peer.session);
  send_frame(peer, *std::move(frame));
}

void RouterServer::send_frame(Peer& peer, std::string frame) {
  auto sent = peer.waiting.empty() ? router_.send(peer.routing_id, frame) : Router::Sent::kFull;
  if (sent == Router::Sent::kYes) return;
  peer.waiting_bytes += frame.size();
  peer.waiting.push_back(std::move(frame));
  is_stuck_ = true;
}

void RouterServer::send_waiting() {
  if (!is_stuck_) return;
  is_stuck_ = false;
  size_t all = 0, most = 0;
  PeerId greediest = 0;
  for (PeerId id : peers_.waiting()) {
    size_t left = send_waiting(*peers_.find(id));
    all += left;
    if (left > most) most = left, greediest = id;
  }
  is_stuck_ = all > 0;
  if (most <= limits_.waiting && all <= limits_.all_waiting) return;
  spdlog::warn("peer {} is dropped: it does not read what it asked for", greediest);
  drop(greediest);
}

// Gives the bytes that wait still.
size_t RouterServer::send_waiting(Peer& peer) {
  while (!peer.waiting.empty()) {
    auto sent = router_.send(peer.routing_id, peer.waiting.front());
    if (sent == Router::Sent::kGone) {
      drop(peer.id);
      return 0;
    }
    if (sent == Router::Sent::kFull) break;
    peer.waiting_bytes -= peer.waiting.front().size();
    peer.waiting.pop_front();
  }
  return peer.waiting_bytes;
}

}  // namespace rebus
