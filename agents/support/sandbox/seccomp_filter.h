// SeccompFilter: rules about system calls, by their names, as they are put together.
#pragma once

#include <seccomp.h>

#include <cstdint>
#include <memory>
#include <string>

#include "descriptor/result.h"

namespace rebus {

// Rules for this architecture; a call of any other ends the process. What failed is told at the end.
class SeccompFilter {
 public:
  // `otherwise`: what becomes of calls without a rule. Actions are those of libseccomp.
  explicit SeccompFilter(uint32_t otherwise);

  // Names that this architecture does not have are passed over: there is nothing to say of them.
  void add(uint32_t action, const char* name);
  // With these bits of this argument so.
  void add_if(uint32_t action, const char* name, unsigned argument, uint64_t mask, uint64_t bits);

  // For this process, from now on.
  Result<void> load();
  // For a program that is given it as a file.
  Result<void> write_to(int fd);

 private:
  struct Release {
    void operator()(void* filter) const { seccomp_release(filter); }
  };
  Result<void> told(int error) const;

  std::unique_ptr<void, Release> filter_;
  int error_ = 0;  // the first; negative
};

}  // namespace rebus
