// dotrenderer: draws graphs with Graphviz.
#include <algorithm>

#include "agents/support/child_program.h"
#include "agents/support/sandbox/told_layers.h"
#include "bus/agent.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

constexpr std::string_view kDotPath = "/graph/dot", kSvgPath = "/graph/svg";
constexpr const char* kProgram = "neato";
constexpr uint64_t kMaxGraph = 4 << 20;  // bytes of DOT
constexpr size_t kMaxReason = 500;       // bytes of what it complained

Error not_installed() {
  return {Code::kUnavailable,
          "there is no neato in $PATH: install Graphviz (Debian: apt-get install graphviz)"};
}

// With SERVER_NAME Graphviz loads no image or shape that a graph names: it might be any file of this host.
ChildProgram renderer() {
  return {.words = {kProgram, "-Tsvg"},
          .variables = {"SERVER_NAME=rebus"},
          .folders = {"/etc/fonts", "/var/cache/fontconfig"}};
}

class DotRenderer final : public Agent {
 public:
  Result<void> process(Work& work) override {
    auto graph = work.value().load(kMaxGraph);
    if (!graph) return graph.error();
    auto drawn = run_child(renderer(), *graph);
    if (!drawn) return drawn.error().code == Code::kNotFound ? not_installed() : drawn.error();
    auto whole = check_limits(renderer(), *drawn);
    if (!whole) return whole.error();
    if (drawn->exit_code != 0) return complaint(*drawn);
    if (std::string flaw = flaw_of(drawn->out); !flaw.empty())
      return Error{Code::kFailed, "neato gave " + flaw};
    std::string name = work.descriptor().selector.path().substr(kDotPath.size());
    return work.push(std::string(kSvgPath) + name, std::move(drawn->out), Kind::kText);
  }

 private:
  // Why it is no SVG. Empty: it is one.
  static std::string flaw_of(const std::string& svg) {
    constexpr std::string_view kBegin = "<svg";
    const size_t first = svg.find(kBegin);
    if (first == svg.npos) return "no picture: is the graph empty?";
    if (!is_utf8(svg)) return "an SVG that is no UTF-8";
    if (svg.find("\n<svg", first + kBegin.size()) != svg.npos)
      return "several pictures: one graph is drawn, not more";
    bool is_clean = std::none_of(svg.begin(), svg.end(), [](char c) {
      return static_cast<unsigned char>(c) < ' ' && c != '\n' && c != '\t' && c != '\r';
    });
    return is_clean ? "" : "an SVG with control characters, which XML does not allow";
  }

  static Error complaint(const ChildEnd& end) {
    std::string reason = escape(end.err.substr(0, kMaxReason));
    return {Code::kFailed,
            "neato cannot draw it (exit code " + std::to_string(end.exit_code) + "): " + reason};
  }
};

constexpr const char* kHelp =
    R"(Takes graphs in DOT, /graph/dot/NAME, and gives pictures of them, /graph/svg/NAME, drawn by the program neato of
Graphviz, which must be installed (Debian: apt-get install graphviz). How it looks is up to the graph: its attributes say.

The program runs in a sandbox (bubblewrap; docs/security.md) with no more than its input, 60 seconds, 2 GiB of memory and
32 MiB of output, and loads no images or other files. A graph may have 4 MiB. An SVG of a graph that somebody else made may contain links and scripts: look at it
as at any other sample.

Examples:
  rebus_agent inject samples/* -- file_id link_finder -- :: \
      link_grapher /link/link_finder/file_id -- dotrenderer return /graph/svg --raw > links.svg
  rebus_agent inject -s /graph/dot/mine mine.dot -- dotrenderer return /graph/svg --raw > mine.svg)";

}  // namespace

extern const AgentSpec dotrenderer_agent;
const AgentSpec dotrenderer_agent = {
    .name = "dotrenderer",
    .summary = "draw graphs with Graphviz",
    .help = kHelp,
    .role = Role::kConsumer,
    .prefixes = {std::string(kDotPath)},
    .yields = {std::string(kSvgPath)},
    .make = [](const Setting&) -> std::unique_ptr<Agent> { return std::make_unique<DotRenderer>(); },
    .declare = [](const Options&, Hello& hello) -> Result<void> {
      if (!is_installed(kProgram)) return not_installed();
      return tell_sandbox(hello, check_cell());
    },
};

}  // namespace rebus
