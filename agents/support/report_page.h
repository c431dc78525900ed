// The report for people: a page that stands alone.
#pragma once

#include <string>
#include <string_view>

#include "agents/support/report.h"

namespace rebus {

// HTML without scripts, images or anything from elsewhere, in UTF-8; readable on a phone. All text from files
// and tools is escaped. Its first kilobyte has <meta name="verdict" content="…">, verdict_name().
std::string report_page(const Report& report);

// Any bytes as text of HTML, also in attributes: what cannot be seen is shown as \xNN, and what is longer
// than `most` bytes is cut in the middle.
std::string html_text(std::string_view bytes, size_t most = 4096);

}  // namespace rebus
