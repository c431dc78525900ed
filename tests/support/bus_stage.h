// BusStage: a bus in this process on which a test plays producer and unarchiver, and lets agents run.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bus/runner.h"
#include "master/inproc_server.h"

namespace rebus {

// What an agent printed.
struct Printed {
  std::string text;                // standard output
  std::vector<std::string> notes;  // standard error
  bool is_incomplete = false;
  Result<void> ended;

  // Of `text`, without their newlines.
  std::vector<std::string> lines() const;
};

// How an agent is called: what the command line would give.
struct Called {
  std::vector<std::string> arguments = {};
  std::map<std::string, std::vector<std::string>> options = {};  // by long name; flags without values
  std::string format = "text";
  bool raw_names = false;
  std::string domain = "default";
  bool all_domains = false;
};

class BusStage {
 public:
  BusStage();
  ~BusStage();

  // Each of these pushes and waits until it is stored. A submission is opened by the first inject().
  Descriptor inject(const std::string& name, const std::string& path, const std::string& bytes,
                    const std::string& domain = "default", const FileType& type = {});
  Descriptor extract(const Descriptor& container, const std::string& name, const std::string& path,
                     const std::string& bytes, bool replaces = false,
                     std::optional<uint64_t> ordinal = {});  // default: in the order of the calls
  Descriptor result(const Descriptor& parent, const std::string& path, const std::string& value,
                    Kind kind = Kind::kText);
  // Of both, first of all of `first`.
  Descriptor joint_result(const Descriptor& first, const Descriptor& second, const std::string& path,
                          const std::string& value);
  // Nothing more will be injected: else the bus is never idle. The next inject() opens another submission.
  void close();

  // Runs a reader or a client until the bus is idle (close() is called before).
  Printed run(const std::string& agent, const Called& called);
  // Starts a reader now; end() of the returned gives what it printed until the bus was idle. It is idle until
  // the first inject().
  class Running;
  std::unique_ptr<Running> start(const std::string& agent, const Called& called);
  // Lets a consumer handle everything there is.
  void consume(const AgentSpec& spec, const Called& called = {});
  // A session that asks.
  std::unique_ptr<Bus> client();

 private:
  Bus& producer();
  Descriptor push(NewDescriptor item, SubmissionId submission);

  std::unique_ptr<Storage> storage_;
  std::unique_ptr<InprocServer> server_;
  std::unique_ptr<Bus> producer_;
  SubmissionId submission_ = 0;
  uint64_t ordinal_ = 0;
};

// What declare() says to a call.
Result<void> declared(const std::string& agent, const Called& called);

class BusStage::Running {
 public:
  virtual ~Running() = default;
  virtual Printed end() = 0;
};

}  // namespace rebus
