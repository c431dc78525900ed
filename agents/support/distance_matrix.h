// DistanceMatrix: which files are near each other by their signatures of one type, and how near.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "agents/support/near_pairs.h"
#include "agents/support/signature_metric.h"
#include "descriptor/uuid.h"

namespace rebus {

// A file with a signature; hostile text. The smaller is taken of two that tell of the same.
struct SignedFile {
  std::string file;   // its selector
  std::string label;  // at most kMaxLabelBytes
  static constexpr size_t kMaxLabelBytes = 256;
  auto operator<=>(const SignedFile&) const = default;
};

// Equal signatures are one, with several files, and of the others only near pairs are kept: so it has the
// size of the files and not of their square. What was known is loaded, what is new is added, and only the new
// is compared, with everything. The same files give the same matrix, in whatever parts and order they came,
// unless there were more of them than `most_files`: then those that came first stay.
class DistanceMatrix {
 public:
  static constexpr size_t kMaxPairs = 100'000;
  using Files = std::map<Uuid, SignedFile>;

  DistanceMatrix(const SignatureMetric& metric, size_t most_files)
      : metric_(metric), most_files_(most_files) {}

  // What json() gave of an earlier one, before anything is added. False: it was made with another greatest
  // distance, and is not loaded. kInvalid: it is none.
  Result<bool> load(const std::string& json);
  // A signature, or what claims to be one. False: there are as many files as may be; it is counted.
  bool add(const std::string& signature, const Uuid& uuid, SignedFile file);
  // After the last add(). `progress` is called now and then, its errors are given.
  Result<void> compare(const std::function<Result<void>()>& progress);

  std::string json() const;
  const std::map<std::string, Files>& signatures() const {
    return signatures_;
  }  // places count in this order
  const NearPairs::Kept& pairs() const { return kept_; }
  size_t files() const { return files_; }
  size_t unreadable() const { return unreadable_.size(); }
  uint64_t left_out() const { return left_out_; }

 private:
  struct Loader;
  bool has_room();

  const SignatureMetric& metric_;
  size_t most_files_;
  std::map<std::string, Files> signatures_;
  Files unreadable_;
  size_t files_ = 0;                // with a signature
  uint64_t left_out_ = 0;           // files above the limit
  std::vector<std::string> known_;  // signatures that were loaded; places of known_pairs_ count in it
  std::vector<NearPair> known_pairs_;
  uint64_t known_left_out_ = 0;  // pairs
  NearPairs::Kept kept_;
};

}  // namespace rebus
