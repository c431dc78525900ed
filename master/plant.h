// Classic bugs that a build for tests can put back on purpose, to show that the tests notice
// (tests/simulation/planted_main.cpp). Nothing in what is shipped.
#pragma once

namespace rebus {

enum class Plant {
  kNone,
  kAckBeforeSync,     // answers leave before the storage is committed
  kUnfencedFinish,    // a Finish counts although its session does not hold the claim
  kMarkOutsideBatch,  // progress is written apart from the children
  kForgottenClaim,    // what a lost session held is not handed out again
  kStuckCursor,       // a consumer's position does not move on
  kBlameOnPrefetch,   // the end of a session is blamed on everything that it held
};

#ifdef REBUS_FAULTS
extern Plant planted;
inline bool is_planted(Plant plant) { return plant == planted; }
#else
constexpr bool is_planted(Plant) { return false; }
#endif

}  // namespace rebus
