// Names, against a naive oracle: every order of arrival, nesting, replacing, loops, explosion.
#include "agents/support/names.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

namespace rebus::names_test {
namespace {

using NameSet = std::set<std::string>;

// The origins of a bus, by seq, and how often they were asked for.
class FakeOrigins final : public OriginSource {
 public:
  Result<std::vector<Origin>> origins_of(Seq object, Seq upto) override {
    return select([&](const Origin& o) { return o.object == object && o.seq <= upto; });
  }
  Result<std::vector<Origin>> contents_of(Seq container, Seq upto) override {
    return select([&](const Origin& o) { return o.container == container && o.seq <= upto; });
  }
  // A first origin has the seq of its object.
  Origin add(Seq seq, Seq object, Seq container, std::string name, bool replaces = false) {
    Origin origin;
    origin.seq = seq, origin.object = object, origin.container = container;
    origin.name = std::move(name), origin.replaces = replaces;
    all.push_back(origin);
    return origin;
  }

  std::vector<Origin> all;
  size_t asked = 0;

 private:
  template <class Wanted>
  std::vector<Origin> select(Wanted wanted) {
    asked++;
    std::vector<Origin> out;
    std::copy_if(all.begin(), all.end(), std::back_inserter(out), wanted);
    return out;
  }
};

// The rule, as it is told in names.h and origins.h, without any cleverness.
class Oracle {
 public:
  Oracle(const std::vector<Origin>& all, Seq upto) {
    for (const Origin& o : all) {
      if (o.seq <= upto) add(o);
    }
  }
  NameSet names(Seq object) const {
    NameSet out = compose(through_, object);
    for (const auto& [loop_object, o] : loops_) {
      if (loop_object == object) add_composed(out, compose(through_, o.container), o);
    }
    return out;
  }

 private:
  using Edges = std::multimap<Seq, Origin>;

  void add(const Origin& o) {
    bool loop = o.container != 0 && stands_in(o.container, o.object);
    (loop ? loops_ : through_).emplace(o.object, o);
    every_.emplace(o.object, o);
  }
  bool stands_in(Seq inner, Seq outer, std::set<Seq> seen = {}) const {
    if (inner == outer) return true;
    if (!seen.insert(inner).second) return false;
    auto [begin, end] = every_.equal_range(inner);
    return std::any_of(begin, end, [&](const auto& edge) {
      return edge.second.container != 0 && stands_in(edge.second.container, outer, seen);
    });
  }
  static void add_composed(NameSet& out, const NameSet& containers, const Origin& o) {
    for (const auto& container : containers) out.insert(composed_name(container, o));
  }
  static NameSet compose(const Edges& edges, Seq object) {
    NameSet out;
    for (auto [it, end] = edges.equal_range(object); it != end; ++it) {
      const Origin& o = it->second;
      if (o.container == 0)
        out.insert(o.name);
      else
        add_composed(out, compose(edges, o.container), o);
    }
    return out;
  }

