// The page of rebus_infra.
#pragma once

#include <string>

namespace rebus {

std::string infra_page();

}  // namespace rebus
