// Times libmagic in its sandbox against the same calls in a plain loop, in one run:
//
//   find /usr/bin -type f | head -2000 | build/release/tests/file_types [ROUNDS]
//
// Names of files come on standard input; each is read into memory before anything is timed. Rounds (default
// 5) of all take turns, and the medians are printed: seconds in the sandbox, as inject and unarchive ask it,
// seconds without, and what the sandbox gets done in a second against the loop, whose one processor is all it
// uses. The same when the sandbox is given the next file after the answer to the last. Other work on the
// machine shows in them.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "agents/parsers/magic.h"
#include "agents/support/file_type.h"
#include "agents/support/sandbox/shared_file.h"
#include "agents/support/type_queue.h"
#include "descriptor/file_handle.h"
#include "tests/bench/measuring.h"
#include "tests/support/scratch_folder.h"

namespace rebus {
namespace {

template <class Identify>
double time_of(const Identify& identify_all) {
  auto start = Clock::now();
  identify_all();
  return seconds_since(start);
}

int run(int rounds) {
  std::vector<Value> files;
  for (std::string name; std::getline(std::cin, name);) files.push_back(Value::of(file_bytes(name)));
  auto shared = SharedFile::make("plain");
  auto magic = shared ? Magic::load() : shared.error();
  if (!magic || files.empty()) {
    std::cerr << "file_types: " << (magic ? "no files" : magic.error().message) << '\n';
    return 1;
  }
  std::vector<double> plain, caged, one_by_one;
  for (int round = 0; round < rounds; round++) {
    plain.push_back(time_of([&] {
      for (const Value& file : files) {
        if (shared->fill(file)) (void)magic->identify(shared->readable());
      }
    }));
    caged.push_back(time_of([&] {
      TypeQueue types;
      for (const Value& file : files)
        (void)types.ask(file, [](const Result<FileType>&) { return Result<void>(); });
      (void)types.finish();
    }));
    one_by_one.push_back(time_of([&] {
      for (const Value& file : files) (void)identify(file);
    }));
  }
  std::cout << files.size() << " files: " << median(caged) << " s in the sandbox, " << median(plain)
            << " s without, ratio " << median(plain) / median(caged) << "; one after the other "
            << median(one_by_one) << " s, ratio " << median(plain) / median(one_by_one) << '\n';
  return 0;
}

}  // namespace
}  // namespace rebus

int main(int count, char** words) { return rebus::run(count > 1 ? std::max(1, std::atoi(words[1])) : 5); }
