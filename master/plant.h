// Classic bugs that a build can put back on purpose (see tests/CMakeLists.txt), to show that the tests
// notice.
#pragma once

#ifndef REBUS_PLANT
#define REBUS_PLANT kNone
#endif

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

constexpr bool is_planted(Plant plant) { return plant == Plant::REBUS_PLANT; }

}  // namespace rebus
