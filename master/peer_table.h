// PeerTable: which connection is which peer of the master.
#pragma once

#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "bus/frame.h"
#include "master/master.h"

namespace rebus {

struct Peer {
  PeerId id = 0;
  std::string routing_id;
  SessionKey session;  // as Welcome told it; zero before
  MonotonicTime heard;
  uint32_t faults = 0;              // what it sent and nobody understands
  std::deque<std::string> waiting;  // frames for which the connection had no room
  size_t waiting_bytes = 0;
};

class PeerTable {
 public:
  // The peer of a connection, new if the connection is.
  Peer& at(const std::string& routing_id);
  Peer* find(PeerId id);
  // The connection stays, but who is there now has yet to say Hello.
  void renew(Peer& peer);
  void forget(PeerId id);
  std::vector<PeerId> silent_since(MonotonicTime time) const;
  std::vector<PeerId> waiting() const;

 private:
  void name(Peer& peer);

  std::unordered_map<std::string, Peer> peers_;  // by routing id
  std::unordered_map<PeerId, Peer*> by_id_;
  PeerId last_id_ = 0;
};

}  // namespace rebus
