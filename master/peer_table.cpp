#include "master/peer_table.h"

namespace rebus {

Peer& PeerTable::at(const std::string& routing_id) {
  auto [it, is_new] = peers_.try_emplace(routing_id);
  if (is_new) {
    it->second.routing_id = routing_id;
    name(it->second);
  }
  return it->second;
}

Peer* PeerTable::find(PeerId id) {
  auto it = by_id_.find(id);
  return it == by_id_.end() ? nullptr : it->second;
}

void PeerTable::renew(Peer& peer) {
  by_id_.erase(peer.id);
  peer.session = {};
  peer.waiting.clear();
  peer.waiting_bytes = 0;
  name(peer);
}

void PeerTable::forget(PeerId id) {
  auto it = by_id_.find(id);
  if (it == by_id_.end()) return;
  std::string routing_id = it->second->routing_id;
  by_id_.erase(it);
  peers_.erase(routing_id);
}

std::vector<PeerId> PeerTable::silent_since(MonotonicTime time) const {
  std::vector<PeerId> found;
  for (const auto& [id, peer] : by_id_) {
    if (peer->heard < time) found.push_back(id);
  }
  return found;
}

std::vector<PeerId> PeerTable::waiting() const {
  std::vector<PeerId> found;
  for (const auto& [id, peer] : by_id_) {
    if (!peer->waiting.empty()) found.push_back(id);
  }
  return found;
}

void PeerTable::name(Peer& peer) {
  peer.id = ++last_id_;
  by_id_[peer.id] = &peer;
}

}  // namespace rebus
