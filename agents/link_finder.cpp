// link_finder: links files for which an agent gave equal values.
#include <algorithm>
#include <unordered_map>

#include "agents/support/option_values.h"
#include "bus/agent.h"

namespace rebus {
namespace {

constexpr const char* kAgent = "link_finder";
// Everything but /link, as RE2 knows no "not": the links that it makes are not even handed out.
constexpr const char* kNoLinks = "^/([^l]|l[^i]|li[^n]|lin[^k]|link[^/])";
// What is drawn of links, and notes of injections, tell nothing about files.
constexpr std::string_view kUnlinked[] = {"/graph", kSubmissionPath};
constexpr size_t kMaxKept = 64 << 20;  // bytes, roughly

// Descriptors on one type path with equal values are a class. Each is linked to the first of its class in the
// log: what is stored once never gets a smaller position, so the first is the same whoever asks, whenever.
class LinkFinder final : public Agent {
 public:
  bool accepts(Work& work) override {
    const Descriptor& d = work.descriptor();
    auto has_it = [&](std::string_view prefix) { return covers(prefix, d.selector.path()); };
    return d.value.size() > 0 && std::ranges::none_of(kUnlinked, has_it);
  }

  Result<void> process(Work& work) override {
    const Descriptor& d = work.descriptor();
    auto first = first_like(work);
    if (!first) return first.error();
    if (first->uuid == d.uuid) return {};  // itself, or another result of the same file
    const std::string& path = d.selector.path();
    std::string type = path.substr(1);
    std::ranges::replace(type, '/', '-');
    if (!is_type_path("/link/" + (kAgent + ("/" + type)))) {
      return Error{Code::kLimit, "the type path is too long to name a link after it"};
    }
    auto [here, there] = make_links(d, *first, kAgent, {type, "equal values of " + path, true});
    auto pushed = push(work, std::move(here));
    return pushed ? push(work, std::move(there)) : pushed;
  }

 private:
  static Result<void> push(Work& work, Descriptor link) {
    NewDescriptor item;
    item.descriptor = std::move(link);
    return work.push(std::move(item));
  }

  Result<Descriptor> first_like(Work& work) {
    const Descriptor& d = work.descriptor();
    std::string key = d.domain.str() + d.selector.path() + "%" + d.value.digest().hex();
    if (auto it = firsts_.find(key); it != firsts_.end()) return it->second;
    auto first = find_first(work);
    if (!first) return first.error();
    bytes_ += 2 * key.size() + first->label.size() + sizeof(Descriptor);
    if (bytes_ > kMaxKept) firsts_.clear(), bytes_ = 0;
    return firsts_[key] = *std::move(first);
  }

  // What a link needs of it.
  static Result<Descriptor> find_first(Work& work) {
    const Descriptor& d = work.descriptor();
    Find query;
    query.by = By::kDigest;
    query.text = d.value.digest().hex();
    query.domain = d.domain;
    Seq first = work.record().seq;
    Descriptor found = d;
    auto searched = work.bus().for_each(query, [&](Record& record) {
      const Descriptor& other = record.descriptor;
      bool is_alike = other.selector.path() == d.selector.path() && other.value.digest() == d.value.digest();
      if (is_alike && record.seq < first) first = record.seq, found = std::move(record.descriptor);
      return true;
    });
    if (!searched) return searched.error();
    return bare(found);
  }

  static Descriptor bare(const Descriptor& d) {
    Descriptor out;
    out.domain = d.domain;
    out.selector = d.selector;
    out.label = d.label;
    out.uuid = d.uuid;
    return out;
  }

  std::unordered_map<std::string, Descriptor> firsts_;  // by domain, path and value
  size_t bytes_ = 0;
};

Result<void> declare(const Options& options, Hello& hello) {
  hello.selector_regex = kNoLinks;
  return declare_prefixes(options, hello);
}

constexpr const char* kHelp =
    R"(Takes files and results (--selector-prefix: some of them) and links those of different files that have equal values on
one type path: a pair of /link/link_finder/TYPE, one for each of the two, symmetric. TYPE is the type path with dashes:
/signature/imphash gives /link/link_finder/signature-imphash. Links, graphs and empty values are not linked.

Each is linked to the one of its class that was stored first, not to all others: what belongs together is connected all the
same, and a thousand equal values give 999 pairs instead of 499,500.

Examples:
  rebus_agent inject samples/* -- file_id link_finder -- :: \
      link_grapher /link/link_finder/file_id -- dotrenderer return /graph/svg --raw > links.svg
  rebus_agent hasher --algorithms sha256 link_finder -s /signature inject a.zip b.zip -- return --short ^/link)";

}  // namespace

extern const AgentSpec link_finder_agent;
const AgentSpec link_finder_agent = {
    .name = kAgent,
    .summary = "link files for which agents gave equal values",
    .help = kHelp,
    .role = Role::kConsumer,
    .prefixes = {"/"},
    .yields = {"/link/link_finder"},
    .options = {{.name = "-s,--selector-prefix",
                 .metavar = "PREFIX",
                 .help = "link what stands under these type paths only",
                 .fallback = "/",
                 .list = true}},
    .make = [](const Setting&) -> std::unique_ptr<Agent> { return std::make_unique<LinkFinder>(); },
    .declare = declare,
};

}  // namespace rebus
