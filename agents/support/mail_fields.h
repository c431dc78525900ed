// The header fields of a mail as a result.
#pragma once

#include <vector>

#include "agents/parsers/container.h"
#include "bus/agent.h"

namespace rebus {

constexpr const char* kMailFieldsPath = "/email/headers";

// Structured: the usual ones by name ("from", "to", "cc", "subject", "date", "message_id"), each the first of
// its name; "received", from the last hop on; "fields", a list of all as "Name: value"; "cut", if there were
// more. Texts are as hostile as the mail. Nothing of a file that tells no fields.
Result<void> push_mail_fields(Work& work, const std::vector<TextField>& fields);

}  // namespace rebus
