#include "master/router_server.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <future>
#include <thread>

#include "bus/bus.h"
#include "bus/codec.h"
#include "bus/zmq_channel.h"
#include "tests/support/scratch_folder.h"

namespace rebus {
namespace {

using std::chrono::milliseconds;

constexpr SessionTimes kTimes{.connect = milliseconds(60'000),
                              .heartbeat = milliseconds(50),
                              .silence = milliseconds(60'000),
                              .retry = milliseconds(10),
                              .linger = milliseconds(60'000)};

Moment now() { return {std::chrono::steady_clock::now(), 0}; }

// A master and its server in a thread; may be stopped and started again on the same store and address.
class ServedMaster {
 public:
  explicit ServedMaster(const std::string& address, MasterOptions options = {}, ServerTimes times = {})
      : storage_(*open_storage({})), options_(options), times_(times), address_(address) {
    start();
  }
  ~ServedMaster() { stop(); }

  void start() {
    master_ = *Master::start(*storage_, options_, now());
    auto server = RouterServer::listen(*Address::parse(address_), times_);
    if (!server) throw std::runtime_error(server.error().message);
    server_ = *std::move(server);
    address_ = server_->endpoint();
    thread_ = std::thread([this] { EXPECT_TRUE(server_->serve(*master_, stop_fd_).ok()); });
  }
  void stop() {
    if (!thread_.joinable()) return;
    eventfd_write(stop_fd_, 1);
    thread_.join();
    server_.reset();
    master_.reset();
    eventfd_t count = 0;
    eventfd_read(stop_fd_, &count);
  }
  const std::string& address() const { return address_; }

 private:
  std::unique_ptr<Storage> storage_;
  MasterOptions options_;
  ServerTimes times_;
  std::string address_;
  int stop_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  std::unique_ptr<Master> master_;
  std::unique_ptr<RouterServer> server_;
  std::thread thread_;
};

Hello hello_of(Role role, const std::string& agent = "tester") {
  Hello hello;
  hello.role = role;
  hello.agent = agent;
  hello.prefixes = {"/"};
  hello.objects_only = true;
  return hello;
}

Descriptor object_with(std::string bytes) {
  return make_object(Domain(), "/binary/elf", "a", Value::of(std::move(bytes)), "tester");
}

// A peer without manners.
class RawPeer {
 public:
  explicit RawPeer(const std::string& address, int queue = 1000)
      : socket_(context_, zmq::socket_type::dealer) {
    socket_.set(zmq::sockopt::linger, 0);
    socket_.set(zmq::sockopt::rcvtimeo, 60'000);
    socket_.set(zmq::sockopt::rcvhwm, queue);
    socket_.connect(address);
  }
  void send(const std::string& bytes) { socket_.send(zmq::buffer(bytes), zmq::send_flags::none); }
  void send_parts(int count) {
    for (int i = 1; i < count; i++) socket_.send(zmq::str_buffer("part"), zmq::send_flags::sndmore);
    socket_.send(zmq::str_buffer("last"), zmq::send_flags::none);
  }
  void say(const Message& message, const SessionKey& session) {
    std::string frame = *encode(message);
    seal_frame(frame, session);
    send(frame);
  }
  Message hear() {
    zmq::message_t bytes;
    if (!socket_.recv(bytes)) throw std::runtime_error("nothing was heard for a minute");
    auto frame = open_frame(bytes.to_string_view());
    session_ = frame->header.session;
    return *decode(*frame);
  }
  template <class M>
  M hear_one() {
    return std::get<M>(hear().body);
  }
  SessionKey join(Role role = Role::kClient) {
    say({1, hello_of(role)}, {});
    hear_one<Welcome>();
    return session_;
  }

 private:
  zmq::context_t context_;
  zmq::socket_t socket_;
  SessionKey session_;
};

class Served : public ::testing::TestWithParam<const char*> {
 protected:
  std::string fresh_address() {
    return std::string(GetParam()) == "tcp" ? "tcp://127.0.0.1:*" : "ipc://" + folder_.at("bus");
  }
  std::unique_ptr<Bus> join(const std::string& address, const Hello& hello, SessionTimes times = kTimes) {
    auto bus = std::make_unique<Bus>(*ZmqConnector(address, times).connect());
    auto joined = bus->join(hello);
    if (!joined) throw std::runtime_error(joined.error().message);
    return bus;
  }
  ScratchFolder folder_;
};
INSTANTIATE_TEST_SUITE_P(Over, Served, ::testing::Values("ipc", "tcp"),
                         [](const auto& over) { return over.param; });

void expect_answered(RawPeer& peer, SessionKey session) {
  peer.say({77, GetStatus{}}, session);
  Message answer = peer.hear();
  EXPECT_EQ(answer.request, 77u);
  EXPECT_TRUE(std::holds_alternative<Status>(answer.body));
}

// --- the whole way ---

TEST_P(Served, WhatIsPushedIsHandedOutAndItsResultsAreFound) {
  ServedMaster master(fresh_address());
  auto producer = join(master.address(), hello_of(Role::kProducer, "inject"));
  auto consumer = join(master.address(), hello_of(Role::kConsumer, "hasher"));
  Descriptor object = object_with("bytes");
  ASSERT_TRUE(producer->push({object, OriginClaim{{}, "name", 0}, 0}).ok());
  auto pushed = producer->flush();
  ASSERT_TRUE(pushed.ok()) << pushed.error().message;

  auto event = consumer->next_event();
  ASSERT_TRUE(event.has_value());
  const Record& record = std::get<Task>(*event).record;
  EXPECT_EQ(record.descriptor.selector, object.selector);
  EXPECT_EQ(*record.descriptor.value.load(100), "bytes");
  Finish finish{record.seq, Outcome::kDone, {}, {}};
  finish.children.push_back({make_child(record.descriptor, "hasher", "/md5_hash", Value::of("abc")), {}, 0});
  ASSERT_TRUE(consumer->finish(finish).ok());
  producer.reset();
  ASSERT_TRUE(consumer->wait_idle().ok());
  auto found = consumer->get(Domain(), finish.children[0].descriptor.selector);
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_EQ(*found->descriptor.value.load(100), "abc");
}

TEST_P(Served, LargeValuesGoUpAndComeBack) {
  ServedMaster master(fresh_address());
  auto producer = join(master.address(), hello_of(Role::kProducer, "inject"));
  std::string bytes;
  for (int i = 0; bytes.size() < 5 * kMaxMessageValues / 2; i++) bytes += std::to_string(i);
  Descriptor object = object_with(bytes);
  ASSERT_TRUE(producer->push({object, OriginClaim{{}, "name", 0}, 0}).ok());
  auto pushed = producer->flush();
  ASSERT_TRUE(pushed.ok()) << pushed.error().message;
  auto found = producer->get(Domain(), object.selector);
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_TRUE(*found->descriptor.value.load(10 * kMaxMessageValues) == bytes);
}

TEST_P(Served, ARestartIsAPauseAndNoError) {
  ServedMaster master(fresh_address());
  auto producer = join(master.address(), hello_of(Role::kProducer, "inject"));
  auto consumer = join(master.address(), hello_of(Role::kConsumer, "hasher"));
  Descriptor object = object_with("bytes");
  ASSERT_TRUE(producer->push({object, OriginClaim{{}, "name", 0}, 0}).ok());
  ASSERT_TRUE(producer->flush().ok());
  auto event = consumer->next_event();
  ASSERT_TRUE(event.has_value());
  master.stop();
  auto found = std::async(std::launch::async, [&] { return producer->get(Domain(), object.selector); });
  master.start();
  EXPECT_TRUE(found.get().ok());
  event = consumer->next_event();  // the claim was the old master's, so it comes again
  ASSERT_TRUE(event.has_value());
  EXPECT_EQ(std::get<Task>(*event).record.descriptor.selector, object.selector);
}

TEST_P(Served, WaitingCallsSurviveARestart) {
  ServedMaster master(fresh_address());
  auto producer = join(master.address(), hello_of(Role::kProducer, "inject"));
  auto client = join(master.address(), hello_of(Role::kClient));
  auto idle = std::async(std::launch::async, [&] { return client->wait_idle(); });
  master.stop();
  master.start();
  producer.reset();
  EXPECT_TRUE(idle.get().ok());
}

TEST_P(Served, APeerThatVanishesIsMissedAndItsWorkGivenToAnother) {
  MasterOptions options;
  options.session_life = milliseconds(300);
  ServedMaster master(fresh_address(), options, {milliseconds(20), milliseconds(600)});
  auto producer = join(master.address(), hello_of(Role::kProducer, "inject"));
  ASSERT_TRUE(producer->push({object_with("bytes"), OriginClaim{{}, "name", 0}, 0}).ok());
  ASSERT_TRUE(producer->flush().ok());
  auto vanishing = std::make_unique<RawPeer>(master.address());
  vanishing->join(Role::kConsumer);
  Seq seq = vanishing->hear_one<Task>().record.seq;
  vanishing.reset();  // as if killed
  auto consumer = join(master.address(), hello_of(Role::kConsumer));
  auto event = consumer->next_event();
  ASSERT_TRUE(event.has_value());
  EXPECT_EQ(std::get<Task>(*event).record.seq, seq);
}

TEST_P(Served, ASilentConnectionIsForgotten) {
  MasterOptions options;
  options.session_life = milliseconds(50);
  ServedMaster master(fresh_address(), options, {milliseconds(10), milliseconds(100)});
  RawPeer peer(master.address());
  SessionKey session = peer.join();
  auto other = join(master.address(), hello_of(Role::kClient));
  // Nothing tells when the peer is forgotten; this one asks and thereby lives, until it is silent for long
  // enough.
  for (int i = 0; i < 100; i++) ASSERT_TRUE(other->status().ok());
  Message answer;
  do {
    std::this_thread::yield();
    peer.say({5, Heartbeat{}}, session);
    answer = peer.hear();
    if (std::holds_alternative<Alive>(answer.body)) {
      auto waited = other->submission(1, true, milliseconds(150));  // passes the time
      (void)waited;
    }
  } while (!std::holds_alternative<Lost>(answer.body));
}

// --- strangers and nonsense ---

TEST_P(Served, AStrangerIsToldThatItsSessionIsLost) {
  ServedMaster master(fresh_address());
  RawPeer stranger(master.address());
  stranger.say({9, GetStatus{}}, {1, 2});
  Message answer = stranger.hear();
  EXPECT_TRUE(std::holds_alternative<Lost>(answer.body));
  EXPECT_EQ(answer.request, 9u);
}

TEST_P(Served, ASessionBelongsToItsConnection) {
  ServedMaster master(fresh_address());
  RawPeer owner(master.address()), thief(master.address());
  SessionKey session = owner.join();
  thief.join();
  thief.say({9, GetStatus{}}, session);
  thief.hear_one<Lost>();
  owner.say({9, GetStatus{}}, {session.epoch + 1, session.token});
  owner.hear_one<Lost>();
  expect_answered(owner, session);
}

TEST_P(Served, NonsenseIsAnsweredAndTheSessionIsOver) {
  ServedMaster master(fresh_address());
  RawPeer peer(master.address());
  for (const std::string& nonsense :
       {std::string(), std::string("x"), std::string(100, 'x'), "RBUS" + std::string(40, '\0')}) {
    SessionKey session = peer.join();
    peer.send(nonsense);
    EXPECT_EQ(peer.hear_one<Failure>().code, Code::kProtocol);
    peer.say({9, GetStatus{}}, session);
    peer.hear_one<Lost>();
  }
  expect_answered(peer, peer.join());
}

TEST_P(Served, NonsenseWithAHeaderIsAnsweredWithItsRequest) {
  ServedMaster master(fresh_address());
  RawPeer peer(master.address());
  std::string frame = *encode({42, GetStatus{}});
  seal_frame(frame, peer.join());
  frame.back() ^= 1;
  peer.send(frame);
  Message answer = peer.hear();
  EXPECT_EQ(answer.request, 42u);
  EXPECT_EQ(std::get<Failure>(answer.body).code, Code::kProtocol);
}

TEST_P(Served, AnotherVersionIsTold) {
  ServedMaster master(fresh_address());
  RawPeer peer(master.address());
  std::string frame = *encode({42, hello_of(Role::kClient)});
  frame[4] = 9;
  seal_frame(frame, {});
  peer.send(frame);
  EXPECT_NE(peer.hear_one<Failure>().message.find("version 9"), std::string::npos);
}

TEST_P(Served, MessagesOfSeveralPartsAreRefused) {
  ServedMaster master(fresh_address());
  RawPeer peer(master.address());
  for (int parts : {2, 3, 50}) {
    SessionKey session = peer.join();
    peer.send_parts(parts);
    EXPECT_EQ(peer.hear_one<Failure>().code, Code::kProtocol);
    peer.say({9, GetStatus{}}, session);
    peer.hear_one<Lost>();
  }
}

TEST_P(Served, WhatOnlyAMasterSaysIsRefused) {
  ServedMaster master(fresh_address());
  RawPeer peer(master.address());
  peer.say({9, Status{}}, peer.join());
  EXPECT_EQ(peer.hear_one<Failure>().code, Code::kProtocol);
}

TEST_P(Served, AFrameOverTheLimitEndsTheConnection) {
  ServedMaster master(fresh_address());
  RawPeer good(master.address()), bad(master.address());
  SessionKey session = good.join();
  bad.join();
  bad.send(std::string(kMaxFrame + 1, 'x'));
  bad.say({9, GetStatus{}}, {});  // over a new connection
  bad.hear_one<Lost>();
  expect_answered(good, session);
}

TEST_P(Served, APeerThatReadsSlowlyLosesNothing) {
  ServedMaster master(fresh_address());
  RawPeer peer(master.address(), 1);
  SessionKey session = peer.join(Role::kProducer);
  peer.say({2, Push{{object_with(std::string(kMaxInlineValue, 'v')), OriginClaim{{}, "n", 0}, 0}, 0}},
           session);
  Seq seq = peer.hear_one<Pushed>().seq;
  constexpr uint64_t kReads = 900;  // 56 MiB
  for (uint64_t i = 0; i < kReads; i++) peer.say({100 + i, Read{seq, 0, kMaxInlineValue}}, session);
  auto other = join(master.address(), hello_of(Role::kClient));
  EXPECT_TRUE(other->status().ok());  // nobody else waits for it
  for (uint64_t i = 0; i < kReads; i++) {
    Message answer = peer.hear();
    ASSERT_EQ(answer.request, 100 + i);
    ASSERT_EQ(std::get<Data>(answer.body).bytes.size(), kMaxInlineValue);
  }
}

TEST_P(Served, APeerThatAsksForTooMuchAndReadsNothingIsDropped) {
  ServedMaster master(fresh_address());
  RawPeer peer(master.address(), 1);
  SessionKey session = peer.join(Role::kProducer);
  std::string bytes(kMaxMessageValues, 'v');
  peer.say({2, ValueAppend{1, 0, bytes}}, session);
  peer.hear_one<Done>();
  peer.say({3, Push{{object_with(bytes), OriginClaim{{}, "n", 0}, 1}, 0}}, session);
  Seq seq = peer.hear_one<Pushed>().seq;
  auto other = join(master.address(), hello_of(Role::kClient));
  for (uint64_t i = 0; i < 1000; i++) peer.say({100 + i, Read{seq, 0, kMaxMessageValues}}, session);
  uint32_t producers = 1;
  while (producers != 0) {  // the master still answers others, and ends the session
    auto status = other->status();
    ASSERT_TRUE(status.ok());
    producers = status->producers;
  }
}

}  // namespace
}  // namespace rebus
