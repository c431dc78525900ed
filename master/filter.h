// Filter: what a peer declared it may care about, as data.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "bus/message.h"
#include "storage/storage.h"

namespace re2 {
class RE2;
}

namespace rebus {

class Filter {
 public:
  // kInvalid: a prefix that is none, or a regex that RE2 refuses.
  static Result<Filter> of(const Hello& hello);
  // Of what a consumer took when it was last here, but for its regex; nothing if that is not known.
  static std::optional<Filter> of(const Consumer& consumer);
  // By what a log entry tells.
  bool matches(const LogEntry& entry) const;
  bool in_domain(const Domain& domain) const;
  // The regex, on the whole selector.
  bool matches_selector(const Selector& selector) const;
  // All of it, of a descriptor.
  bool matches(const Record& record) const {
    return matches(entry_of(record)) && matches_selector(record.descriptor.selector);
  }
  // What matches_selector() costs, compared with looking at an entry.
  size_t cost() const;

 private:
  std::vector<std::string> prefixes_;
  Domain domain_;
  bool every_domain_ = false;
  bool objects_only_ = false;
  std::shared_ptr<const re2::RE2> regex_;  // null: all
};

}  // namespace rebus
