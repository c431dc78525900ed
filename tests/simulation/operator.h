// Operator: what the people who run a bus do to it, at any moment.
#pragma once

#include "master/master.h"
#include "tests/simulation/actor.h"

namespace rebus::simulation {

class Operator {
 public:
  explicit Operator(CrashStore& storage) : storage_(storage) {}
  // Cancels, pauses, resumes, prunes or forgets something; some of it is broken off.
  void act(Master& master, PeerId peer, const Moment& now, Random& random);
  // So that the bus can come to rest.
  void resume_all(Master& master, PeerId peer, const Moment& now);

 private:
  void prune(Master& master, PeerId peer, const Moment& now, Random& random);
  void forget(Master& master, PeerId peer, const Moment& now, Random& random);

  CrashStore& storage_;
};

// Whether an injection that is not cancelled leads to the object.
bool is_wanted(Storage& storage, Seq object);

}  // namespace rebus::simulation
