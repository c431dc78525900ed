// Encrypted members of zip files, wherever in a file the zip begins.
#pragma once

#include "descriptor/value.h"

namespace rebus {

// Whether there is the header of one: of a zip behind a picture or a program, too, of which the type of the
// file tells nothing. Structures as of PKWARE's APPNOTE.TXT 6.3.10, 4.3.7 and 4.4.
bool has_encrypted_member(Bytes bytes);

}  // namespace rebus
