// YaraCompiler: from the rules that an analyst names to what workers load.
#pragma once

#include <string>
#include <vector>

#include "agents/parsers/yara_messages.h"
#include "descriptor/digest.h"

struct YR_RULES;

namespace rebus {

// One thread, one use.
class YaraCompiler {
 public:
  // Rules are files as they are, and of folders, with those below them, the files whose names end in .yar,
  // .yara or .yarc; either texts, each in the namespace of its name (in the folder), or rules compiled by
  // yarac. `variables`: external ones of the texts; an integer, a number with a point, true or false are what
  // they look like, else it is a text. kInvalid names file and line.
  Result<RuleSource> compile(const std::vector<std::string>& places,
                             const std::vector<RuleVariable>& variables);
  // For YaraMatcher: of each set of rules the length, in 8 bytes of this machine's order, and what YARA made
  // of it.
  const std::string& compiled() const { return compiled_; }

 private:
  struct Place {
    std::string path, name;
  };
  struct Texts;

  Result<std::vector<Place>> files_of(const std::vector<std::string>& places) const;
  Result<void> add_texts(const std::vector<Place>& files);
  Result<void> add_text(Texts& texts, const Place& file, const std::string& text);
  Result<void> add_compiled(const Place& file, const std::string& bytes);
  void append(const std::string& set);

  std::vector<RuleVariable> variables_;
  Sha256 read_;
  uint64_t rules_ = 0;
  std::string compiled_;
};

}  // namespace rebus
