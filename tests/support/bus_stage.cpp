#include "tests/support/bus_stage.h"

#include <cstdlib>
#include <iostream>
#include <mutex>
#include <sstream>
#include <thread>

#include "storage/storage.h"

namespace rebus {
namespace {

class Recording final : public Output {
 public:
  void write(std::string_view bytes) override {
    std::lock_guard lock(mutex_);
    printed_.text += bytes;
  }
  void note(const std::string& line) override {
    std::lock_guard lock(mutex_);
    printed_.notes.push_back(line);
  }
  void progress(const std::string&) override {}
  void input_failed() override {}
  void incomplete() override {
    std::lock_guard lock(mutex_);
    printed_.is_incomplete = true;
  }
  void submitted(SubmissionId) override {}
  Printed take() {
    std::lock_guard lock(mutex_);
    return std::move(printed_);
  }

 private:
  std::mutex mutex_;
  Printed printed_;
};

// A test that cannot go on.
[[noreturn]] void give_up(const Error& error) {
  std::cerr << "bus stage: " << error.message << std::endl;
  std::abort();
}

template <class T>
T must(Result<T> result) {
  if (!result) give_up(result.error());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

Options options_of(const Called& called) {
  Options options;
  for (const auto& [name, values] : called.options) options.set(name, values);
  options.set_arguments(called.arguments);
  return options;
}

std::unique_ptr<Bus> joined(Connector& connector, const Hello& hello) {
  auto bus = std::make_unique<Bus>(must(connector.connect()));
  must(bus->join(hello));
  return bus;
}

Hello hello_as(Role role, const std::string& agent) {
  Hello hello;
  hello.role = role;
  hello.agent = agent;
  return hello;
}

// An agent in its own thread.
class RunningAgent final : public BusStage::Running {
 public:
  RunningAgent(Connector& connector, const std::string& agent, const Called& called)
      : options_(options_of(called)), spec_(*find_agent(agent)), setting_{options_,
                                                                          must(Domain::parse(called.domain)),
                                                                          called.format,
                                                                          called.raw_names,
                                                                          called.all_domains,
                                                                          false,
                                                                          {},
                                                                          out_} {
    bool own_domain = spec_.role == Role::kReader && !called.all_domains;
    bus_ = joined(connector, must(make_hello(spec_, options_, setting_.domain, own_domain)));
    thread_ = std::thread([this] { ended_ = run_agent(spec_, setting_, *bus_, counts_, true); });
  }
  ~RunningAgent() override {
    if (thread_.joinable()) thread_.join();
  }
  Printed end() override {
    thread_.join();
    Printed printed = out_.take();
    printed.ended = ended_;
    return printed;
  }

 private:
  Options options_;
  const AgentSpec& spec_;
  Recording out_;
  Setting setting_;
  std::unique_ptr<Bus> bus_;
  RunCounts counts_;
  Result<void> ended_;
  std::thread thread_;
};

}  // namespace

std::vector<std::string> Printed::lines() const {
  std::vector<std::string> out;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) out.push_back(line);
  return out;
}

BusStage::BusStage() : storage_(must(open_storage({}))) {
  MasterOptions options;
  options.expire_sessions = false;
  server_ = must(InprocServer::start(*storage_, options));
}

BusStage::~BusStage() {
  producer_.reset();
  server_->stop();
}

// Joined when it is needed: a producer that has not injected yet keeps the bus from being idle.
Bus& BusStage::producer() {
  if (!producer_) producer_ = joined(server_->connector(), hello_as(Role::kProducer, "stage"));
  return *producer_;
}

Descriptor BusStage::inject(const std::string& name, const std::string& path, const std::string& bytes,
                            const std::string& domain, const FileType& type) {
  Domain in = must(Domain::parse(domain));
  if (submission_ == 0) {
    Descriptor note =
        make_object(in, std::string(kSubmissionPath), name, Value::of(name), "stage", random_salt());
    submission_ = must(producer().open_submission(note, Lane::kNormal));
  }
  NewDescriptor item{make_object(in, path, name, Value::of(bytes), "stage"), OriginClaim(), 0};
  item.origin->name = name;
  item.origin->ordinal = ordinal_++;
  item.descriptor.file_type = type;
  return push(std::move(item), submission_);
}

Descriptor BusStage::extract(const Descriptor& container, const std::string& name, const std::string& path,
                             const std::string& bytes, bool replaces, std::optional<uint64_t> ordinal) {
  NewDescriptor item{make_object(container.domain, path, name, Value::of(bytes), "stage"), OriginClaim(), 0};
  item.origin->container = container.selector;
  item.origin->name = name;
  item.origin->ordinal = ordinal ? *ordinal : ordinal_++;
  item.origin->replaces = replaces;
  return push(std::move(item), 0);
}

Descriptor BusStage::result(const Descriptor& parent, const std::string& path, const std::string& value,
                            Kind kind) {
  return push({make_child(parent, "stage", path, Value::of(value), kind), std::nullopt, 0}, 0);
}

Descriptor BusStage::joint_result(const Descriptor& first, const Descriptor& second, const std::string& path,
                                  const std::string& value) {
  Descriptor joint = make_child(first, "stage", path, Value::of(value), Kind::kText);
  joint.precursors.push_back(second.selector);
  joint.selector = Selector::of(path, identity(joint));
  return push({joint, std::nullopt, 0}, 0);
}

Descriptor BusStage::push(NewDescriptor item, SubmissionId submission) {
  Descriptor pushed = item.descriptor;
  must(producer().push(std::move(item), submission));
  must(producer().flush());
  return pushed;
}

void BusStage::close() {
  if (submission_ != 0) must(producer().close_submission(submission_));
  submission_ = 0;
}

Printed BusStage::run(const std::string& agent, const Called& called) {
  close();
  return start(agent, called)->end();
}

std::unique_ptr<BusStage::Running> BusStage::start(const std::string& agent, const Called& called) {
  return std::make_unique<RunningAgent>(server_->connector(), agent, called);
}

void BusStage::consume(const AgentSpec& spec, const Called& called) {
  Options options = options_of(called);
  Recording out;
  Setting setting{options, Domain(), "text", false, false, false, {}, out};
  auto bus = joined(server_->connector(), must(make_hello(spec, options, Domain(), false)));
  RunCounts counts;
  std::thread thread([&] { (void)run_agent(spec, setting, *bus, counts, false); });
  must(client()->wait_idle());
  bus->interrupt();
  thread.join();
}

std::unique_ptr<Bus> BusStage::client() {
  return joined(server_->connector(), hello_as(Role::kClient, "test"));
}

Result<void> declared(const std::string& agent, const Called& called) {
  Options options = options_of(called);
  auto hello = make_hello(*find_agent(agent), options, Domain(), false);
  return hello ? Result<void>() : hello.error();
}

}  // namespace rebus
