// ChildProgram: a program of others, run on hostile input.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "descriptor/result.h"

namespace rebus {

// How it is started: no shell, no open file but standard input, output and error, no environment but PATH,
// HOME and what is said here.
struct ChildProgram {
  std::vector<std::string> words = {};      // the program, looked for in $PATH, and its arguments
  std::vector<std::string> variables = {};  // "NAME=VALUE"
  std::chrono::milliseconds time{60'000};   // then it is killed, with all that it started
  uint64_t most_output = 32 << 20;          // bytes; more: it is killed
  uint64_t most_memory = 2ULL << 30;        // bytes of address space
};

struct ChildEnd {
  int exit_code = 0;  // 128 + signal number if it was killed
  std::string out;
  std::string err;  // the begin, at most 4 KiB; hostile text
};

// kNotFound: no such program; kLimit: it took too long, or gave too much; kFailed: it could not be started.
Result<ChildEnd> run_child(const ChildProgram& program, std::string_view input);

// The path of a program of ours in the folder of the one that runs, or its bare name: to be looked for in
// $PATH.
std::string program_beside_us(const std::string& name);

// Whether $PATH leads to it.
bool is_installed(const std::string& program);

}  // namespace rebus
