// What of a zip libclamav passes by without a word.
#pragma once

#include "descriptor/digest.h"

namespace rebus {

// Of all members, wherever in these bytes a zip stands. Local headers and entries of directories are looked
// at (4.3.7 and 4.3.12 of PKWARE's APPNOTE.TXT 6.3.10): the one or the other may be wrong on purpose.
struct ZipOddities {
  bool is_encrypted = false;
  // All but stored, implode, deflate, Deflate64 and bzip2, as of libclamav 1.4 (unzip.c).
  bool has_unusual_method = false;

  static ZipOddities of(Bytes bytes);
};

}  // namespace rebus
