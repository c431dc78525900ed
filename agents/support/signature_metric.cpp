#include "agents/support/signature_metric.h"

#include <sys/resource.h>
#include <tlsh.h>

#include <algorithm>
#include <sstream>

#include "agents/support/child_program.h"
#include "agents/support/option_values.h"
#include "agents/support/sandbox/sandbox_level.h"
#include "agents/support/signature_form.h"
#include "agents/support/signature_types.h"
#include "agents/support/ssdeep_worker.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

constexpr uint64_t kMostScores = 256 << 20;  // bytes that rebus_ssdeep may answer
constexpr uint64_t kTlshDistance = 40, kMaxTlshDistance = 1000;
constexpr uint64_t kSsdeepScore = 1, kMaxSsdeepScore = 100;

// Equal or not: neither order nor number of what they have in common is in a hash.
class ImphashMetric final : public SignatureMetric {
 public:
  const char* type() const override { return "imphash"; }
  uint32_t max_distance() const override { return 0; }
  bool is_signature(std::string_view text) const override { return is_imphash(text); }
  Result<void> compare(const std::vector<std::string>&, size_t, size_t, const Use&) const override {
    return {};
  }
};

class TlshMetric final : public SignatureMetric {
 public:
  explicit TlshMetric(uint32_t most) : most_(most) {}
  const char* type() const override { return "tlsh"; }
  uint32_t max_distance() const override { return most_; }
  bool is_signature(std::string_view text) const override { return is_tlsh(text); }
  Result<void> compare(const std::vector<std::string>& signatures, size_t first, size_t last,
                       const Use& use) const override {
    std::vector<Tlsh> hashes(last);
    for (size_t i = 0; i < last; i++) {
      if (hashes[i].fromTlshStr(std::string(tlsh_digits(signatures[i])).c_str()) != 0)
        return Error{Code::kFailed, "libtlsh does not take " + signatures[i] + " for a TLSH"};
    }
    for (size_t i = first; i < last; i++) {
      for (size_t other = 0; other < i; other++) {
        auto distance = static_cast<uint32_t>(hashes[i].totalDiff(&hashes[other]));
        if (distance <= most_) use({distance, static_cast<uint32_t>(other), static_cast<uint32_t>(i)});
      }
    }
    return {};
  }

 private:
  uint32_t most_;
};

// libfuzzy is under the GPL: the program compares.
class SsdeepMetric final : public SignatureMetric {
 public:
  explicit SsdeepMetric(uint32_t least) : least_(least) {}
  const char* type() const override { return "ssdeep"; }
  uint32_t max_distance() const override { return kMaxSsdeepScore - least_; }
  bool is_signature(std::string_view text) const override { return is_ssdeep(text); }
  Result<void> compare(const std::vector<std::string>& signatures, size_t first, size_t last,
                       const Use& use) const override {
    std::string lines;
    for (size_t i = 0; i < last; i++) lines += signatures[i] + "\n";
    auto done = run_child({.words = {SsdeepWorker::program(), "compare", std::to_string(first),
                                     std::to_string(least_), sandbox_level_name(sandbox_level())},
                           .most_output = kMostScores,
                           .most_memory = RLIM_INFINITY,  // it limits itself
                           .is_ours = true},
                          lines);
    if (!done) return done.error().code == Code::kNotFound ? SsdeepWorker::not_installed() : done.error();
    if (done->exit_code != 0)
      return Error{Code::kFailed, "rebus_ssdeep ended with exit code " + std::to_string(done->exit_code) +
                                      " " + escape(done->err)};
    std::istringstream scores(done->out);
    for (uint32_t one = 0, other = 0, score = 0; scores >> one >> other >> score;) {
      if (one >= last || other >= one || score > kMaxSsdeepScore)
        return Error{Code::kFailed, "rebus_ssdeep answers nonsense"};
      use({static_cast<uint32_t>(kMaxSsdeepScore) - score, other, one});
    }
    return {};
  }

 private:
  uint32_t least_;
};

Result<uint32_t> number_between(const Options& options, const std::string& name, uint64_t least,
                                uint64_t most, uint64_t fallback) {
  auto number = count_option(options, name, fallback);
  if (!number) return number.error();
  if (*number < least || *number > most) {
    return Error{Code::kInvalid,
                 "--" + name + " is a number from " + std::to_string(least) + " to " + std::to_string(most)};
  }
  return static_cast<uint32_t>(*number);
}

}  // namespace

Result<std::vector<std::unique_ptr<SignatureMetric>>> signature_metrics(const Options& options,
                                                                        const std::string& agent) {
  auto types = SignatureTypes::read(options, agent);
  if (!types) return types.error();
  auto tlsh = number_between(options, "tlsh-distance", 0, kMaxTlshDistance, kTlshDistance);
  if (!tlsh) return tlsh.error();
  auto ssdeep = number_between(options, "ssdeep-score", 1, kMaxSsdeepScore, kSsdeepScore);
  if (!ssdeep) return ssdeep.error();
  std::vector<std::unique_ptr<SignatureMetric>> metrics;
  if (types->imphash) metrics.push_back(std::make_unique<ImphashMetric>());
  if (types->ssdeep) metrics.push_back(std::make_unique<SsdeepMetric>(*ssdeep));
  if (types->tlsh) metrics.push_back(std::make_unique<TlshMetric>(*tlsh));
  return metrics;
}

std::vector<OptionSpec> signature_metric_options() {
  return {signature_types_option(),
          {.name = "--tlsh-distance",
           .metavar = "N",
           .help = "near are files whose TLSH distance is at most N",
           .fallback = std::to_string(kTlshDistance)},
          {.name = "--ssdeep-score",
           .metavar = "N",
           .help = "near are files that ssdeep calls alike by N of 100 at least",
           .fallback = std::to_string(kSsdeepScore)}};
}

}  // namespace rebus
