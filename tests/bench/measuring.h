// Measuring: what the programs of this folder time, sum up and print with.
#pragma once

#include <sys/types.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "descriptor/result.h"

namespace rebus {

using Clock = std::chrono::steady_clock;

// A measurement that cannot be made ends the program.
template <class T>
T must(Result<T> result) {
  if (result) return *std::move(result);
  std::cerr << result.error().message << "\n";
  std::exit(1);
}
inline void must(const Result<void>& result) {
  if (result) return;
  std::cerr << result.error().message << "\n";
  std::exit(1);
}

inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// `part` 0.5: the median; 0.99: what one in a hundred is above. 0 of nothing.
inline double quantile(std::vector<double> all, double part) {
  if (all.empty()) return 0;
  std::sort(all.begin(), all.end());
  return all[std::min(all.size() - 1, static_cast<size_t>(static_cast<double>(all.size()) * part))];
}
inline double median(std::vector<double> all) { return quantile(std::move(all), 0.5); }

// Of a process, in MiB: "VmHWM" the most that it ever had, "VmRSS" what it has now.
double memory_of(pid_t process, const std::string& line);

// Both sides of what was measured in turns, and the ratios of the pairs.
struct Pairs {
  std::vector<double> ours, others;
  void add(double our, double other) { ours.push_back(our), others.push_back(other); }
  double ratio() const {
    std::vector<double> ratios;
    for (size_t i = 0; i < ours.size(); i++) ratios.push_back(ours[i] / others[i]);
    return median(ratios);
  }
};

// A figure with three digits that count, and its unit.
std::string told(double figure, const std::string& unit);

// A row of the tables of tools/bench.sh, of medians: what, ours, the other's, the ratio, and what it should
// be.
void print_row(const std::string& what, const Pairs& pairs, const std::string& unit, const std::string& aim);

}  // namespace rebus
