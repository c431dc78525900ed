#include "tests/support/run_once.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "descriptor/spool.h"
#include "tests/support/bus_stage.h"

namespace rebus {
namespace {

class SilentOutput final : public Output {
 public:
  void write(std::string_view) override {}
  void note(const std::string&) override {}
  void progress(const std::string&) override {}
  void input_failed() override {}
  void incomplete() override {}
};

class WorkOnce final : public Work {
 public:
  WorkOnce(const AgentSpec& spec, Record record, std::vector<NewDescriptor>& pushed)
      : spec_(spec), record_(std::move(record)), pushed_(pushed) {}

  const Record& record() const override { return record_; }
  const Origin* origin() const override { return nullptr; }
  Bus& bus() override {
    if (!stage_) stage_ = std::make_unique<BusStage>();
    if (!bus_) bus_ = stage_->client();
    return *bus_;
  }
  std::unique_ptr<ValueWriter> new_value() override { return spool_.create(); }

  Result<void> progress() override { return {}; }
  const Record* slot(std::string_view) const override { return nullptr; }
  Result<void> keep(uint32_t, std::string) override { return {}; }
  Error later(std::string reason, std::chrono::milliseconds, uint32_t) override {
    return {Code::kTryLater, std::move(reason)};
  }
  Result<void> push(std::string path, std::string value, Kind kind) override {
    if (!is_type_path(path)) return Error{Code::kInvalid, "agent pushes to an invalid type path"};
    NewDescriptor item;
    item.descriptor =
        make_child(descriptor(), spec_.name, std::move(path), Value::of(std::move(value)), kind);
    return push(std::move(item), {});
  }
  Result<void> push(NewDescriptor item, std::vector<NewDescriptor> results) override {
    results.insert(results.begin(), std::move(item));
    for (NewDescriptor& one : results) {
      one.descriptor.agent = spec_.name;
      pushed_.push_back(std::move(one));
    }
    return {};
  }

 private:
  const AgentSpec& spec_;
  Record record_;
  std::vector<NewDescriptor>& pushed_;
  Spool spool_;
  std::unique_ptr<BusStage> stage_;  // made when it is asked for
  std::unique_ptr<Bus> bus_;
};

bool wants(const Hello& hello, const Descriptor& descriptor) {
  if (hello.objects_only && !descriptor.is_object()) return false;
  return std::ranges::any_of(
      hello.prefixes, [&](const std::string& prefix) { return covers(prefix, descriptor.selector.path()); });
}

Record record_of(const Descriptor& descriptor, uint32_t level) {
  Record record;
  record.seq = record.object = 1;
  record.submission = 1;
  record.level = level;
  record.descriptor = descriptor;
  record.value_size = descriptor.value.size();
  record.value_digest = descriptor.value.digest();
  return record;
}

}  // namespace

std::vector<NewDescriptor> RunOnce::under(std::string_view prefix) const {
  std::vector<NewDescriptor> found;
  std::ranges::copy_if(pushed, std::back_inserter(found), [&](const NewDescriptor& item) {
    return covers(prefix, item.descriptor.selector.path());
  });
  return found;
}

std::string RunOnce::text(std::string_view path) const {
  auto found = under(path);
  if (found.size() != 1) return {};
  auto text = found.front().descriptor.value.load(16 << 20);
  return text ? *text : std::string();
}

RunOnce run_once(const AgentSpec& spec, const Descriptor& descriptor, const Options& options,
                 const Limits& limits, uint32_t level) {
  RunOnce run;
  Hello hello;
  hello.prefixes = spec.prefixes;
  hello.yields = spec.yields;
  hello.objects_only = spec.objects_only;
  if (spec.declare != nullptr) {
    if (auto declared = spec.declare(options, hello); !declared) {
      run.error = declared.error();
      return run;
    }
  }
  run.wanted = wants(hello, descriptor);
  if (!run.wanted) return run;
  SilentOutput output;
  Setting setting{options, descriptor.domain, "text", false, false, false, limits, output};
  auto agent = spec.make(setting);
  WorkOnce work(spec, record_of(descriptor, level), run.pushed);
  run.accepted = agent->accepts(work);
  if (!run.accepted) return run;
  if (auto processed = agent->process(work); !processed) run.error = processed.error();
  for (const NewDescriptor& item : run.pushed) {
    const std::string& path = item.descriptor.selector.path();
    bool is_declared =
        std::ranges::any_of(hello.yields, [&](const auto& yielded) { return covers(yielded, path); });
    if (!is_declared) ADD_FAILURE() << spec.name << " does not declare that it yields " << path;
  }
  return run;
}

Descriptor object_of(std::string path, std::string label, std::string bytes) {
  return make_object(Domain(), std::move(path), std::move(label), Value::of(std::move(bytes)), "inject");
}

}  // namespace rebus
