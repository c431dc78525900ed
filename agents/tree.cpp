// tree: a submission as a tree of names, types and who handled what.
#include <algorithm>
#include <charconv>
#include <unordered_set>

#include "agents/support/current_names.h"
#include "agents/support/tree_drawing.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

// Deeper levels are left out, visibly; the bus itself allows no more archives in archives by default.
constexpr size_t kMaxLevels = 64;

class Tree final : public Agent {
 public:
  explicit Tree(const Setting& setting) : setting_(setting), drawing_(setting_) {}

  Result<void> run(Bus& bus) override {
    bus_ = &bus;
    auto status = bus.status();
    if (!status) return status.error();
    head_ = status->head;
    const auto& arguments = setting_.options.arguments();
    if (arguments.empty()) return draw_last_submission();
    const std::string& what = arguments.front();
    if (what.starts_with('/')) return draw_selector(what);
    SubmissionId id = 0;
    auto [end, failed] = std::from_chars(what.data(), what.data() + what.size(), id);
    bool is_number = failed == std::errc() && end == what.data() + what.size();
    return is_number ? draw_submission(id) : draw_name(what);
  }

 private:
  Find query(By by) const {
    Find query;
    query.by = by;
    query.domain = setting_.domain;
    query.all_domains = setting_.all_domains;
    return query;
  }

  Result<void> draw_last_submission() {
    Find last = query(By::kRegex);
    last.text = std::string(kSubmissionPath) + "/%";
    last.limit = 1;
    auto found = bus_->find(last);
    if (!found) return found.error();
    if (!found->records.empty()) return draw_submission(found->records.front().submission);
    setting_.out.note("tree: nothing was injected yet into domain " + setting_.domain.str());
    return {};
  }

  Result<void> draw_submission(SubmissionId id) {
    auto status = bus_->submission(id);
    if (!status) return status.error();
    auto note = bus_->get(status->submission.note);
    if (!note) return note.error();
    look_for_ = {status->submission.failures + status->known_failures > 0,
                 status->submission.limits + status->known_limits > 0};
    drawing_.draw_header(id, note->descriptor);
    auto drawn = draw_roots(id);
    if (drawn) drawing_.draw_footer(*status);
    return drawn;
  }

  Result<void> draw_roots(SubmissionId id) {
    Find roots = query(By::kRoots);
    roots.seq = id;
    std::unordered_set<Seq> seen;
    Result<void> drawn;
    auto found = bus_->for_each(roots, [&](Record& root) {
      if (seen.insert(root.seq).second) drawn = draw_injected(root, id);
      return drawn.ok();
    });
    return found ? drawn : found;
  }

  // Under each name that the submission gave it.
  Result<void> draw_injected(const Record& root, SubmissionId id) {
    auto origins = bus_->origins_of(root.seq, head_);
    if (!origins) return origins.error();
    for (const Origin& origin : *origins) {
      if (origin.container != 0 || origin.submission != id) continue;
      auto drawn = draw({origin.name, root, {}, 0, false, {}});
      if (!drawn) return drawn;
    }
    return {};
  }

  Result<void> draw_selector(const std::string& text) {
    auto selector = Selector::parse(text);
    if (!selector) return selector.error();
    auto record = bus_->get(setting_.domain, *selector);
    return record ? draw_object(*record) : record.error();
  }

  Result<void> draw_name(const std::string& name) {
    Find named = query(By::kName);
    named.text = name;
    Result<void> drawn;
    bool is_found = false;
    auto found = bus_->for_each(named, [&](Record& object) {
      is_found = true;
      drawn = draw_object(object);
      return drawn.ok();
    });
    if (!found) return found;
    if (!is_found) return Error{Code::kNotFound, "nothing came in under the name " + escape(name)};
    return drawn;
  }

