#include "agents/support/sandbox/seccomp_filter.h"

#include <cerrno>
#include <cstring>

namespace rebus {

SeccompFilter::SeccompFilter(uint32_t otherwise) : filter_(seccomp_init(otherwise)) {
  if (!filter_) {
    error_ = -ENOMEM;
    return;
  }
  error_ = seccomp_attr_set(filter_.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  if (error_ == 0)
    error_ = seccomp_attr_set(filter_.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);  // a tree: fewer steps a call
}

void SeccompFilter::add(uint32_t action, const char* name) {
  int number = seccomp_syscall_resolve_name(name);
  if (number >= 0 && error_ == 0) error_ = seccomp_rule_add(filter_.get(), action, number, 0);
}

void SeccompFilter::add_if(uint32_t action, const char* name, unsigned argument, uint64_t mask,
                           uint64_t bits) {
  int number = seccomp_syscall_resolve_name(name);
  const scmp_arg_cmp condition{argument, SCMP_CMP_MASKED_EQ, mask, bits};
  if (number >= 0 && error_ == 0)
    error_ = seccomp_rule_add_array(filter_.get(), action, number, 1, &condition);
}

Result<void> SeccompFilter::load() { return told(error_ != 0 ? error_ : seccomp_load(filter_.get())); }

Result<void> SeccompFilter::write_to(int fd) {
  return told(error_ != 0 ? error_ : seccomp_export_bpf(filter_.get(), fd));
}

Result<void> SeccompFilter::told(int error) const {
  if (error == 0) return {};
  return Error{Code::kUnavailable, std::string("seccomp: ") + std::strerror(-error)};
}

}  // namespace rebus
