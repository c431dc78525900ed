// Which bytes of a zip its directory speaks of: what else is in there nobody sees who reads by the directory.
#pragma once

#include "descriptor/value.h"

namespace rebus {

// Whether something stands before the first member, behind the end, or hidden between members: another zip
// before this one, members that the directory does not name, anything behind its comment. False where there
// is no directory to go by. Structures as of PKWARE's APPNOTE.TXT 6.3.10. Errors of reading the value.
Result<bool> zip_has_more(const Value& value);

}  // namespace rebus
