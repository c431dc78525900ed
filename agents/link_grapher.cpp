// link_grapher: makes a graph of the links that are stored, for dotrenderer.
#include <nlohmann/json.hpp>
#include <optional>

#include "agents/support/box_label.h"
#include "agents/support/link_drawing.h"
#include "agents/support/option_values.h"
#include "agents/support/pattern.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

constexpr const char* kAgent = "link_grapher";
constexpr const char* kGraphPath = "/graph/dot/linkgraph";
constexpr std::string_view kLinkPath = "/link";
constexpr uint64_t kMaxLinks = 100'000;  // descriptors; halves of pairs count
constexpr uint64_t kMaxLinkValue = 64 << 10;
constexpr size_t kMaxBoxes = 100;

// The type as the type path tells it: letters, digits, `_`, `-` and `/`.
std::string type_of(const std::string& path) {
  size_t agent = path.find('/', kLinkPath.size() + 1);
  return agent == std::string::npos ? "link" : path.substr(agent + 1);
}

// Anybody can push what claims to be a link: nothing if it cannot be read.
std::optional<Link> link_of(const Descriptor& d, const std::string& value) {
  auto json = nlohmann::json::parse(value, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  auto text = [&](const char* key) {
    auto it = json.find(key);
    return it != json.end() && it->is_string() ? it->get<std::string>() : std::string();
  };
  auto other = Uuid::parse(text("otherUUID"));
  if (!other) return std::nullopt;
  std::string role = text("linkrole"), type = type_of(d.selector.path());
  if (role == "target") return Link{*other, d.uuid, type, true};
  return Link{d.uuid, *other, type, role == "src"};
}

class LinkGrapher final : public Agent {
 public:
  explicit LinkGrapher(const Setting& setting)
      : setting_(setting), left_(*count_option(setting.options, "limit", kMaxLinks)) {}

  Result<void> run(Bus& bus) override {
    if (setting_.all_domains)
      return Error{Code::kInvalid, "link_grapher draws one domain: name it with -d, without --all-domains"};
    for (const auto& regex : setting_.options.arguments()) {
      auto read = read_links(bus, regex);
      if (!read) return read;
    }
    if (unreadable_ > 0)
      setting_.out.note("link_grapher: " + counted(unreadable_, "link") + " cannot be read");
    if (graph_.links().empty()) {
      setting_.out.note(
          "link_grapher: there are no such links; it draws what is stored, so in a chain it stands "
          "behind `::`");
      return {};
    }
    auto drawing = draw(bus);
    return drawing ? push(bus, drawing->dot()) : drawing.error();
  }

 private:
  Result<void> read_links(Bus& bus, const std::string& regex) {
    Find query;
    query.by = By::kRegex;
    query.text = regex;
    query.domain = setting_.domain;
    Result<void> read;
    auto found = bus.for_each(query, [&](Record& record) {
      if (!covers(kLinkPath, record.descriptor.selector.path())) return true;
      is_cut_ = left_ == 0;
      if (is_cut_) return false;
      left_--;
      read = read_link(record);
      return read.ok();
    });
    return found ? read : found;
  }

  Result<void> read_link(const Record& record) {
    const Descriptor& d = record.descriptor;
    auto value = d.value.load(kMaxLinkValue);
    if (!value && value.error().code != Code::kLimit) return value.error();
    auto link = value ? link_of(d, *value) : std::nullopt;
    if (!link) {
      unreadable_++;
      return {};
    }
    graph_.add(std::move(*link));
    submission_ = std::max(submission_, record.submission);
    if (parents_.size() < kMaxPrecursors - 1) parents_.push_back(d.selector);
    return {};
  }

  Result<LinkDrawing> draw(Bus& bus) {
    auto names = CurrentNames::begin(bus);
    if (!names) return names.error();
    LinkDrawing drawing;
    drawing.title = counted(graph_.links().size(), "link") + " between " + counted(graph_.files(), "file");
    drawing.graph = graph_.boxed(kMaxBoxes);
    for (const Link& link : graph_.links()) drawing.types[link.type]++;
    for (const auto& box : drawing.graph.boxes) {
      auto label = box_label(bus, setting_.domain, box, *names, "with the same links");
      if (!label) return label.error();
      drawing.labels.push_back(*std::move(label));
    }
    if (drawing.graph.left_out > 0)
      drawing.notes.push_back(counted(drawing.graph.left_out, "file") +
                              " not shown: there would be more than " + std::to_string(kMaxBoxes) + " boxes");
    if (is_cut_) drawing.notes.push_back("older links not shown: --limit was reached");
    return drawing;
  }

  // It belongs to no single file: to the injection that brought the newest link.
  Result<void> push(Bus& bus, std::string dot) {
    auto status = bus.submission(submission_);
    if (!status) return status.error();
    auto note = bus.get(status->submission.note);
    if (!note) return note.error();
    NewDescriptor item;
    Descriptor& graph = item.descriptor;
    graph = make_child(note->descriptor, kAgent, kGraphPath, Value::of(std::move(dot)), Kind::kText);
    graph.label = "linkgraph";
    graph.precursors.insert(graph.precursors.end(), parents_.begin(), parents_.end());
    graph.selector = Selector::of(kGraphPath, identity(graph));
    auto pushed = bus.push(std::move(item));
    return pushed ? bus.flush() : pushed;
  }

  Setting setting_;
  uint64_t left_;  // links still to be read
  LinkGraph graph_;
  std::vector<Selector> parents_;  // the links
  SubmissionId submission_ = 0;    // the newest of theirs
  uint64_t unreadable_ = 0;
  bool is_cut_ = false;
};

Result<void> declare(const Options& options, Hello&) {
  auto limit = count_option(options, "limit", kMaxLinks);
  if (!limit) return limit.error();
  for (const auto& regex : options.arguments()) {
    if (auto pattern = Pattern::compile(regex); !pattern) return pattern.error();
  }
  return {};
}

constexpr const char* kHelp =
    R"(Draws the links that are stored (link_finder, unarchive): pushes one graph in DOT, /graph/dot/linkgraph, which
dotrenderer makes a picture of. Each REGEX (RE2) is matched from the start of the selector, and only what is under /link
counts. Boxes are the linked files, by their names and type path; lines are links, one colour per type.

So that the picture can be read, more than three files that are linked in the same ways to the same others share a box,
and above 100 boxes those of few files are left out; the picture says so in red. At most 100,000 links are read, newest
first (--limit).

It pushes and ends. In a chain it stands behind `::`, as it draws what is stored when it starts; in one process it waits
until every injection that it knows is handled.

Examples:
  rebus_agent inject samples/* -- file_id link_finder -- :: \
      link_grapher /link/link_finder/file_id -- dotrenderer return /graph/svg --raw > links.svg
  rebus_agent unarchive inject a.zip b.zip :: \
      link_grapher /link -- dotrenderer return /graph/svg --raw > everything.svg)";

}  // namespace

extern const AgentSpec link_grapher_agent;
const AgentSpec link_grapher_agent = {
    .name = kAgent,
    .summary = "make a graph of links",
    .help = kHelp,
    .role = Role::kProducer,  // what it pushes is worked on before the stage ends
    .yields = {kGraphPath},
    .options =
        {{.name = "--limit", .metavar = "N", .help = "read so many links at most", .fallback = "100000"}},
    .arguments = {"REGEX", "which links: matched from the start of the selector", 1, ArgumentsSpec::kMany},
    .waits_for_idle = true,
    .make = [](const Setting& setting) -> std::unique_ptr<Agent> {
      return std::make_unique<LinkGrapher>(setting);
    },
    .declare = declare,
};

}  // namespace rebus
