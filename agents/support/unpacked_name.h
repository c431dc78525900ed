// What the content of a compressed single file is called.
#pragma once

#include <string>
#include <string_view>

namespace rebus {

// "bash.gz" -> "bash", "x.tgz" -> "x.tar"; "X" without a suffix that tells of compression -> "gunzipped X".
// `name` is a last component, without '/' or ':'.
std::string unpacked_name(std::string_view name);

// The last component of a composed name: "a.tgz:bin/bash.gz" -> "bash.gz".
std::string_view last_component(std::string_view name);

}  // namespace rebus
