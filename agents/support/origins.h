// Origins: why objects are here, read from a bus and kept, with the loops among them found.
#pragma once

#include <unordered_map>
#include <vector>

#include "descriptor/record.h"

namespace rebus {

class Bus;

// Where origins are read: a bus, or a test. Both list those known at position `upto`.
class OriginSource {
 public:
  virtual ~OriginSource() = default;
  virtual Result<std::vector<Origin>> origins_of(Seq object, Seq upto) = 0;
  virtual Result<std::vector<Origin>> contents_of(Seq container, Seq upto) = 0;
};

// The origins that a bus knows. Lives no longer than the bus.
class BusOrigins final : public OriginSource {
 public:
  explicit BusOrigins(Bus& bus) : bus_(bus) {}
  Result<std::vector<Origin>> origins_of(Seq object, Seq upto) override;
  Result<std::vector<Origin>> contents_of(Seq container, Seq upto) override;

 private:
  Bus& bus_;
};

// An origin, and whether it closes a loop: its container stood, by earlier origins, inside its object already
// (an archive that contains itself). Without those that do, no object stands inside itself.
struct OriginStep {
  Origin origin;
  bool closes_loop = false;
};

// Origins of objects at one position of the log, read once. References stay valid until forget(). One thread.
class OriginGraph {
 public:
  // By seq. `upto` is the position of the graph: the caller keeps it current by add(), or forgets.
  Result<const std::vector<OriginStep>*> steps(OriginSource& source, Seq object, Seq upto);
  // Whether one of them closes a loop.
  Result<bool> has_loops(OriginSource& source, Seq object, Seq upto);
  // An origin that came later than its object, and later than everything known here.
  Result<OriginStep> add(OriginSource& source, const Origin& origin);
  // Memory held, roughly.
  size_t bytes() const { return bytes_; }
  void forget();

 private:
  struct Node {
    std::vector<OriginStep> steps;
    bool loops_found = false;  // in all steps
    bool has_loops = false;    // of those found
  };
  Result<Node*> complete(OriginSource& source, Seq object, Seq upto);
  Result<Node*> fetch(OriginSource& source, Seq object, Seq upto);
  void append(Node& node, const Origin& origin);
  Result<void> find_loops(OriginSource& source, Node& node, Seq upto);
  Result<bool> closes_loop(OriginSource& source, const Origin& origin, Seq upto);
  Result<bool> stands_in(OriginSource& source, Seq inner, Seq outer, Seq before, Seq upto);

  std::unordered_map<Seq, Node> nodes_;  // by object
  size_t bytes_ = 0;
};

}  // namespace rebus
