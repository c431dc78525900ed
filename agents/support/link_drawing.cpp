#include "agents/support/link_drawing.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "descriptor/escape.h"

namespace rebus {
namespace {

constexpr size_t kMaxShown = 44;  // characters of a line

// Told apart also by those who see no red or no green (Okabe and Ito), dark enough for letters.
constexpr std::array kColours = {"#0072B2", "#C04A00", "#00785A", "#A8487F",
                                 "#8A6D00", "#4B4B4B", "#5B3FA0", "#B00020"};

constexpr const char* kStyle =
    R"(  graph [overlap=false, splines=true, outputorder=edgesfirst, bgcolor=white, pad=0.4,
         labelloc=t, fontname="Helvetica,Arial,sans-serif", fontsize=14, fontcolor="#222222"]
  node [shape=box, style="rounded,filled", fillcolor="#F4F6F8", color="#8A949E", fontcolor="#222222",
        fontname="Helvetica,Arial,sans-serif", fontsize=12, margin="0.16,0.09"]
  edge [fontname="Helvetica,Arial,sans-serif", fontsize=11, penwidth=1.8, arrowsize=0.8]
)";

std::vector<size_t> starts_of_characters(std::string_view text) {
  std::vector<size_t> starts;
  for (size_t at = 0; at < text.size(); at++) {
    if ((static_cast<uint8_t>(text[at]) & 0xC0) != 0x80) starts.push_back(at);
  }
  return starts;
}

// Begin and end tell most of a path.
std::string shortened(const std::string& text) {
  auto starts = starts_of_characters(text);
  if (starts.size() <= kMaxShown) return text;
  constexpr size_t kBegin = kMaxShown / 3, kEnd = kMaxShown - kBegin - 1;
  return text.substr(0, starts[kBegin]) + "…" + text.substr(starts[starts.size() - kEnd]);
}

// Backslashes and entities mean something in DOT.
std::string in_quotes(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c == '&' ? "&amp;" : std::string(1, c);
  }
  return out;
}

std::string number_of(size_t box) { return "n" + std::to_string(box); }

}  // namespace

std::string dot_text(const std::vector<std::string>& lines) {
  std::string out;
  for (const auto& line : lines) out += (out.empty() ? "" : "\\n") + in_quotes(shortened(escape(line)));
  return "\"" + out + "\"";
}

std::string dot_begin(const std::string& name, const std::string& title, const std::string& legend,
                      const std::vector<std::string>& notes) {
  std::string text =
      name + " {\n" + kStyle + "  label=<<font point-size=\"22\"><b>" + title + "</b></font><br/>" + legend;
  for (const auto& note : notes) text += "<br/><font color=\"#B00020\"><b>" + note + "</b></font>";
  return text + "<br/> >\n";
}

std::string dot_on_white(const std::string& text) {
  return "<<table border=\"0\" cellpadding=\"1\" bgcolor=\"white\"><tr><td>" + text + "</td></tr></table>>";
}

const char* dot_colour(size_t number) { return kColours[number % kColours.size()]; }

std::string LinkDrawing::dot() const {
  std::string text = dot_begin("digraph links", title, legend(), notes) + "  sep=\"" + room() + "\"\n";
  for (size_t i = 0; i < graph.boxes.size(); i++) text += box(i);
  for (const auto& each : graph.lines) text += line(each);
  return text + "}\n";
}

// Between boxes, in points to either side: for the longest name of a type.
std::string LinkDrawing::room() const {
  size_t longest = 0;
  for (const auto& [type, count] : types) longest = std::max(longest, type.size());
  return "+" + std::to_string(20 + 7 * std::min(longest, kMaxShown) / 2) + ",28";
}

std::string LinkDrawing::legend() const {
  std::string text;
  for (const auto& [type, count] : types) {
    text += (text.empty() ? "" : " &#160; ") + ("<font color=\"" + colour(type)) + "\"><b>&#9644;</b> " +
            type + " (" + std::to_string(count) + ")</font>";
  }
  return text;
}

std::string LinkDrawing::box(size_t number) const {
  bool is_group = graph.boxes[number].size() > 1;
  std::string style = is_group ? ", fillcolor=\"#FFF6DD\", peripheries=2" : "";
  return "  " + number_of(number) + " [label=" + dot_text(labels[number]) + style + "]\n";
}

std::string LinkDrawing::line(const BoxedGraph::Line& line) const {
  std::string colours, names;
  for (const auto& type : line.types) {
    colours += (colours.empty() ? "" : ":") + colour(type);
    names += (names.empty() ? "" : "<br/>") + ("<font color=\"" + colour(type)) + "\">" + type + "</font>";
  }
  return "  " + number_of(line.from) + " -> " + number_of(line.to) + " [color=\"" + colours +
         "\", label=" + dot_on_white(names) + (line.is_directed ? "" : ", dir=none") + "]\n";
}

std::string LinkDrawing::colour(const std::string& type) const {
  auto place = static_cast<size_t>(std::distance(types.begin(), types.find(type)));
  return dot_colour(place);
}

}  // namespace rebus
