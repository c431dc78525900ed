#include "tests/support/bare_master.h"

#include <stdexcept>

namespace rebus {

BareMaster::BareMaster(MasterOptions options) : options_(std::move(options)), storage_(*open_storage({})) {
  restart();
}

BareMaster::~BareMaster() = default;

void BareMaster::restart() {
  tasks_.clear();
  master_ = *Master::start(*storage_, options_, now_);
}

void BareMaster::pass(std::chrono::milliseconds time) {
  now_.steady += time;
  now_.utc_ns += std::chrono::nanoseconds(time).count();
  master_->tick(now_);
  settle();
}

PeerId BareMaster::join(Hello hello) {
  if (hello.prefixes.empty()) hello.prefixes = {"/"};
  PeerId peer = next_peer_++;
  Body answer = ask(peer, std::move(hello));
  if (auto* failure = std::get_if<Failure>(&answer)) throw std::runtime_error(failure->message);
  tokens_[peer] = std::get<Welcome>(answer).token;
  return peer;
}

PeerId BareMaster::join(Role role, const std::string& agent) {
  Hello hello;
  hello.role = role;
  hello.agent = agent;
  hello.credit = 4;
  return join(std::move(hello));
}

uint64_t BareMaster::start_asking(PeerId peer, Body call) {
  uint64_t request = next_request_++;
  master_->handle(peer, {request, std::move(call)}, now_);
  settle();
  return request;
}

Body BareMaster::ask(PeerId peer, Body call) {
  uint64_t request = start_asking(peer, std::move(call));
  auto it = answers_.find(request);
  if (it == answers_.end()) throw std::runtime_error("the master did not answer");
  Body answer = std::move(it->second);
  answers_.erase(it);
  return answer;
}

void BareMaster::tell(PeerId peer, Body message) {
  master_->handle(peer, {0, std::move(message)}, now_);
  settle();
}

void BareMaster::settle() {
  for (Outgoing& out : *master_->settle()) {
    if (auto* task = std::get_if<Task>(&out.message.body)) {
      tasks_[out.peer].push_back(std::move(*task));
    } else if (auto* bulk = std::get_if<BulkTask>(&out.message.body)) {
      bulks_[out.peer].push_back(*bulk);
    } else if (out.message.request == 0) {
      unasked_[out.peer].push_back(std::move(out.message.body));
    } else {
      answers_[out.message.request] = std::move(out.message.body);
    }
  }
}

std::deque<BulkTask> BareMaster::bulks(PeerId peer) { return std::exchange(bulks_[peer], {}); }

std::deque<Task> BareMaster::tasks(PeerId peer) { return std::exchange(tasks_[peer], {}); }

std::deque<Body> BareMaster::unasked(PeerId peer) { return std::exchange(unasked_[peer], {}); }

SubmissionId BareMaster::open(PeerId producer, const std::string& note, Lane lane) {
  Descriptor d = make_object(Domain(), std::string(kSubmissionPath), note, Value::of(note), "inject");
  return std::get<Opened>(ask(producer, OpenSubmission{d, lane})).submission;
}

Descriptor BareMaster::inject(PeerId producer, SubmissionId submission, const std::string& name) {
  Descriptor d = make_object(Domain(), "/binary/elf", name, Value::of(name), "inject");
  push(producer, d, submission, OriginClaim{{}, name, 0});
  return d;
}

Body BareMaster::push(PeerId peer, Descriptor d, SubmissionId submission, std::optional<OriginClaim> origin) {
  NewDescriptor item;
  item.descriptor = std::move(d);
  item.origin = std::move(origin);
  return ask(peer, Push{std::move(item), submission});
}

void BareMaster::close(PeerId producer, SubmissionId submission) {
  ask(producer, CloseSubmission{submission});
}

Code refusal(const Body& answer) {
  const auto* failure = std::get_if<Failure>(&answer);
  return failure == nullptr ? Code{} : failure->code;
}

std::vector<std::string> handle_all(BareMaster& master, PeerId consumer) {
  std::vector<std::string> labels;
  for (auto tasks = master.tasks(consumer); !tasks.empty(); tasks = master.tasks(consumer)) {
    for (Task& task : tasks) {
      labels.push_back(task.record.descriptor.label);
      master.tell(consumer, Finish{task.record.seq, Outcome::kDone, {}, {}});
    }
  }
  return labels;
}

Hello consumer_hello(const std::string& agent, const std::string& prefix, const std::string& domain) {
  Hello hello;
  hello.role = Role::kConsumer;
  hello.agent = agent;
  hello.domain = *Domain::parse(domain);
  hello.prefixes = {prefix};
  hello.objects_only = true;
  hello.credit = 4;
  return hello;
}

PeerId join_objects_consumer(BareMaster& master, const std::string& agent, uint32_t credit) {
  Hello hello = consumer_hello(agent);
  hello.credit = credit;
  return master.join(hello);
}

SubmissionId submit(BareMaster& master, const std::string& name) {
  PeerId producer = master.join(Role::kProducer, "inject");
  SubmissionId submission = master.open(producer, name);
  master.inject(producer, submission, name);
  master.close(producer, submission);
  return submission;
}

}  // namespace rebus
