// Names: under which names an object stands, composed from its origins and those of its containers.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "agents/support/origins.h"

namespace rebus {

// The name of what `origin` extracted from a container called `container`: "a.tgz" and "bin/bash" give
// "a.tgz:bin/bash"; if it replaces, "a.tgz:bin/bash.gz" and "bash" give "a.tgz:bin/bash".
std::string composed_name(const std::string& container, const Origin& origin);

// What bounds the names of one object: archives that stand ten times in archives that stand ten times … have
// more names than could ever be printed. An archive with 50,000 equal files keeps every name.
struct NameLimits {
  size_t ways = 100'000;           // chains of containers followed to one object
  size_t inherited = 10'000;       // names of a container that its contents take on
  size_t bytes = 16 << 20;         // of the names of one object together
  size_t cached_bytes = 64 << 20;  // kept between calls; above it everything is read anew, unless too often
};

// Distinct names in the order in which they came to be.
struct NameList {
  std::vector<std::string> names;
  bool more = false;  // a limit was reached: the object has more names
};

// Reads names at positions of the log. A name is born with the last origin of its chain: the names at
// position n are those born up to n, and every origin gives birth to names that nobody could have printed
// before.
//
// An origin that closes a loop (OriginStep) gives its object names, but what is inside takes on nothing
// through it: else names had no end.
//
// What was read is kept. That holds as long as every origin that came later than its object goes through
// gained(), in log order, as readers are told of them; or if all questions are about one position. When
// positions go back, everything is read anew. One thread.
class Names {
 public:
  explicit Names(NameLimits limits = {}) : limits_(limits) {}

  // The names of `object` known at `upto` (from 1). None: it has no origins.
  Result<NameList> of(OriginSource& source, Seq object, Seq upto);

  // What this origin newly names: its object, and whatever is inside, each with the names born here.
  using Use = std::function<Result<void>(Seq object, const NameList& names)>;
  Result<void> gained(OriginSource& source, const Origin& origin, const Use& use);

 private:
  // Names with their births, in order of birth.
  class List {
   public:
    List() = default;
    List(List&&) = default;  // names point into texts: moved, never copied
    List& operator=(List&&) = default;
    // Does nothing but note `more` once a limit was reached, so that a shorter log gives the begin of a
    // longer one's.
    void add(std::string text, Seq born, const NameLimits& limits);
    void note_more() { more_ = true; }
    bool has_more() const { return more_; }
    bool full() const { return full_; }
    size_t size() const { return names_.size(); }
    const std::string& text(size_t index) const { return *names_[index].text; }
    Seq born(size_t index) const { return names_[index].born; }
    size_t bytes() const { return bytes_; }
    NameList born_from(Seq first) const;
    bool grew_at(Seq seq) const { return !names_.empty() && names_.back().born == seq; }

   private:
    struct Name {
      const std::string* text;
      Seq born;
    };
    std::unordered_set<std::string> texts_;
    std::vector<Name> names_;
    size_t ways_ = 0, bytes_ = 0;
    bool full_ = false, more_ = false;
  };
  struct Way;

  void move_to(Seq upto);
  void trim();
  void forget_lists();
  Result<const List*> passed_on(OriginSource& source, Seq object);
  Result<bool> await_containers(OriginSource& source, Seq object, std::vector<Seq>& path);
  void keep(Seq object, List list);
  List compose(const std::vector<OriginStep>& steps, bool with_loops) const;
  std::optional<Way> way(const OriginStep& step, size_t number, size_t index) const;
  bool loses_names(const OriginStep& step) const;
  std::string text_of(const OriginStep& step, size_t index) const;
  Result<NameList> born_from(OriginSource& source, Seq object, Seq first);
  Result<void> passed_on_containers(OriginSource& source, const std::vector<OriginStep>& steps);
  Result<void> update(OriginSource& source, const Origin& origin);
  void extend(List& list, const OriginStep& step) const;
  Result<void> walk(OriginSource& source, Seq object, const Use& use);

  NameLimits limits_;
  Seq at_ = 0;  // the position of everything below
  OriginGraph graph_;
  std::unordered_map<Seq, List> passed_on_;  // by object: what its contents take on
  size_t list_bytes_ = 0;
  size_t moves_ = 0;  // since everything was forgotten
};

}  // namespace rebus
