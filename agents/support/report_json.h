// The report for programs: docs/report.md has its schema.
#pragma once

#include <string>

#include "agents/support/report.h"

namespace rebus {

// One JSON object with sorted keys, so that equal reports are equal bytes.
std::string report_json(const Report& report);

}  // namespace rebus