  Edges every_, through_, loops_;
};

NameSet as_set(const NameList& list) { return {list.names.begin(), list.names.end()}; }

NameSet names_of(Names& names, OriginSource& source, Seq object, Seq upto) {
  auto list = names.of(source, object, upto);
  EXPECT_TRUE(list.ok());
  EXPECT_EQ(as_set(*list).size(), list->names.size()) << "names are distinct";
  return as_set(*list);
}

using Gains = std::map<Seq, NameSet>;

Gains gains_of(Names& names, OriginSource& source, const Origin& origin) {
  Gains gains;
  auto done = names.gained(source, origin, [&](Seq object, const NameList& list) -> Result<void> {
    EXPECT_FALSE(gains.contains(object)) << "each object once";
    gains[object] = as_set(list);
    return {};
  });
  EXPECT_TRUE(done.ok());
  return gains;
}

Origin extracted(std::string name, bool replaces) {
  Origin origin;
  origin.container = 1, origin.name = std::move(name), origin.replaces = replaces;
  return origin;
}

TEST(ComposedName, is_the_container_a_colon_and_the_path_inside) {
  EXPECT_EQ(composed_name("apt1.tgz", extracted("bash", false)), "apt1.tgz:bash");
  EXPECT_EQ(composed_name("a.tgz:in/b.zip", extracted("bin/ls", false)), "a.tgz:in/b.zip:bin/ls");
}

TEST(ComposedName, of_a_replacing_origin_takes_the_place_of_the_last_component) {
  EXPECT_EQ(composed_name("bash.gz", extracted("bash", true)), "bash");
  EXPECT_EQ(composed_name("a.tgz:bash.gz", extracted("bash", true)), "a.tgz:bash");
  EXPECT_EQ(composed_name("a.tgz:dir/bash.gz", extracted("bash", true)), "a.tgz:dir/bash");
  EXPECT_EQ(composed_name("dir/bash.gz", extracted("bash", true)), "dir/bash");
  EXPECT_EQ(composed_name("a.zip:dir/", extracted("x", true)), "a.zip:dir/x");
}

TEST(Names, of_an_injected_object_are_its_injected_names) {
  FakeOrigins bus;
  bus.add(1, 1, 0, "one.bin");
  bus.add(2, 1, 0, "two.bin");
  Names names;
  EXPECT_EQ(names_of(names, bus, 1, 1), NameSet{"one.bin"});
  Names later;
  EXPECT_EQ(names_of(later, bus, 1, 2), (NameSet{"one.bin", "two.bin"}));
}

TEST(Names, without_origins_there_are_none) {
  FakeOrigins bus;
  Names names;
  EXPECT_EQ(names_of(names, bus, 7, 9), NameSet{});
}

TEST(Names, go_through_archives_in_archives) {
  FakeOrigins bus;
  bus.add(1, 1, 0, "a.tgz");
  bus.add(2, 2, 1, "dir/b.zip");
  bus.add(3, 3, 2, "bash.gz");
  bus.add(4, 4, 3, "bash", true);
  Names names;
  EXPECT_EQ(names_of(names, bus, 4, 4), NameSet{"a.tgz:dir/b.zip:bash"});
}

TEST(Names, that_hold_equal_bytes_are_each_kept) {
  FakeOrigins bus;
  bus.add(1, 1, 0, "a.tgz");
  bus.add(2, 2, 1, "bash");
  bus.add(3, 2, 1, "rbash");
  Names names;
  EXPECT_EQ(names_of(names, bus, 2, 3), (NameSet{"a.tgz:bash", "a.tgz:rbash"}));
}

TEST(Names, come_in_the_order_in_which_they_came_to_be) {
  FakeOrigins bus;
  bus.add(1, 1, 0, "z.tgz");
  bus.add(2, 2, 1, "z");
  bus.add(3, 2, 1, "a");
  bus.add(4, 1, 0, "b.tgz");
  Names names;
  EXPECT_EQ(names.of(bus, 2, 4)->names,
            (std::vector<std::string>{"z.tgz:z", "z.tgz:a", "b.tgz:z", "b.tgz:a"}));
}

TEST(Names, gained_by_a_second_name_are_only_the_new_one) {
  FakeOrigins bus;
  bus.add(1, 1, 0, "a.tgz");
  bus.add(2, 2, 1, "bash");
  Names names;
  EXPECT_EQ(names_of(names, bus, 2, 3), NameSet{"a.tgz:bash"});  // as for a result at position 3
  EXPECT_EQ(gains_of(names, bus, bus.add(4, 2, 1, "rbash")), (Gains{{2, {"a.tgz:rbash"}}}));
  EXPECT_EQ(names_of(names, bus, 2, 5), (NameSet{"a.tgz:bash", "a.tgz:rbash"}));
}

TEST(Names, gained_by_a_container_reach_everything_inside) {
  FakeOrigins bus;
  bus.add(1, 1, 0, "a.tgz");
  bus.add(2, 2, 1, "b.zip");
  bus.add(3, 3, 2, "x");
  bus.add(4, 4, 2, "y");
  Names names;
  Gains expected{{1, {"c.tgz"}}, {2, {"c.tgz:b.zip"}}, {3, {"c.tgz:b.zip:x"}}, {4, {"c.tgz:b.zip:y"}}};
  EXPECT_EQ(gains_of(names, bus, bus.add(5, 1, 0, "c.tgz")), expected);
}

TEST(Names, injected_again_under_the_same_name_are_not_new_and_nothing_inside_is_looked_at) {
  FakeOrigins bus;
  bus.add(1, 1, 0, "a.tgz");
  for (Seq seq = 2; seq < 1000; seq++) bus.add(seq, seq, 1, std::to_string(seq));
  Names names;
  EXPECT_EQ(gains_of(names, bus, bus.add(1000, 1, 0, "a.tgz")), Gains{});
  EXPECT_LT(bus.asked, 10u);
}

TEST(Names, of_an_archive_that_contains_itself_end) {
  FakeOrigins bus;
  bus.add(1, 1, 0, "r.zip");
  Names names;
  EXPECT_EQ(gains_of(names, bus, bus.add(2, 1, 1, "r/r.zip")), (Gains{{1, {"r.zip:r/r.zip"}}}));
  EXPECT_EQ(names_of(names, bus, 1, 2), (NameSet{"r.zip", "r.zip:r/r.zip"}));
}

TEST(Names, of_two_archives_that_contain_each_other_end) {
  FakeOrigins bus;
  bus.add(1, 1, 0, "a.zip");
  bus.add(2, 2, 1, "b.zip");
  bus.add(3, 3, 2, "leaf");
  Names names;
  EXPECT_EQ(gains_of(names, bus, bus.add(4, 1, 2, "a.zip")), (Gains{{1, {"a.zip:b.zip:a.zip"}}}));
  EXPECT_EQ(gains_of(names, bus, bus.add(5, 2, 0, "z.zip")),
            (Gains{{2, {"z.zip"}}, {3, {"z.zip:leaf"}}, {1, {"z.zip:a.zip"}}}));
}

TEST(Names, of_deep_nesting_need_no_stack) {
  class Chain final : public OriginSource {
   public:
    Result<std::vector<Origin>> origins_of(Seq object, Seq) override {
      Origin origin;
      origin.seq = origin.object = object, origin.container = object - 1;
      origin.name = object == 1 ? "a" : "b", origin.replaces = object > 1;
      return std::vector{origin};
    }
    Result<std::vector<Origin>> contents_of(Seq, Seq) override { return std::vector<Origin>(); }
  } chain;
  Names names({.cached_bytes = SIZE_MAX});
  EXPECT_EQ(names_of(names, chain, 30'000, 30'000), NameSet{"b"});
}

TEST(Names, of_thousands_of_equal_files_are_all_kept_and_cheap) {
  FakeOrigins bus;
  bus.add(1, 1, 0, "a.tar");
  bus.add(2, 2, 1, "0/__init__.py");
  Names names;
  EXPECT_EQ(names_of(names, bus, 2, 2).size(), 1u);
  size_t before = bus.asked;
  for (Seq seq = 3; seq < 5003; seq++) {
    Origin origin = bus.add(seq, 2, 1, std::to_string(seq) + "/__init__.py");
    ASSERT_EQ(gains_of(names, bus, origin), (Gains{{2, {"a.tar:" + origin.name}}}));
  }
  EXPECT_EQ(names_of(names, bus, 2, 5003).size(), 5001u);
  EXPECT_EQ(bus.asked, before + 5000) << "only whether something is inside";
}

// Ten names for each of `levels` archives, each in the one before: 10^levels names.
FakeOrigins explosion(Seq levels) {
  FakeOrigins bus;
  Seq seq = 1;
  for (Seq level = 0, container = 0; level < levels; level++) {
    Seq object = seq;
    for (int i = 0; i < 10; i++)
      bus.add(seq++, object, container, std::string(1, static_cast<char>('a' + i)));
    container = object;
  }
  return bus;
}

TEST(Names, that_explode_are_cut_and_it_is_told) {
  FakeOrigins bus = explosion(12);
  Names names({.ways = 500, .inherited = 100});
  Seq deepest = bus.all.back().object;
  auto list = names.of(bus, deepest, bus.all.back().seq);
  ASSERT_TRUE(list.ok());
  EXPECT_TRUE(list->more);
  EXPECT_EQ(list->names.size(), 500u);
  EXPECT_FALSE(Names({.ways = 500, .inherited = 100}).of(bus, 11, 20)->more);
}

TEST(Names, of_a_container_are_taken_on_up_to_a_limit_by_each_thing_inside) {
  FakeOrigins bus = explosion(1);
  bus.add(11, 11, 1, "x");
  bus.add(12, 11, 1, "y");
  auto list = Names({.inherited = 4}).of(bus, 11, 12);
  EXPECT_EQ(list->names.size(), 8u);
  EXPECT_TRUE(list->more);
  EXPECT_FALSE(Names({.inherited = 10}).of(bus, 11, 12)->more);
}

TEST(Names, are_bounded_in_bytes_too) {
  FakeOrigins bus;
  bus.add(1, 1, 0, std::string(600, 'x'));
  bus.add(2, 1, 0, std::string(300, 'y'));
  bus.add(3, 1, 0, std::string(200, 'z'));
  bus.add(4, 1, 0, "small");
  auto list = Names({.bytes = 1000}).of(bus, 1, 4);
  EXPECT_EQ(list->names.size(), 2u);
  EXPECT_TRUE(list->more);
}

// Random logs. Objects refer to objects before them; later origins may close loops.
FakeOrigins random_log(uint32_t seed, Seq length) {
  std::mt19937 random(seed);
  auto below = [&](size_t n) { return random() % n; };
  FakeOrigins bus;
  std::vector<Seq> objects;
  for (Seq seq = 1; seq <= length; seq++) {
    bool is_new = objects.empty() || below(3) == 0;
    Seq container = objects.empty() || below(4) == 0 ? 0 : objects[below(objects.size())];
    Seq object = is_new ? seq : objects[below(objects.size())];
    std::string name = std::string(below(2), '/') + std::string(1, static_cast<char>('a' + below(4)));
    bus.add(seq, object, container, name, below(5) == 0);
    if (is_new) objects.push_back(object);
  }
  return bus;
}

// Follows a log as a reader does; at random positions it asks for the names of a result.
void follow(uint32_t seed, NameLimits limits) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  FakeOrigins bus = random_log(seed, 14);
  std::mt19937 random(seed);
  Names names(limits);
  for (const Origin& origin : bus.all) {
    Oracle before(bus.all, origin.seq - 1), after(bus.all, origin.seq);
    Gains expected;
    for (const Origin& o : bus.all) {
      if (o.seq > origin.seq) break;
      NameSet old = before.names(o.object), now = after.names(o.object), born;
      std::set_difference(now.begin(), now.end(), old.begin(), old.end(), std::inserter(born, born.end()));
      if (!born.empty()) expected[o.object] = born;
    }
    if (origin.seq != origin.object) {
      ASSERT_EQ(gains_of(names, bus, origin), expected) << "origin " << origin.seq;
    }
    for (const Origin& o : bus.all) {
      if (o.seq > origin.seq || random() % 3 != 0) continue;
      ASSERT_EQ(names_of(names, bus, o.object, origin.seq), after.names(o.object))
          << o.object << " at " << origin.seq;
    }
  }
}

TEST(Names, are_what_the_oracle_says_whatever_the_order_of_arrival) {
  for (uint32_t seed = 1; seed <= 300 / REBUS_SCALE && !testing::Test::HasFailure(); seed++) follow(seed, {});
}

// What one object needs is kept although it is more than should be: else each name would cost all of them.
TEST(Names, of_an_object_that_outgrows_what_is_kept_are_still_cheap) {
  FakeOrigins bus;
  bus.add(1, 1, 0, "a.tar");
  bus.add(2, 2, 1, "0/__init__.py");
  Names names({.cached_bytes = 10'000});
  for (Seq seq = 3; seq < 5003; seq++) {
    Origin origin = bus.add(seq, 2, 1, std::to_string(seq) + "/__init__.py");
    ASSERT_EQ(gains_of(names, bus, origin), (Gains{{2, {"a.tar:" + origin.name}}}));
  }
  EXPECT_LT(bus.asked, 5003u + 200);
}

TEST(Names, are_the_same_when_nothing_is_kept_between_calls) {
  for (uint32_t seed = 1; seed <= 150 / REBUS_SCALE && !testing::Test::HasFailure(); seed++)
    follow(seed, {.cached_bytes = 0});
}

TEST(Names, are_read_anew_when_positions_go_back) {
  for (uint32_t seed = 1; seed <= 200; seed++) {
    FakeOrigins bus = random_log(seed, 14);
    Names names;
    for (Seq upto : {14, 9, 3, 12}) {
      for (const Origin& o : bus.all) {
        if (o.seq > upto) break;
        if (upto == 12) continue;  // forwards again without being told: not asked for
        ASSERT_EQ(names_of(names, bus, o.object, upto), Oracle(bus.all, upto).names(o.object))
            << "seed " << seed;
      }
    }
  }
}

// What was cut at a position is the begin of what is cut later, so that each name is still printed at most
// once.
TEST(Names, that_are_cut_still_come_exactly_once) {
  for (uint32_t seed = 1; seed <= 200; seed++) {
    FakeOrigins bus = random_log(seed, 40);
    NameLimits limits{.ways = 7, .inherited = 3};
    Names follower(limits);
    std::map<Seq, std::vector<std::string>> told;
    for (const Origin& origin : bus.all) {
      if (origin.seq == origin.object) {
        told[origin.object] = follower.of(bus, origin.object, origin.seq)->names;
        continue;
      }
      auto done = follower.gained(bus, origin, [&](Seq object, const NameList& list) -> Result<void> {
        told[object].insert(told[object].end(), list.names.begin(), list.names.end());
        return {};
      });
      ASSERT_TRUE(done.ok());
    }
    for (const auto& [object, list] : told) {
      Names fresh(limits);
      ASSERT_EQ(list, fresh.of(bus, object, 40)->names) << "seed " << seed << " object " << object;
    }
  }
}

TEST(Names, pass_on_an_error_of_the_bus) {
  class Broken final : public OriginSource {
    Result<std::vector<Origin>> origins_of(Seq, Seq) override { return Error{Code::kStorage, "gone"}; }
    Result<std::vector<Origin>> contents_of(Seq, Seq) override { return Error{Code::kStorage, "gone"}; }
  } broken;
  Names names;
  EXPECT_EQ(names.of(broken, 1, 1).error().code, Code::kStorage);
  Origin origin = extracted("x", false);
  origin.seq = 5, origin.object = 2;
  EXPECT_FALSE(names.gained(broken, origin, {}).ok());
}

}  // namespace
}  // namespace rebus::names_test
