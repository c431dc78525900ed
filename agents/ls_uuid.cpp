// ls_uuid: lists what was analysed: each uuid, and the names of its file.
#include "agents/support/current_names.h"
#include "agents/support/named_records.h"
#include "agents/support/option_values.h"
#include "agents/support/rendering.h"

namespace rebus {
namespace {

class LsUuid final : public Agent {
 public:
  explicit LsUuid(const Setting& setting)
      : setting_(setting), domain_(*domain_option(setting.options, setting.domain)) {}

  Result<void> run(Bus& bus) override {
    if (setting_.all_domains) {
      return Error{Code::kInvalid, "ls_uuid lists one domain: name it with --domain, without --all-domains"};
    }
    auto names = CurrentNames::begin(bus);
    if (!names) return names.error();
    for (Uuid last;;) {
      auto page = bus.uuids(domain_, last);
      if (!page) return page.error();
      if (page->empty()) return {};
      last = page->back().uuid;
      auto listed = list(bus, *page, *names);
      if (!listed) return listed;
    }
  }

 private:
  Result<void> list(Bus& bus, const std::vector<LabelledUuid>& page, CurrentNames& names) {
    for (const LabelledUuid& entry : page) {
      auto first = first_of_uuid(bus, domain_, entry.uuid);
      if (!first) return first.error();
      auto listed = *first ? list(**first, names) : Result<void>();
      if (!listed) return listed;
    }
    return {};
  }

  Result<void> list(const Record& record, CurrentNames& current) {
    const Descriptor& d = record.descriptor;
    if (d.selector.path() == kSubmissionPath) return {};  // the note of an injection is nothing analysed
    auto names = current.of(record);
    if (!names) return names.error();
    if (wants_json(setting_)) {
      setting_.out.write(metadata_json(record, &*names).str() + "\n");
      return {};
    }
    for (const auto& name : names->names) {
      setting_.out.write(d.uuid.str() + " " + shown_name(setting_, name) + "\n");
    }
    if (names->more) cut_names_.note(setting_, record);
    return {};
  }

  Setting setting_;
  Domain domain_;
  CutNames cut_names_;
};

Result<void> declare(const Options& options, Hello&) {
  auto domain = domain_option(options, Domain());
  return domain ? Result<void>() : domain.error();
}

constexpr const char* kHelp =
    R"(Prints the uuid of every file in the domain and its name, in the order of the uuids, one line per name:

  UUID NAME

A uuid groups a file and all that agents made of it. In one process ls_uuid waits until all work is done.

With -o json: one object per file and line, with all metadata of the file and its names.

Examples:
  rebus_agent --bus zmq ls_uuid
      0b8a3c5e-5a0e-5f0e-8d3c-3f1c8c0a9d11 apt1.tgz:bash
  rebus_agent --bus zmq ls_uuid --domain case7)";

}  // namespace

extern const AgentSpec ls_uuid_agent;
const AgentSpec ls_uuid_agent = {
    .name = "ls_uuid",
    .summary = "list the uuids of files, with their names",
    .help = kHelp,
    .role = Role::kClient,
    .options = {{.name = "--domain",
                 .metavar = "DOMAIN",
                 .help = "list this domain instead of that of -d",
                 .fallback = {}}},
    .waits_for_idle = true,
    .make = [](const Setting& setting) -> std::unique_ptr<Agent> {
      return std::make_unique<LsUuid>(setting);
    },
    .declare = declare,
};

}  // namespace rebus
