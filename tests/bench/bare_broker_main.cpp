// The bare broker in a process of its own:
//
//   bare_broker ADDRESS ANSWER_SIZE TASK_SIZE [DIRECTORY]
#include <cstdlib>

#include "tests/bench/bare_broker.h"

int main(int count, char** words) {
  if (count < 4) return 2;
  zmq::context_t context;
  rebus::BareBroker broker(context, words[1], std::strtoul(words[2], nullptr, 10),
                           std::strtoul(words[3], nullptr, 10));
  if (count > 4) broker.open(words[4]);
  broker.serve();
}
