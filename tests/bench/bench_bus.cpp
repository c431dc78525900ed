#include "tests/bench/bench_bus.h"

#include <unistd.h>

#include <csignal>

#include "bus/zmq_channel.h"

namespace rebus {
namespace {

// Carries what process() calls to the agent that is made.
class Handler final : public Output {
 public:
  explicit Handler(const BenchConsumer::Handle& told) : handle(told) {}
  void write(std::string_view) override {}
  void note(const std::string&) override {}
  void progress(const std::string&) override {}
  void input_failed() override {}
  void incomplete() override {}
  const BenchConsumer::Handle& handle;
};

class Handling final : public Agent {
 public:
  explicit Handling(const BenchConsumer::Handle& handle) : handle_(handle) {}
  Result<void> process(Work& work) override {
    handle_(work);
    return {};
  }

 private:
  const BenchConsumer::Handle& handle_;
};

std::unique_ptr<Agent> make_handling(const Setting& setting) {
  return std::make_unique<Handling>(static_cast<Handler&>(setting.out).handle);
}

// From the line in which a master says that it listens; empty: it did not yet.
std::string address_in(const std::string& log) {
  constexpr std::string_view kWords = "listening on ";
  size_t at = log.find(kWords);
  return at == log.npos ? "" : log.substr(at + kWords.size(), log.find(',', at) - at - kWords.size());
}

}  // namespace

BenchBus::BenchBus(const std::string& storage, const std::string& transport)
    : storage_(storage), transport_(transport) {
  if (transport != "inproc") {
    start();
    return;
  }
  own_storage_ = must(open_storage({storage, storage == "ram" ? "" : folder_.at("db")}));
  own_server_ = must(InprocServer::start(*own_storage_, {}));
}

void BenchBus::start() {
  bool is_tcp = transport_ == "tcp";
  std::vector<std::string> words{"rebus_master", "--storage", storage_, "--busaddr",
                                 is_tcp ? "tcp://127.0.0.1:*" : "ipc://" + folder_.at("bus")};
  if (is_tcp) words.emplace_back("--insecure-tcp");
  if (storage_ != "ram") words.insert(words.end(), {"--path", "db"});
  master_ = std::make_unique<Process>(words, folder_.path());
  eventually([&] { return !(address_ = address_in(master_->err())).empty(); });
  must(join(Role::kClient)->status());
}

pid_t BenchBus::master() const { return master_ ? master_->pid() : getpid(); }

void BenchBus::restart() {
  master_->signal(SIGKILL);
  master_->wait();
  start();
}

std::unique_ptr<Bus> BenchBus::join(const Hello& hello) const {
  auto channel = own_server_ ? own_server_->connector().connect() : ZmqConnector(address_).connect();
  auto bus = std::make_unique<Bus>(must(std::move(channel)));
  must(bus->join(hello));
  return bus;
}

std::unique_ptr<Bus> BenchBus::join(Role role) const {
  Hello hello;
  hello.role = role;
  hello.agent = "bench";
  return join(hello);
}

BenchProducer::BenchProducer(const BenchBus& bus, Lane lane) : bus_(bus.join(Role::kProducer)) {
  auto note = make_object(Domain(), std::string(kSubmissionPath), "bench", Value::of("bench"), "bench",
                          random_salt());
  submission_ = must(bus_->open_submission(note, lane));
}

void BenchProducer::push(Descriptor d) {
  NewDescriptor item{std::move(d), OriginClaim(), 0};
  item.origin->name = item.descriptor.label;
  must(bus_->push(std::move(item), submission_));
}

SubmissionId BenchProducer::finish() {
  must(bus_->flush());
  must(bus_->close_submission(submission_));
  return submission_;
}

BenchConsumer::BenchConsumer(const BenchBus& bus, const std::string& name, const std::string& prefix,
                             Handle handle)
    : spec_{.name = name, .prefixes = {prefix}, .make = make_handling}, handle_(std::move(handle)) {
  bus_ = bus.join(must(make_hello(spec_, options_, Domain(), false)));
  thread_ = std::thread([this] {
    Handler handler(handle_);
    Setting setting{options_, Domain(), "text", false, false, true, {}, handler};
    (void)run_agent(spec_, setting, *bus_, counts_, false);  // ends with kStopped
  });
}

BenchConsumer::~BenchConsumer() {
  bus_->interrupt();
  thread_.join();
}

}  // namespace rebus
