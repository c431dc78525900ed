// What the user of `inject` asked for.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "bus/agent.h"

namespace rebus {

struct InjectChoices {
  std::string selector;  // type path; empty: guessed
  std::optional<Uuid> uuid;
  std::optional<std::string> label;
  bool printable = false;
  bool random_hash = false;
  bool recursive = false;
  bool devices = false;
  bool waits = false;
  std::optional<std::chrono::milliseconds> timeout;
  Lane lane = Lane::kNormal;
  std::optional<std::string> files_from;

  // kInvalid says which option is wrong.
  static Result<InjectChoices> read(const Options& options);
};

const std::vector<OptionSpec>& inject_options();

// What a file given as `path` is called; of "." and ".." the name of the directory that they are, of "/"
// nothing.
std::string base_name(const std::string& path);
// Without slashes at the end.
std::string trimmed(std::string path);

}  // namespace rebus
