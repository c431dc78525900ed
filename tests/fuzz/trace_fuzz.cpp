#include "tests/fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  rebus::fuzz_trace(rebus::as_text({data, size}));
  return 0;
}
