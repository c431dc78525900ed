// What an agent orders of rebus_cell, the program that puts programs of others into a cell (cell.h), and what
// that reports. Both are of one build: there are no versions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agents/support/sandbox/sandbox_level.h"

namespace rebus {

// Open files of rebus_cell. The first three are the program's.
constexpr int kCellControl = 3;     // a SOCK_SEQPACKET socket: one CellOrder in, one CellReport out
constexpr int kFirstCellInput = 4;  // as many as CellOrder::inputs; behind them a pipe for the trace, if any

// Bytes of an order, all words together: what a socket takes at once.
constexpr size_t kMostCellOrder = 160 << 10;

struct CellOrder {
  SandboxLevel level = SandboxLevel::kRequired;
  uint64_t memory = 0;     // bytes of addresses of each process; of all, where there are cgroups
  uint64_t scratch = 0;    // bytes
  uint64_t processes = 0;  // and threads, at a time
  uint64_t time = 0;       // ms, from when the program begins
  std::vector<std::string> inputs = {};  // names under kCellInputs (child_program.h)
  std::vector<std::string> folders = {};
  std::vector<std::string> variables = {};
  std::vector<std::string> words = {};
  std::vector<std::string> strace = {};  // its options; empty: it is not traced
  std::string system = {};               // the folder that is the root; empty: that of this host
  bool is_sample = false;
  template <class A>
  void fields(A& a) {
    a(1, level), a(2, memory), a(3, scratch), a(4, processes), a(5, time), a(6, inputs), a(7, folders);
    a(8, variables), a(9, words), a(10, strace), a(11, system), a(12, is_sample);
  }
};

struct CellReport {
  enum class Word : uint8_t {
    kExit = 1,      // `number` is the exit code
    kSignal = 2,    // `number` is the signal
    kTime = 3,      // all was killed: its time was over
    kMemory = 4,    // something in it was killed: its memory was used up
    kStopped = 5,   // all was killed: the agent wanted no more
    kLost = 8,      // all was killed, by somebody else
    kNotFound = 6,  // there is no such program in the cell
    kNoCell = 7,    // a layer that must be is missing: `text` names it
  };
  Word word = Word::kNoCell;
  int number = 0;
  uint64_t refused_processes = 0;  // how often it wanted more than it may have; only cgroups count these two
  uint64_t memory_kills = 0;       // processes that were killed because the memory was used up
  std::vector<std::string> layers = {};
  std::string text = {};
  template <class A>
  void fields(A& a) {
    a(1, word), a(2, number), a(3, refused_processes), a(4, layers), a(5, text), a(6, memory_kills);
  }
};

}  // namespace rebus
