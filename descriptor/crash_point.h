// crash_point("NAME"): a place at which a build of the programs made for tests can be told to die (see
// tests/crash/faults.cpp). Nothing in what is shipped.
#pragma once

namespace rebus {

#ifdef REBUS_FAULTS
inline constexpr bool kHasCrashPoints = true;
void crash_point(const char* name);
#else
inline constexpr bool kHasCrashPoints = false;
constexpr void crash_point(const char*) {}
#endif

}  // namespace rebus
