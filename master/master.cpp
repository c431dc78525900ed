#include "master/master.h"

#include <algorithm>

#include "master/plant.h"
#include "master/rules.h"

namespace rebus {

Master::Master(Storage& storage, MasterOptions options)
    : rules_(std::make_unique<Rules>(storage, std::move(options))) {}
Master::~Master() = default;

Result<std::unique_ptr<Master>> Master::start(Storage& storage, MasterOptions options, Moment now) {
  std::unique_ptr<Master> master(new Master(storage, std::move(options)));
  Rules& rules = *master->rules_;
  rules.now = now;
  rules.next_seq = storage.statistics().head + 1;
  rules.next_submission = storage.last_submission() + 1;
  auto consumers = storage.consumers();
  if (!consumers) return consumers.error();
  for (Consumer& consumer : *consumers) {
    auto key = Rules::key_of(consumer);
    rules.known.emplace(std::move(key), std::move(consumer));
  }
  auto awaiting = rules.await_return();
  if (awaiting) awaiting = rules.remember_interruptions();
  if (!awaiting) return awaiting.error();
  return master;
}

void Master::handle(PeerId peer, Message message, const Moment& now) {
  Rules& rules = *rules_;
  rules.now = now;
  rules.changes++;
  if (rules.broken) return;
  auto it = rules.sessions.find(peer);
  Session* session = it == rules.sessions.end() ? nullptr : &it->second;
  if (auto* hello = std::get_if<Hello>(&message.body))
    return rules.on(session, peer, message.request, *hello);
  if (session == nullptr) return rules.answer(peer, message.request, Lost{});
  session->last_heard = now.steady;
  if (!std::holds_alternative<Heartbeat>(message.body)) {  // that is the channel's
    session->worked = now.steady;
    session->is_stuck = false;
  }
  std::visit(
      [&](auto& call) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(call)>, Hello>) {
          rules.on(*session, message.request, call);
        }
      },
      message.body);
}

void Master::peer_gone(PeerId peer) { rules_->end_session(peer, Rules::Ending::kGone); }

void Master::tick(const Moment& now) {
  rules_->now = now;
  rules_->changes++;
  for (auto& [id, consumer] : rules_->live) consumer.queue.wake(now.steady);
  if (!rules_->options.expire_sessions) return;
  std::vector<PeerId> silent;
  for (const auto& [peer, session] : rules_->sessions) {
    if (now.steady - session.last_heard > rules_->options.session_life) silent.push_back(peer);
  }
  for (PeerId peer : silent) rules_->end_session(peer, Rules::Ending::kGone);
  rules_->expire_stuck();
  auto given_up = rules_->give_up_waiting();
  if (!given_up && !rules_->broken) rules_->broken = given_up.error();
}

Result<Outbox> Master::settle() {
  auto settling = begin_settle();
  if (!settling) return settling.error();
  auto ended = settling->sync ? end_settle(settling->sync()) : Result<void>();
  return ended ? Result<Outbox>(std::move(settling->outbox)) : ended.error();
}

Result<void> Master::end_settle(const Result<void>& synced) {
  auto ended = rules_->storage.end_commit(synced);
  if (!ended && !rules_->broken) rules_->broken = ended.error();
  return ended;
}

Result<Master::Settling> Master::begin_settle() {
  Rules& rules = *rules_;
  if (rules.broken) return *rules.broken;
  rules.more = false;
  auto stored = rules.store_watermarks(false);
  auto sync = stored && !is_planted(Plant::kAckBeforeSync) ? rules.storage.begin_commit() : Storage::Sync();
  if (stored && !sync) stored = sync.error();
  if (!stored) {
    rules.broken = stored.error();
    return stored.error();
  }
  rules.hand_out();
  auto bulks = rules.hand_out_bulks();
  if (!bulks && !rules.broken) rules.broken = bulks.error();
  for (PeerId peer : rules.readers) rules.feed(rules.sessions.at(peer));
  rules.answer_waiters();
  if (rules.broken) return *rules.broken;
  return Settling{std::exchange(rules.outbox, {}), *std::move(sync)};
}

bool Master::more() const { return rules_->more; }
bool Master::has_delayed() const {
  return std::any_of(rules_->live.begin(), rules_->live.end(), [&](auto& entry) {
    return entry.second.queue.has_delayed() || entry.second.bulk_after > rules_->now.steady;
  });
}
bool Master::is_idle() const { return rules_->is_idle(); }

}  // namespace rebus
