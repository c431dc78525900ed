#include "tests/bench/measuring.h"

#include <cstdio>
#include <fstream>

namespace rebus {
namespace {

// Three digits that count, no more than a figure is worth.
std::string rounded(double figure) {
  char text[32];
  int decimals = figure >= 100 ? 0 : figure >= 10 ? 1 : 2;
  std::snprintf(text, sizeof text, "%.*f", decimals, figure);
  return text;
}

std::string with_commas(std::string digits) {
  if (digits.find('.') != digits.npos) return digits;
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<size_t>(at), ",");
  return digits;
}

}  // namespace

std::string told(double figure, const std::string& unit) { return with_commas(rounded(figure)) + unit; }

double memory_of(pid_t process, const std::string& line) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string text; std::getline(status, text);) {
    if (text.starts_with(line + ":")) return std::atof(text.c_str() + line.size() + 1) / 1024;
  }
  return 0;
}

void print_row(const std::string& what, const Pairs& pairs, const std::string& unit, const std::string& aim) {
  std::printf("| %s | %s | %s | %.2f | %s |\n", what.c_str(), told(median(pairs.ours), unit).c_str(),
              told(median(pairs.others), unit).c_str(), pairs.ratio(), aim.c_str());
  std::fflush(stdout);
}

}  // namespace rebus
