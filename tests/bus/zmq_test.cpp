#include <gtest/gtest.h>

#include <future>

#include "bus/bus.h"
#include "bus/zmq_channel.h"
#include "tests/support/fake_master.h"
#include "tests/support/scratch_folder.h"

namespace rebus::zmq_test {
namespace {

using std::chrono::milliseconds;

// Quick, but with room for a busy machine. At the end of most tests the master goes first.
constexpr SessionTimes kTimes{.connect = milliseconds(60'000),
                              .heartbeat = milliseconds(50),
                              .silence = milliseconds(60'000),
                              .retry = milliseconds(10),
                              .linger = milliseconds(10)};

SessionTimes patient_at_the_end() {
  SessionTimes times = kTimes;
  times.linger = milliseconds(60'000);
  return times;
}

Hello hello_of(Role role) {
  Hello hello;
  hello.role = role;
  hello.agent = "tester";
  return hello;
}

Descriptor object_with(std::string bytes) {
  return make_object(Domain(), "/binary/elf", "a", Value::of(std::move(bytes)), "tester");
}

Task task_of(Seq seq) {
  Task task;
  task.record.seq = seq;
  task.record.descriptor = object_with(std::to_string(seq));
  return task;
}

class Zmq : public ::testing::TestWithParam<const char*> {
 protected:
  std::string fresh_address() {
    if (std::string(GetParam()) == "tcp") return "tcp://127.0.0.1:*";
    return "ipc://" + folder_.at("socket" + std::to_string(++sockets_));
  }

  std::unique_ptr<Channel> connect(const std::string& address, SessionTimes times = kTimes) {
    auto channel = ZmqConnector(address, times).connect();
    EXPECT_TRUE(channel.ok());
    return *std::move(channel);
  }
  // Joins while `master` gives the session of this token.
  Heard join(Channel& channel, FakeMaster& master, uint64_t token, Role role = Role::kConsumer) {
    auto welcome = std::async(std::launch::async, [&] { return channel.join(hello_of(role)); });
    Heard heard = master.welcome(token);
    auto joined = welcome.get();
    if (!joined) throw std::runtime_error(joined.error().message);
    EXPECT_EQ(joined->token, token);
    return heard;
  }
  template <class M>
  M receive(Channel& channel) {
    auto message = channel.receive(milliseconds(60'000));
    if (!message) throw std::runtime_error("nothing was received for a minute");
    return std::get<M>(message->body);
  }

  ScratchFolder folder_;
  int sockets_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Over, Zmq, ::testing::Values("ipc", "tcp"),
                         [](const auto& over) { return over.param; });

TEST_P(Zmq, NobodyAnsweringIsAnErrorThatSaysWhatToDo) {
  std::string address = FakeMaster(fresh_address()).address();  // gone again
  SessionTimes times = kTimes;
  times.connect = milliseconds(20);
  auto joined = connect(address, times)->join(hello_of(Role::kClient));
  ASSERT_FALSE(joined.ok());
  EXPECT_EQ(joined.error().code, Code::kUnavailable);
  EXPECT_EQ(joined.error().message, "no master answers at " + address + ": is rebus_master running there?");
}

TEST_P(Zmq, AMasterThatIsThereButSaysNothingIsTheSame) {
  FakeMaster master(fresh_address());
  SessionTimes times = kTimes;
  times.connect = milliseconds(200);
  auto joined = connect(master.address(), times)->join(hello_of(Role::kClient));
  ASSERT_FALSE(joined.ok());
  EXPECT_EQ(joined.error().code, Code::kUnavailable);
}

TEST_P(Zmq, AWrongAddressIsAnErrorAtOnce) {
  auto joined = connect("nonsense")->join(hello_of(Role::kClient));
  ASSERT_FALSE(joined.ok());
  EXPECT_EQ(joined.error().code, Code::kUnavailable);
}

TEST_P(Zmq, WaitsForAMasterThatComesLater) {
  std::string address = FakeMaster(fresh_address()).address();
  auto channel = connect(address);
  auto welcome = std::async(std::launch::async, [&] { return channel->join(hello_of(Role::kClient)); });
  FakeMaster master(address);
  master.welcome(5);
  EXPECT_TRUE(welcome.get().ok());
}

TEST_P(Zmq, ARefusedHelloIsTheMastersError) {
  FakeMaster master(fresh_address());
  auto channel = connect(master.address());
  auto welcome = std::async(std::launch::async, [&] { return channel->join(hello_of(Role::kClient)); });
  Heard hello = master.hear_until<Hello>();
  EXPECT_EQ(std::get<Hello>(hello.message.body).agent, "tester");
  EXPECT_EQ(hello.session, SessionKey{});
  master.answer(hello, Failure{Code::kProtocol, "too old"});
  auto joined = welcome.get();
  ASSERT_FALSE(joined.ok());
  EXPECT_EQ(joined.error().code, Code::kProtocol);
  EXPECT_EQ(joined.error().message, "too old");
}

TEST_P(Zmq, InterruptEndsJoining) {
  FakeMaster master(fresh_address());
  auto channel = connect(master.address());
  auto welcome = std::async(std::launch::async, [&] { return channel->join(hello_of(Role::kClient)); });
  master.hear_until<Hello>();
  channel->interrupt();
  EXPECT_EQ(welcome.get().error().code, Code::kStopped);
  EXPECT_TRUE(channel->closed());
}

TEST_P(Zmq, InterruptEndsReceiving) {
  FakeMaster master(fresh_address());
  auto channel = connect(master.address());
  join(*channel, master, 5);
  auto received = std::async(std::launch::async, [&] { return channel->receive({}); });
  channel->interrupt();
  EXPECT_FALSE(received.get().has_value());
  EXPECT_TRUE(channel->closed());
}

TEST_P(Zmq, CallsCarryTheSessionAndGetTheirAnswers) {
  FakeMaster master(fresh_address());
  auto channel = connect(master.address());
  join(*channel, master, 5);
  ASSERT_TRUE(channel->send({17, Read{3, 4, 5}}).ok());
  Heard read = master.hear_until<Read>();
  EXPECT_EQ(read.message.request, 17u);
  EXPECT_EQ(read.session, FakeMaster::key(5));
  master.answer(read, Data{"bytes"});
  EXPECT_EQ(receive<Data>(*channel).bytes, "bytes");
  EXPECT_FALSE(channel->receive(milliseconds(0)).has_value());
  EXPECT_FALSE(channel->closed());
}

TEST_P(Zmq, WhatCannotBeSentIsAnErrorAtOnce) {
  FakeMaster master(fresh_address());
  auto channel = connect(master.address());
  join(*channel, master, 5);
  EXPECT_EQ(channel->send({1, ValueAppend{1, 0, std::string(kMaxMessageValues + 1, 'x')}}).error().code,
            Code::kLimit);
}

TEST_P(Zmq, HeartbeatsGoOnWhileTheAgentIsBusy) {
  FakeMaster master(fresh_address());
  auto channel = connect(master.address());
  join(*channel, master, 5);
  for (int i = 0; i < 5; i++) {
    Heard heard = master.hear();
    EXPECT_TRUE(std::holds_alternative<Heartbeat>(heard.message.body));
    EXPECT_EQ(heard.session, FakeMaster::key(5));
    master.answer(heard, Alive{});
  }
  EXPECT_FALSE(channel->receive(milliseconds(0)).has_value());
}

TEST_P(Zmq, GoodbyeIsSaidAtTheEnd) {
  FakeMaster master(fresh_address());
  auto channel = connect(master.address(), patient_at_the_end());
  join(*channel, master, 5);
  ASSERT_TRUE(channel->send({0, Finish{3, Outcome::kDone, {}, {}}}).ok());
  channel.reset();
  EXPECT_EQ(std::get<Finish>(master.hear_until<Finish>().message.body).seq, 3u);
  master.hear_until<Goodbye>();
  EXPECT_FALSE(master.hears_something(milliseconds(0)));
}

TEST_P(Zmq, AfterGoodbyeNothingIsSaidAndNothingAwaited) {
  FakeMaster master(fresh_address());
  auto channel = connect(master.address(), patient_at_the_end());
  join(*channel, master, 5);
  ASSERT_TRUE(channel->send({0, Goodbye{}}).ok());
  EXPECT_FALSE(channel->receive({}).has_value());
  EXPECT_TRUE(channel->closed());
  EXPECT_TRUE(channel->send({9, GetStatus{}}).ok());
  channel.reset();
  master.hear_until<Goodbye>();
  EXPECT_FALSE(master.hears_something(milliseconds(0)));
}

TEST_P(Zmq, AMasterThatDiesDoesNotHoldUpTheEnd) {
  auto master = std::make_unique<FakeMaster>(fresh_address());
  auto channel = connect(master->address());
  join(*channel, *master, 5);
  master.reset();
  ASSERT_TRUE(channel->send({9, GetStatus{}}).ok());
  channel.reset();  // returns
}

// --- losing the session ---

TEST_P(Zmq, AHelloLostWithTheMasterIsSaidToTheNextAsSoonAsItIsThere) {
  auto master = std::make_unique<FakeMaster>(fresh_address());
  std::string address = master->address();
  SessionTimes times = kTimes;
  times.connect = times.silence = std::chrono::hours(1);
  auto channel = connect(address, times);
  auto welcome = std::async(std::launch::async, [&] { return channel->join(hello_of(Role::kConsumer)); });
  master->hear_until<Hello>();
  master.reset();

  FakeMaster next(address);
  next.welcome(6);
  EXPECT_EQ(welcome.get()->token, 6u);
}

TEST_P(Zmq, ACallLostWithTheMasterIsSaidAgainToTheNext) {
  auto master = std::make_unique<FakeMaster>(fresh_address());
  std::string address = master->address();
  auto channel = connect(address);
  join(*channel, *master, 5);
  ASSERT_TRUE(channel->send({17, Read{3, 4, 5}}).ok());
  ASSERT_TRUE(channel->send({18, GetSubmission{2, true}}).ok());
  ASSERT_TRUE(channel->send({19, WaitIdle{}}).ok());
  master->hear_until<WaitIdle>();  // received, never answered
  master.reset();

  FakeMaster next(address);
  Heard stranger = next.hear();  // a heartbeat of the old session
  EXPECT_EQ(stranger.session, FakeMaster::key(5));
  next.say(stranger, {stranger.message.request, Lost{}}, {});
  EXPECT_EQ(std::get<Hello>(next.welcome(6).message.body).token, 5u);
  Heard read = next.hear_until<Read>();
  EXPECT_EQ(read.message.request, 17u);
  EXPECT_EQ(read.session, FakeMaster::key(6));
  next.answer(read, Data{"again"});
  EXPECT_EQ(next.hear_until<GetSubmission>().message.request, 18u);
  next.answer(next.hear_until<WaitIdle>(), Idle{});
  receive<Lost>(*channel);
  EXPECT_EQ(receive<Data>(*channel).bytes, "again");
  receive<Idle>(*channel);
}

TEST_P(Zmq, ASilentMasterIsJoinedAnew) {
  FakeMaster master(fresh_address());
  SessionTimes times = kTimes;
  times.silence = milliseconds(100);
  auto channel = connect(master.address(), times);
  join(*channel, master, 5);
  ASSERT_TRUE(channel->send({17, GetStatus{}}).ok());
  Heard hello;
  do {
    hello = master.hear();  // and never answers
  } while (!std::holds_alternative<Hello>(hello.message.body));
  EXPECT_EQ(std::get<Hello>(hello.message.body).token, 5u);
  while (std::get<Hello>(hello.message.body).token ==
         5) {  // a slow machine may have given up on this one, too
    master.say(hello, {hello.message.request, Welcome{6, 1, "bus", 0, {}}}, FakeMaster::key(6));
    Heard heard = master.hear();
    if (std::holds_alternative<GetStatus>(heard.message.body)) {
      EXPECT_EQ(heard.session, FakeMaster::key(6));
      break;
    }
    if (std::holds_alternative<Hello>(heard.message.body)) hello = heard;
  }
  receive<Lost>(*channel);
}

TEST_P(Zmq, AFrameOfAnotherSessionMeansThatOursIsLost) {
  FakeMaster master(fresh_address());
  auto channel = connect(master.address());
  Heard first = join(*channel, master, 5);
  master.say(first, {0, task_of(3)}, {2, 5});  // another epoch
  EXPECT_EQ(std::get<Hello>(master.welcome(6).message.body).token, 5u);
  receive<Lost>(*channel);
}

TEST_P(Zmq, AnUnreadableFrameMeansThatTheSessionIsLost) {
  FakeMaster master(fresh_address());
  auto channel = connect(master.address());
  Heard first = join(*channel, master, 5);
  master.say(first, {0, Push{}}, FakeMaster::key(4));
  master.welcome(6);
  receive<Lost>(*channel);
}

TEST_P(Zmq, TasksOfALostSessionAreVoid) {
  FakeMaster master(fresh_address());
  auto channel = connect(master.address());
  Heard first = join(*channel, master, 5);
  master.say(first, {0, task_of(3)}, FakeMaster::key(5));
  master.say(first, {0, task_of(4)}, FakeMaster::key(5));
  master.say(first, {0, Lost{}}, {});
  Heard second = master.welcome(6);
  master.say(first, {0, task_of(5)}, FakeMaster::key(5));  // while its connection is still there, or not
  master.say(second, {0, task_of(6)}, FakeMaster::key(6));
  receive<Lost>(*channel);
  EXPECT_EQ(receive<Task>(*channel).record.seq, 6u);
}

TEST_P(Zmq, WhatAReaderWasGivenStays) {
  FakeMaster master(fresh_address());
  auto channel = connect(master.address());
  Heard first = join(*channel, master, 5, Role::kReader);
  master.say(first, {0, task_of(3)}, FakeMaster::key(5));
  EXPECT_EQ(receive<Task>(*channel).record.seq, 3u);
  channel->resume_from(4);
  master.say(first, {0, task_of(4)}, FakeMaster::key(5));
  master.say(first, {0, Lost{}}, {});
  Heard second = master.welcome(6);
  EXPECT_EQ(std::get<Hello>(second.message.body).from, 4u);
  EXPECT_EQ(receive<Task>(*channel).record.seq, 4u);
  // Only when it has seen the Welcome is what it says said in the second session.
  master.say(second, {0, task_of(5)}, FakeMaster::key(6));
  EXPECT_EQ(receive<Task>(*channel).record.seq, 5u);
  ASSERT_TRUE(channel->send({0, Finish{4, Outcome::kDone, {}, {}}}).ok());
  EXPECT_EQ(master.hear_until<Finish>().session, FakeMaster::key(6));
}

// The master hands out again what the reader had not finished; the Bus knows what it has already.
TEST_P(Zmq, AReaderSeesEverythingOnceWhateverIsLost) {
  FakeMaster master(fresh_address());
  Bus bus(connect(master.address()));
  auto joined = std::async(std::launch::async, [&] { return bus.join(hello_of(Role::kReader)); });
  Heard first = master.welcome(5);
  ASSERT_TRUE(joined.get().ok());
  for (Seq seq = 1; seq <= 3; seq++) master.say(first, {0, task_of(seq)}, FakeMaster::key(5));
  std::vector<Seq> seen;
  auto see = [&] {
    auto event = bus.next_event();
    ASSERT_TRUE(event.has_value());
    seen.push_back(std::get<Task>(*event).record.seq);
  };
  see();
  auto status = std::async(std::launch::async, [&] { return bus.status(); });  // takes in the other two
  master.hear_until<GetStatus>();
  master.say(first, {0, Lost{}}, {});
  Heard second = master.welcome(6);
  master.answer(master.hear_until<GetStatus>(), Status{});
  ASSERT_TRUE(status.get().ok());
  for (Seq seq = 1; seq <= 4; seq++) master.say(second, {0, task_of(seq)}, FakeMaster::key(6));
  for (int i = 0; i < 3; i++) see();
  EXPECT_EQ(seen, (std::vector<Seq>{1, 2, 3, 4}));
}

// A master that restarted has forgotten an upload; what was pushed behind it names it as a precursor.
TEST_P(Zmq, WhatDependsOnALostUploadIsPushedAgainBehindIt) {
  FakeMaster master(fresh_address());
  Bus bus(connect(master.address()));
  auto joined = std::async(std::launch::async, [&] { return bus.join(hello_of(Role::kConsumer)); });
  master.welcome(5);
  ASSERT_TRUE(joined.get().ok());
  NewDescriptor large, child;
  large.descriptor = object_with(std::string(kMaxInlineValue + 1, 'x'));
  child.descriptor = make_child(large.descriptor, "tester", "/child", Value::of("c"), Kind::kText);
  auto pushed = std::async(std::launch::async, [&] {
    auto done = bus.push(large);
    if (done) done = bus.push(child);
    return done ? bus.flush() : done;
  });
  master.answer(master.hear_until<ValueAppend>(), Done{});
  Heard first = master.hear_until<Push>(), second = master.hear_until<Push>();
  master.answer(first, Failure{Code::kUnavailable, "begin again"});
  master.answer(second, Failure{Code::kNotFound, "no such precursor"});
  master.answer(master.hear_until<ValueAppend>(), Done{});
  Heard again = master.hear_until<Push>();
  EXPECT_EQ(std::get<Push>(again.message.body).item.descriptor.selector, large.descriptor.selector);
  master.answer(again, Pushed{1, true});
  Heard behind = master.hear_until<Push>();
  EXPECT_EQ(std::get<Push>(behind.message.body).item.descriptor.selector, child.descriptor.selector);
  master.answer(behind, Failure{Code::kNotFound, "no such precursor"});
  EXPECT_EQ(pushed.get().error().code, Code::kNotFound) << "now it is an error";
}

TEST_P(Zmq, AProducerSaysWhatItGoesOnWith) {
  FakeMaster master(fresh_address());
  Bus bus(connect(master.address()));
  auto joined = std::async(std::launch::async, [&] { return bus.join(hello_of(Role::kProducer)); });
  Heard first = master.welcome(5);
  ASSERT_TRUE(joined.get().ok());
  auto opened =
      std::async(std::launch::async, [&] { return bus.open_submission(object_with("n"), Lane::kNormal); });
  master.answer(master.hear_until<OpenSubmission>(), Opened{17});
  ASSERT_TRUE(opened.get().ok());
  master.say(first, {0, Lost{}}, {});
  EXPECT_EQ(std::get<Hello>(master.welcome(6).message.body).submission, 17u);
}

TEST_P(Zmq, TheEndOfAVoidTaskIsNotSaidInTheNextSession) {
  FakeMaster master(fresh_address());
  auto channel = connect(master.address());
  Heard first = join(*channel, master, 5);
  master.say(first, {0, task_of(3)}, FakeMaster::key(5));
  EXPECT_EQ(receive<Task>(*channel).record.seq, 3u);
  master.say(first, {0, Lost{}}, {});
  master.welcome(6);
  ASSERT_TRUE(channel->send({0, Finish{3, Outcome::kDone, {}, {}}}).ok());  // the agent does not know yet
  ASSERT_TRUE(channel->send({17, GetStatus{}}).ok());
  Heard heard = master.hear();
  while (std::holds_alternative<Heartbeat>(heard.message.body)) heard = master.hear();
  EXPECT_TRUE(std::holds_alternative<GetStatus>(heard.message.body));
  receive<Lost>(*channel);
  ASSERT_TRUE(channel->send({0, Finish{6, Outcome::kDone, {}, {}}}).ok());
  EXPECT_EQ(std::get<Finish>(master.hear_until<Finish>().message.body).seq, 6u);
}

TEST_P(Zmq, AMasterThatRefusesToGoOnEndsTheBus) {
  FakeMaster master(fresh_address());
  auto channel = connect(master.address());
  Heard first = join(*channel, master, 5);
  ASSERT_TRUE(channel->send({17, GetStatus{}}).ok());
  master.hear_until<GetStatus>();
  master.say(first, {0, Lost{}}, {});
  master.answer(master.hear_until<Hello>(), Failure{Code::kProtocol, "too old"});
  receive<Lost>(*channel);
  EXPECT_EQ(receive<Failure>(*channel).message, "too old");
  EXPECT_FALSE(channel->receive({}).has_value());
  EXPECT_TRUE(channel->closed());
}

TEST_P(Zmq, AnAnswerThatComesTwiceIsGivenOnce) {
  FakeMaster master(fresh_address());
  auto channel = connect(master.address());
  join(*channel, master, 5);
  ASSERT_TRUE(channel->send({17, GetStatus{}}).ok());
  Heard call = master.hear_until<GetStatus>();
  master.answer(call, Status{});
  master.answer(call, Status{});
  master.say(call, {0, task_of(3)}, call.session);
  receive<Status>(*channel);
  EXPECT_EQ(receive<Task>(*channel).record.seq, 3u);
}

TEST_P(Zmq, NothingIsDroppedWhenTheMasterIsSlow) {
  FakeMaster master(fresh_address());
  auto channel = connect(master.address());
  join(*channel, master, 5);
  constexpr uint64_t kCalls = 3000;  // far more than both queues hold
  for (uint64_t i = 1; i <= kCalls; i++) {
    ASSERT_TRUE(channel->send({i, ValueAppend{i, 0, std::string(10'000, 'x')}}).ok());
  }
  for (uint64_t i = 1; i <= kCalls; i++) {
    Heard heard = master.hear_until<ValueAppend>();
    ASSERT_EQ(heard.message.request, i);
    master.answer(heard, Done{});
  }
  for (uint64_t i = 1; i <= kCalls; i++) receive<Done>(*channel);
}

}  // namespace
}  // namespace rebus::zmq_test
