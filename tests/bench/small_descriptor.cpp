#include "tests/bench/small_descriptor.h"

#include <cstdio>
#include <random>

namespace rebus {
namespace {

constexpr size_t kFillers = 4096;

std::string random_text() {
  std::mt19937 random(1);
  std::string text(kMaxInlineValue + kFillers, ' ');
  for (char& c : text) c = static_cast<char>(' ' + random() % 95);
  return text;
}

}  // namespace

std::string_view filler(size_t number, size_t size) {
  static const std::string kText = random_text();
  return std::string_view(kText).substr(number % kFillers, size);
}

Descriptor small_descriptor(const std::string& path, size_t number, size_t size) {
  char text[24];
  std::snprintf(text, sizeof text, "%016zu", number);
  std::string bytes(text);
  if (size > bytes.size()) bytes += filler(number, size - bytes.size());
  return make_object(Domain(), path, text, Value::of(std::move(bytes)), "bench");
}

}  // namespace rebus
