#include "master/peer_table.h"

#include <gtest/gtest.h>

namespace rebus::peer_table_test {
namespace {

using std::chrono::seconds;

TEST(PeerTable, KnowsAConnectionAgain) {
  PeerTable peers;
  PeerId first = peers.at("a").id, second = peers.at("b").id;
  EXPECT_NE(first, second);
  EXPECT_EQ(peers.at("a").id, first);
  EXPECT_EQ(peers.find(second)->routing_id, "b");
  EXPECT_EQ(peers.find(99), nullptr);
}

TEST(PeerTable, NeverUsesAnIdAgain) {
  PeerTable peers;
  PeerId first = peers.at("a").id;
  peers.forget(first);
  EXPECT_EQ(peers.find(first), nullptr);
  PeerId second = peers.at("a").id;
  EXPECT_GT(second, first);
  peers.renew(peers.at("a"));
  EXPECT_EQ(peers.find(second), nullptr);
  EXPECT_GT(peers.at("a").id, second);
}

TEST(PeerTable, RenewingEndsTheSessionAndDropsWhatWaits) {
  PeerTable peers;
  Peer& peer = peers.at("a");
  peer.session = {1, 2};
  peer.faults = 3;
  peer.waiting.push_back("frame");
  EXPECT_EQ(peers.waiting(), std::vector<PeerId>{peer.id});
  peers.renew(peer);
  EXPECT_EQ(peer.session, SessionKey{});
  EXPECT_TRUE(peers.waiting().empty());
  EXPECT_EQ(peer.faults, 3u);
}

TEST(PeerTable, TellsWhoIsSilent) {
  PeerTable peers;
  MonotonicTime start{};
  peers.at("a").heard = start + seconds(1);
  peers.at("b").heard = start + seconds(2);
  EXPECT_TRUE(peers.silent_since(start + seconds(1)).empty());
  EXPECT_EQ(peers.silent_since(start + seconds(2)), std::vector<PeerId>{peers.at("a").id});
}

}  // namespace
}  // namespace rebus::peer_table_test
