// LinkDrawing: a graph of links in the DOT language of Graphviz, made to be read.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "agents/support/link_graph.h"

namespace rebus {

// A quoted string of DOT that shows exactly these lines; hostile text, escaped (escape.h) and shortened.
std::string dot_text(const std::vector<std::string>& lines);

// "NAME {", the style that all our graphs have, and above the picture a title, `legend` (HTML-like) and, in
// red, what is not shown. Ours: no hostile text.
std::string dot_begin(const std::string& name, const std::string& title, const std::string& legend,
                      const std::vector<std::string>& notes);

// The HTML-like label of a line, which stands on white, or the line would cross it out.
std::string dot_on_white(const std::string& text);

// One of a few colours that can be told apart, dark enough for letters.
const char* dot_colour(size_t number);

struct LinkDrawing {
  std::string title;                         // ours: no hostile text
  std::vector<std::string> notes = {};       // what is not shown, ours as well
  std::map<std::string, size_t> types = {};  // links of each type; in the legend, each with its colour
  BoxedGraph graph = {};
  std::vector<std::vector<std::string>> labels = {};  // lines of each box

  std::string dot() const;

 private:
  std::string legend() const;
  std::string box(size_t number) const;
  std::string line(const BoxedGraph::Line& line) const;
  std::string room() const;
  std::string colour(const std::string& type) const;
};

}  // namespace rebus
