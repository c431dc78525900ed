// The /submission descriptor that stands for one injection.
#pragma once

#include <string>
#include <string_view>

#include "descriptor/descriptor.h"

namespace rebus {

// A result of the note: which files did not come in. Structured: "count", "members" (texts "NAME: why", some
// of them), "reason".
inline constexpr std::string_view kUnreadPath = "/inject/unread";

// Structured: host, name, path (made absolute), submitter (user name), time (UTC, ISO 8601 with nanoseconds)
// and `unique` (random), which makes every note another descriptor.
Descriptor make_submission_note(const Domain& domain, const std::string& name, const std::string& path,
                                const std::string& agent);

}  // namespace rebus
