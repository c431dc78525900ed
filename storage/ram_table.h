// RamTable: the engine that forgets at the end of the process.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <utility>

#include "storage/table.h"

namespace rebus {

class RamTable final : public Table {
 public:
  // A key, or what is sought, with its first bytes as a number: for most comparisons they are enough, and
  // they stand in the node of the tree, where those of a longer string do not.
  template <class Text>
  struct Begun {
    explicit Begun(Text text) : begin(begin_of(text)), bytes(std::move(text)) {}
    uint64_t begin;
    Text bytes;
  };
  struct Before {
    using is_transparent = void;
    template <class A, class B>
    bool operator()(const Begun<A>& a, const Begun<B>& b) const {
      return a.begin != b.begin ? a.begin < b.begin : std::string_view(a.bytes) < std::string_view(b.bytes);
    }
  };
  using Map = std::map<Begun<std::string>, std::string, Before>;
  using Sought = Begun<std::string_view>;

  Result<std::optional<std::string>> get(Family family, std::string_view key) const override;
  std::unique_ptr<TableIterator> iterate(Family family) const override;
  Result<void> write(Batch batch) override;
  void reclaim() override {}
  Result<void> sync() override { return {}; }
  const std::string& place() const override { return place_; }

 private:
  // Sorts as the text does; shorter ones are filled up with zeros.
  static uint64_t begin_of(std::string_view text);
  void apply(Operation& operation);

  std::string place_ = "memory";
  std::array<Map, kFamilies> maps_;
};

}  // namespace rebus
