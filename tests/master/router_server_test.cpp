#include "master/router_server.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <future>
#include <thread>

#include "bus/bus.h"
#include "bus/codec.h"
#include "bus/zmq_channel.h"
#include "tests/support/process.h"
#include "tests/support/scratch_folder.h"

namespace rebus::router_server_test {
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
  explicit ServedMaster(const std::string& address, MasterOptions options = {}, ServerLimits limits = {})
      : storage_(*open_storage({})), options_(options), limits_(limits), address_(address) {
    start();
  }
  ~ServedMaster() { stop(); }

  void start() {
    master_ = *Master::start(*storage_, options_, now());
    auto server = RouterServer::listen(*Address::parse(address_), limits_);
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
  ServerLimits limits_;
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

// Stores an object, as inject does.
void inject(Bus& bus, const Descriptor& object) {
  Descriptor note = make_object(Domain(), "/submission", "test", Value::of("{}"), "tester", random_salt());
  auto submission = bus.open_submission(note, Lane::kNormal);
  if (!submission) throw std::runtime_error(submission.error().message);
  auto pushed = bus.push({object, OriginClaim{{}, "name", 0}, 0}, *submission);
  auto closed = bus.close_submission(*submission);
  if (!pushed || !closed) throw std::runtime_error((pushed ? closed : pushed).error().message);
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
  bool hears_something(milliseconds time) {
    zmq::pollitem_t item{socket_, 0, ZMQ_POLLIN, 0};
    return zmq::poll(&item, 1, time) > 0;
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
  inject(*producer, object);

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
  inject(*producer, object);
  auto found = producer->get(Domain(), object.selector);
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_TRUE(*found->descriptor.value.load(10 * kMaxMessageValues) == bytes);
}

TEST_P(Served, ARestartIsAPauseAndNoError) {
  ServedMaster master(fresh_address());
  auto producer = join(master.address(), hello_of(Role::kProducer, "inject"));
  auto consumer = join(master.address(), hello_of(Role::kConsumer, "hasher"));
  Descriptor object = object_with("bytes");
  inject(*producer, object);
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

TEST_P(Served, HundredsOfAgentsAreBackAfterARestartOfTheMaster) {
  constexpr uint32_t kAgents = 300 / REBUS_SCALE;
  ServedMaster master(fresh_address());
  std::vector<std::unique_ptr<Bus>> agents;
  for (uint32_t i = 0; i < kAgents; i++) {
    agents.push_back(join(master.address(), hello_of(Role::kConsumer, "hasher")));
  }
  master.stop();
  master.start();
  auto client = join(master.address(), hello_of(Role::kClient));
  auto consumers = [&] { return client->status()->consumers; };
  ASSERT_TRUE(eventually([&] { return consumers().at(0).instances == kAgents; }));
  EXPECT_EQ(consumers().size(), 1u);
  inject(*client, object_with("bytes"));  // and of all of them one is given it
  EXPECT_EQ(consumers()[0].claims, 1u);
  agents.resize(kAgents / 2);
  EXPECT_TRUE(eventually([&] { return consumers().at(0).instances == kAgents / 2; }));
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
  inject(*producer, object_with("bytes"));
  auto vanishing = std::make_unique<RawPeer>(master.address());
  vanishing->join(Role::kConsumer);
  Seq seq = vanishing->hear_one<Task>().record.seq;
  vanishing.reset();  // as if killed
  auto consumer = join(master.address(), hello_of(Role::kConsumer));
  auto event = consumer->next_event();
  ASSERT_TRUE(event.has_value());
  EXPECT_EQ(std::get<Task>(*event).record.seq, seq);
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

// Stored, it would make the master fail when it wants to read it.
TEST_P(Served, AValueThatIsClaimedButNotSentIsRefused) {
  ServedMaster master(fresh_address());
  RawPeer peer(master.address());
  SessionKey session = peer.join(Role::kProducer);
  Push push{{object_with(std::string(100, 'v')), OriginClaim{{}, "n", 0}, 1}, 0};
  peer.say({2, push}, session);  // upload 1 was never made
  EXPECT_EQ(peer.hear_one<Failure>().code, Code::kUnavailable);
  std::string frame = *encode({3, push});
  size_t upload = frame.rfind(std::string("\x03\x01", 2));  // key and number
  ASSERT_NE(upload, std::string::npos);
  frame[upload + 1] = 0;
  seal_frame(frame, session);
  peer.send(frame);
  EXPECT_EQ(peer.hear_one<Failure>().code, Code::kProtocol);
  expect_answered(peer, peer.join());
}

TEST_P(Served, AFrameOverTheLimitEndsTheConnection) {
  ServedMaster master(fresh_address());
  RawPeer good(master.address()), bad(master.address());
  SessionKey session = good.join();
  bad.join();
  bad.send(std::string(kMaxFrame + 1, 'x'));
  do {  // what goes into the old connection is lost with it
    bad.say({9, GetStatus{}}, {});
  } while (!bad.hears_something(milliseconds(10)));
  bad.hear_one<Lost>();
  expect_answered(good, session);
}

// A stored object of one message's size, and a peer with a small queue that asks for it.
struct Reading {
  std::unique_ptr<Bus> other;
  RawPeer peer;
  SessionKey session;
  Seq seq = 0;
  Reading(std::unique_ptr<Bus> bus, const std::string& address) : other(std::move(bus)), peer(address, 1) {
    Descriptor object = object_with(std::string(kMaxMessageValues, 'v'));
    inject(*other, object);
    seq = other->get(Domain(), object.selector)->seq;
    session = peer.join(Role::kProducer);
  }
  void ask(uint64_t times, uint32_t length) {
    for (uint64_t i = 0; i < times; i++) peer.say({100 + i, Read{seq, 0, length}}, session);
  }
};

TEST_P(Served, APeerThatReadsSlowlyLosesNothing) {
  ServedMaster master(fresh_address());
  Reading reading(join(master.address(), hello_of(Role::kClient)), master.address());
  constexpr uint64_t kReads = 900;  // 56 MiB
  reading.ask(kReads, kMaxInlineValue);
  EXPECT_TRUE(reading.other->status().ok());  // nobody else waits for it
  for (uint64_t i = 0; i < kReads; i++) {
    Message answer = reading.peer.hear();
    ASSERT_EQ(answer.request, 100 + i);
    ASSERT_EQ(std::get<Data>(answer.body).bytes.size(), kMaxInlineValue);
  }
}

TEST_P(Served, APeerThatAsksForTooMuchAndReadsNothingIsDropped) {
  ServedMaster master(fresh_address());
  Reading reading(join(master.address(), hello_of(Role::kClient)), master.address());
  ASSERT_EQ(reading.other->status()->producers, 1u);
  reading.ask(1000, kMaxMessageValues);
  while (reading.other->status()->producers != 0) {  // others are still answered
  }
}

TEST_P(Served, OfManyThatReadNothingTheOneThatAskedForMostIsDropped) {
  ServerLimits limits;
  limits.all_waiting = 40 << 20;
  ServedMaster master(fresh_address(), {}, limits);
  Reading most(join(master.address(), hello_of(Role::kClient)), master.address());
  Reading second(join(master.address(), hello_of(Role::kClient)), master.address());
  constexpr uint64_t kReads = 80;  // most of it is held by ZeroMQ
  second.ask(kReads, kMaxMessageValues);
  ASSERT_EQ(most.other->status()->producers, 2u);
  most.ask(kReads + 40, kMaxMessageValues);
  while (most.other->status()->producers == 2) {
  }
  for (uint64_t i = 0; i < kReads; i++) ASSERT_EQ(second.peer.hear().request, 100 + i);
}

}  // namespace
}  // namespace rebus::router_server_test