  // Under each name that it has.
  Result<void> draw_object(const Record& record) {
    auto current = CurrentNames::begin(*bus_);
    if (!current) return current.error();
    auto names = current->of(record);
    if (!names) return names.error();
    for (const auto& name : names->names) {
      auto drawn = draw({name, record, {}, 0, false, {}});
      if (!drawn) return drawn;
    }
    return {};
  }

  // The node and everything below it.
  Result<void> draw(TreeNode node) {
    node.is_again = !drawn_.insert(node.record.seq).second;
    if (!node.is_again) {
      auto handling = handling_of(*bus_, node.record, look_for_);
      if (!handling) return handling.error();
      node.handling = *std::move(handling);
    }
    drawing_.draw(node, more_);
    return node.is_again ? Result<void>() : draw_contents(node);
  }

  Result<void> draw_contents(const TreeNode& container) {
    auto contents = bus_->contents_of(container.record.seq, head_);
    if (!contents) return contents.error();
    if (!contents->empty() && container.level == kMaxLevels) drawing_.draw_cut(container, more_);
    if (container.level == kMaxLevels) return {};
    std::sort(contents->begin(), contents->end(), [](const Origin& a, const Origin& b) {
      return std::pair(a.ordinal, a.seq) < std::pair(b.ordinal, b.seq);
    });
    more_.push_back(true);
    Result<void> drawn;
    for (size_t i = 0; i < contents->size() && drawn; i++) {
      more_.back() = i + 1 < contents->size();
      drawn = draw_member(container, (*contents)[i]);
    }
    more_.pop_back();
    return drawn;
  }

  Result<void> draw_member(const TreeNode& container, const Origin& origin) {
    auto record = bus_->get(origin.object);
    if (!record) return record.error();
    return draw({origin.name,
                 *std::move(record),
                 container.record.descriptor.selector.str(),
                 container.level + 1,
                 false,
                 {}});
  }

  Setting setting_;
  TreeDrawing drawing_;
  Bus* bus_ = nullptr;
  Seq head_ = 0;  // what came later is not drawn
  HandlingQuery look_for_;
  std::unordered_set<Seq> drawn_;
  std::vector<bool> more_;  // per level: whether more is to come on it
};

constexpr const char* kHelp =
    R"help(Draws what a submission (one call of inject) brought: every file under its name, what was found in it below it, with
type path, size and, in brackets, the agents that handled it. What went wrong follows in lines that begin with "!!":
an agent that failed, and limits, that is what was not examined. A file that stands in several places is drawn once;
later it is "(shown above)". The last line counts and tells whether the submission is complete.

WHAT is the number of a submission (around a master inject prints it), a selector, or a name (as for `ls --label`);
without it the last submission is drawn.

With -o json: one object per name, with name, level, selector, parent (selector of the container), type, size,
handled_by, failures and limits, or shown_above; at the end one object with the counts and "complete".

Examples:
  rebus_agent hasher unarchive inject apt1.tgz -- tree
      submission 1  apt1.tgz  2024-05-01T12:30:00Z
      apt1.tgz  /archive/tar  1.2 MiB  [unarchive]
      ├── bash  /binary/elf/x86_64  1.1 MiB  [hasher]
      └── broken.zip  /archive/zip  12.0 KiB
          !! unarchive failed: truncated
      1 injected, 2 extracted, 3 results, 1 failure, 0 limits: complete
  rebus_agent --bus zmq tree 17
  rebus_agent --bus zmq tree apt1.tgz)help";

}  // namespace

extern const AgentSpec tree_agent;
const AgentSpec tree_agent = {
    .name = "tree",
    .summary = "draw a submission: names, types, who handled what",
    .help = kHelp,
    .role = Role::kClient,
    .arguments = {"WHAT", "number of a submission, selector or name (default: the last submission)", 0, 1},
    .waits_for_idle = true,
    .make = [](const Setting& setting) -> std::unique_ptr<Agent> { return std::make_unique<Tree>(setting); },
};

}  // namespace rebus
