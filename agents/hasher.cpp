// hasher: hashes of programs.
#include <algorithm>
#include <sstream>

#include "agents/parsers/hash_algorithms.h"
#include "agents/support/option_values.h"
#include "bus/agent.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

constexpr const char* kDefaultAlgorithm = "md5";

// The algorithms asked for, each once, in the order given.
std::vector<std::string> wanted(const Options& options) {
  std::vector<std::string> names;
  for (const std::string& element : options.list("algorithms")) {
    std::istringstream list(element);
    for (std::string name; std::getline(list, name, ',');) {
      if (!name.empty() && std::ranges::count(names, name) == 0) names.push_back(name);
    }
  }
  if (names.empty()) names.push_back(kDefaultAlgorithm);
  return names;
}

// MD5 keeps the path that the original gave it.
std::string path_of(const std::string& algorithm) {
  return algorithm == "md5" ? "/md5_hash" : "/signature/" + algorithm;
}

class Hasher final : public Agent {
 public:
  explicit Hasher(std::vector<std::string> algorithms) : algorithms_(std::move(algorithms)) {}

  Result<void> process(Work& work) override {
    auto digests = hash_value(work.value(), algorithms_);
    if (!digests) return digests.error();
    for (size_t i = 0; i < algorithms_.size(); i++) {
      auto pushed = work.push(path_of(algorithms_[i]), (*digests)[i], Kind::kText);
      if (!pushed) return pushed;
    }
    return {};
  }

 private:
  std::vector<std::string> algorithms_;
};

Error unknown_algorithm(const std::string& name) {
  std::string known;
  for (const std::string& algorithm : hash_algorithms()) known += " " + algorithm;
  return {Code::kInvalid, "hasher knows no algorithm '" + escape(name) + "'; it knows" + known};
}

Result<void> declare(const Options& options, Hello& hello) {
  for (const std::string& name : wanted(options)) {
    if (!is_hash_algorithm(name)) return unknown_algorithm(name);
  }
  return declare_prefixes(options, hello);
}

}  // namespace

extern const AgentSpec hasher_agent;
const AgentSpec hasher_agent = {
    .name = "hasher",
    .summary = "hashes of programs (or of every file)",
    .help =
        "Takes objects under /binary/. Gives the MD5 as /md5_hash and every other hash as "
        "/signature/ALGORITHM, in\n"
        "hex as md5sum, sha1sum, sha256sum ... print it. All are computed in one reading.\n"
        "\n"
        "  rebus_agent hasher unarchive inject apt1.tgz -- return --short md5_hash\n"
        "  rebus_agent hasher --algorithms sha1,sha256 --selector-prefix / inject * -- return --short "
        "signature",
    .role = Role::kConsumer,
    .prefixes = {"/binary"},
    .objects_only = true,
    .yields = {"/md5_hash", "/signature"},
    .options = {{.name = "--algorithms",
                 .metavar = "LIST",
                 .help = "md5, sha1, sha224, sha256, sha384, sha512, sha3-256, blake2b512, ...",
                 .fallback = kDefaultAlgorithm,
                 .list = true},
                {.name = "--selector-prefix",
                 .metavar = "PREFIX",
                 .help = "hash objects under these type paths instead; / is every file",
                 .fallback = "/binary",
                 .list = true}},
    .make = [](const Setting& setting) -> std::unique_ptr<Agent> {
      return std::make_unique<Hasher>(wanted(setting.options));
    },
    .declare = declare,
};

}  // namespace rebus
