// monitor: shows everything that comes onto the bus.
#include "agents/support/rendering.h"
#include "agents/support/utc.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

constexpr const char* kRule = "------------------------------------------------------------------------\n";
constexpr size_t kColumn = 12;  // where values begin

class Monitor final : public Agent {
 public:
  explicit Monitor(const Setting& setting) : setting_(setting) {}

  Result<void> process(Work& work) override {
    auto text = work.origin() != nullptr ? origin(work) : descriptor(work.record());
    if (!text) return text.error();
    setting_.out.write(*text);
    return {};
  }

 private:
  Result<std::string> descriptor(const Record& record) const {
    if (wants_json(setting_)) {
      JsonObject json = metadata_json(record, nullptr);
      auto added = add_value(json, record.descriptor, kShownShort);
      return added ? json.str() + "\n" : Result<std::string>(added.error());
    }
    auto value = short_value_block(record.descriptor, kColumn);
    if (!value) return value;
    return kRule + what(record) + whence(record) + field("value") + *value;
  }

  std::string what(const Record& record) const {
    const Descriptor& d = record.descriptor;
    std::string text = line("selector", d.selector.str()) + line("label", shown_name(setting_, d.label));
    text += line("uuid", d.uuid.str()) + line("domain", d.domain.str());
    if (d.version > 0) text += line("version", std::to_string(d.version));
    if (!d.file_type.words.empty()) text += line("file type", escape(d.file_type.words));
    return text + line("size", counted(record.value_size, "byte") + " of " + kind_name(d.kind)) +
           line("sha256", record.value_digest.hex());
  }

  std::string whence(const Record& record) const {
    const Descriptor& d = record.descriptor;
    std::string text;
    for (const Selector& precursor : d.precursors) text += line("precursor", precursor.str());
    text += line("agent", escape(d.agent + " " + d.producer_version + " on " + d.host));
    text += line("stored", utc_text(d.stored_at_ns) + ", position " + std::to_string(record.seq) +
                               ", submission " + std::to_string(record.submission));
    return text + line("time", std::to_string(d.processing_time_us) + " microseconds");
  }

  // A file that is known already came in under a further name.
  Result<std::string> origin(Work& work) const {
    const Origin& origin = *work.origin();
    std::string container;
    if (origin.container != 0) {
      auto record = work.bus().get(origin.container);
      if (!record) return record.error();
      container = record->descriptor.selector.str();
    }
    const std::string selector = work.descriptor().selector.str();
    if (!wants_json(setting_)) {
      std::string text =
          kRule + line("selector", selector) + line("new name", shown_name(setting_, origin.name));
      return container.empty() ? text : text + line("inside of", container);
    }
    JsonObject json;
    json.add("selector", selector).add("new_name", origin.name).add("container", container);
    json.add("log_position", origin.seq).add("submission", origin.submission);
    return json.str() + "\n";
  }

  static std::string field(const std::string& name) {
    return name + ":" + std::string(kColumn - name.size() - 1, ' ');
  }
  static std::string line(const std::string& name, const std::string& text) {
    return field(name) + text + "\n";
  }

  Setting setting_;
};

constexpr const char* kHelp =
    R"(Prints everything that comes onto the bus: after a rule all metadata of each descriptor, and the first 500 bytes of its
value, escaped. When a file that is known already comes in under a further name, its selector, that name and the
container. On a networked bus monitor begins with what comes after it has started, and stays until it is stopped; in
one process it shows everything.

With -o json: one object per line, with all metadata and "value" or "value_base64"; "value_cut" tells that it is only the
begin. For a further name: selector, new_name, container (empty: it was injected), log_position and submission.

Examples:
  rebus_agent --bus zmq monitor
  rebus_agent --bus zmq --all-domains -o json monitor | jq -r .selector)";

}  // namespace

extern const AgentSpec monitor_agent;
const AgentSpec monitor_agent = {
    .name = "monitor",
    .summary = "show everything that comes onto the bus",
    .help = kHelp,
    .role = Role::kReader,
    .prefixes = {"/"},
    .starts_now = true,
    .make = [](const Setting& setting) -> std::unique_ptr<Agent> {
      return std::make_unique<Monitor>(setting);
    },
};

}  // namespace rebus
