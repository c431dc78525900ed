#include "agents/support/cluster_drawing.h"

#include "agents/support/link_drawing.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

// Each cluster is laid out for itself, and then all are packed.
constexpr const char* kLayout = "  graph [pack=24, packmode=clust, splines=line, sep=\"+14,14\"]\n";

}  // namespace

ClusterDrawing ClusterDrawing::of(const SignatureMetric& metric, const DistanceMatrix& matrix) {
  std::vector<const DistanceMatrix::Files*> groups;
  std::vector<size_t> counts;
  for (const auto& [signature, group] : matrix.signatures()) {
    groups.push_back(&group);
    counts.push_back(group.size());
  }
  ClusterDrawing drawing;
  drawing.max_distance = metric.max_distance();
  drawing.graph = ClusterGraph::of(counts, matrix.pairs());
  const ClusterGraph& graph = drawing.graph;
  for (const auto& box : graph.boxes) {
    auto& uuids = drawing.files.emplace_back();
    for (const auto& [uuid, file] : *groups[box.place]) uuids.push_back(uuid);
  }
  drawing.title =
      counted(graph.clusters, "cluster") + " of " + counted(graph.files, "file") + " by " + metric.type();
  drawing.legend = counted(matrix.files() - graph.files, "other file") + " near to none";
  if (drawing.max_distance > 0)
    drawing.legend += "; on the lines: the distance, at most " + std::to_string(drawing.max_distance);
  auto note = [&](uint64_t count, const char* noun, const char* why) {
    if (count > 0) drawing.notes.push_back(counted(count, noun) + why);
  };
  note(graph.left_out, "file", " of clusters not shown: there would be too many boxes");
  note(matrix.pairs().left_out, "near pair", " not shown: only the nearest are kept");
  note(matrix.left_out(), "file", " not compared: --limit was reached");
  note(matrix.unreadable(), "file", " not compared: what there is of it is no signature");
  return drawing;
}

std::string ClusterDrawing::dot() const {
  std::string text = dot_begin("graph clusters", title, legend, notes) + kLayout;
  for (size_t i = 0; i < graph.boxes.size(); i++) text += box(i);
  for (const auto& each : graph.lines) text += line(each);
  return text + "}\n";
}

std::string ClusterDrawing::box(size_t number) const {
  const ClusterGraph::Box& box = graph.boxes[number];
  std::string name = "n" + std::to_string(number), colour = dot_colour(box.cluster);
  std::string style = files[number].size() > 1 ? ", fillcolor=\"#FFF6DD\", peripheries=2" : "";
  std::string text =
      "  " + name + " [label=" + dot_text(labels[number]) + ", color=\"" + colour + "\"" + style + "]\n";
  if (box.left_out == 0) return text;
  std::string more = "m" + std::to_string(number);
  text += "  " + more + " [label=\"" + counted(box.left_out, "more file") +
          "\\nof this cluster\", shape=plaintext, " + "style=\"\", fontcolor=\"#B00020\"]\n";
  return text + "  " + name + " -- " + more + " [style=dashed, color=\"#B00020\"]\n";
}

// The farther, the longer. What does not hold the cluster together is pale.
std::string ClusterDrawing::line(const ClusterGraph::Line& line) const {
  std::string distance = std::to_string(line.distance), colour = dot_colour(graph.boxes[line.from].cluster);
  uint32_t tenths = 14 + 16 * line.distance / (max_distance + 1);
  std::string text = "  n" + std::to_string(line.from) + " -- n" + std::to_string(line.to) +
                     " [len=" + std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
  if (!line.is_of_tree) return text + ", color=\"#D5DADF\", penwidth=0.8]\n";
  return text + ", color=\"" + colour +
         "\", label=" + dot_on_white("<font color=\"" + colour + "\">" + distance + "</font>") + "]\n";
}

}  // namespace rebus
