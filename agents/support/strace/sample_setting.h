// How samples are run, as the operator wants it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace rebus {

// Who runs the sample's instructions.
enum class SampleEngine : uint8_t {
  kNative,  // this host's processor; strace stands outside of the cell
  kUser,    // qemu-user, in the cell, strace outside: what qemu does itself is in the trace, too
  kSystem,  // a virtual machine in the cell; strace stands in the machine, outside of what the sample may
            // reach
};

struct SampleSetting {
  std::string architecture = {};  // "x86_64", "aarch64"
  SampleEngine engine = SampleEngine::kNative;
  std::string qemu = {};     // kUser: the emulator, linked statically
  std::string system = {};   // kUser: a folder with the libraries of that architecture
  std::string machine = {};  // kSystem: a folder with its kernel and first files
  std::vector<std::string> arguments = {};
  std::vector<std::string> environment = {};  // "NAME=VALUE"
  std::string input = {};                     // standard input
  std::chrono::seconds time{30};
  uint64_t most_trace = 64 << 20;  // bytes that strace writes
};

const char* engine_name(SampleEngine engine);  // "native", "user", "system"

}  // namespace rebus
