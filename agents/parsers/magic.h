// Magic: libmagic, and all of it.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "agents/parsers/chosen_magic.h"
#include "descriptor/descriptor.h"

namespace rebus {

// One thread. Once loaded it opens nothing more.
class Magic {
 public:
  // kFailed when the database is missing or damaged.
  static Result<Magic> load();
  // The words of `file -b` (the first 16 KiB) and the answers of `file --mime-type` and `file
  // --mime-encoding`, in a UTF-8 locale, of what is in this open file.
  FileType identify(int file);

 private:
  explicit Magic(MagicHandle magic);
  magic_set* chosen(int file);

  MagicHandle magic_;                    // with all rules
  std::unique_ptr<ChosenMagic> choice_;  // of few
  std::vector<char> buffer_;
  std::string_view begin_;  // of the file, in the buffer
};

}  // namespace rebus
