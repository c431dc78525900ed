// SlotSet: which descriptors of one analysis fill the slots of an agent.
#pragma once

#include <map>
#include <string>

#include "bus/agent.h"

namespace rebus {

class SlotSet {
 public:
  // What is stored now of the analysis (domain and uuid) that `record` belongs to: of each slot the newest.
  static Result<SlotSet> of(const AgentSpec& spec, Bus& bus, const Record& record);

  const Record* find(std::string_view slot) const;
  // Every slot but the optional ones has its descriptor.
  bool is_filled(const AgentSpec& spec) const;
  // The last that came into the set. Only with it is the set processed: of several that came at once none
  // knows of the later ones, and the last knows of all.
  Seq newest() const;

 private:
  std::map<std::string, Record, std::less<>> filled_;
};

}  // namespace rebus
