// cluster: which files are near each other by their signatures, and a graph of it.
#include <map>
#include <set>

#include "agents/support/box_label.h"
#include "agents/support/cluster_drawing.h"
#include "agents/support/distance_matrix.h"
#include "agents/support/option_values.h"
#include "agents/support/own_versions.h"
#include "agents/support/sandbox/told_layers.h"
#include "agents/support/signature_metric.h"
#include "agents/support/ssdeep_worker.h"
#include "descriptor/escape.h"
#include "descriptor/json.h"

namespace rebus {
namespace {

constexpr const char* kAgent = "cluster";
constexpr const char* kSignaturePath = "/signature/";
constexpr const char* kMatrixPath = "/matrix/";
constexpr const char* kGraphPath = "/graph/dot/cluster-";
constexpr uint64_t kMaxSignature = 4096;                 // bytes
constexpr uint64_t kMaxMatrix = 256 << 20;               // bytes
constexpr uint64_t kFiles = 10'000, kMaxFiles = 20'000;  // everything is compared with everything

Result<size_t> most_files(const Options& options) {
  auto limit = count_option(options, "limit", kFiles);
  if (!limit) return limit.error();
  if (*limit < 1 || *limit > kMaxFiles)
    return Error{Code::kInvalid, "--limit is a number from 1 to " + std::to_string(kMaxFiles)};
  return *limit;
}

// One descriptor of a signature.
struct Seen {
  Uuid uuid;
  std::string signature;
  SignedFile file;
  Seq seq = 0;
  auto operator<=>(const Seen&) const = default;
};
using Collection = std::map<std::string, std::set<Seen>>;  // by type; sorted, whatever came first

class Cluster final : public Agent {
 public:
  explicit Cluster(const Options& options)
      : metrics_(signature_metrics(options, kAgent)), most_files_(most_files(options)) {}

  bool accepts(Work& work) override {
    const std::string& path = work.descriptor().selector.path();
    return work.value().size() > 0 && path.rfind('/') + 1 == std::string_view(kSignaturePath).size();
  }

  Result<void> bulk_process(BulkWork& work) override {
    if (!metrics_) return metrics_.error();
    if (!most_files_) return most_files_.error();
    auto status = work.bus().submission(work.submission());
    auto note = status ? work.bus().get(status->submission.note) : status.error();
    if (!note) return note.error();
    auto collection = collect(work, note->descriptor.domain);
    if (!collection) return collection.error();
    for (const auto& metric : *metrics_) {
      auto seen = collection->find(metric->type());
      if (seen == collection->end()) continue;
      auto done = bring_up_to_date(work, *note, *metric, seen->second);
      if (!done) return done;
    }
    return {};
  }

 private:
  static Result<Collection> collect(BulkWork& work, const Domain& domain) {
    Collection collection;
    Result<void> read;
    auto listed = work.for_each([&](Record& record) {
      const Descriptor& d = record.descriptor;
      auto text = d.value.load(kMaxSignature);
      if (!text && text.error().code != Code::kLimit) read = text.error();
      if (d.domain != domain) read = Error{Code::kInvalid, "the submission has files of other domains"};
      if (!read) return false;
      const Selector& file = d.precursors.empty() ? d.selector : d.precursors.front();
      SignedFile signed_file{file.str(), d.label.substr(0, SignedFile::kMaxLabelBytes)};
      collection[d.selector.path().substr(std::string_view(kSignaturePath).size())].insert(
          {d.uuid, text ? *text : "", std::move(signed_file), record.seq});
      return true;
    });
    if (!listed || !read) return listed ? read.error() : listed.error();
    return collection;
  }

  Result<void> bring_up_to_date(BulkWork& work, const Record& note, const SignatureMetric& metric,
                                const std::set<Seen>& seen) {
    DistanceMatrix matrix(metric, *most_files_);
    std::string path = kMatrixPath + std::string(metric.type());
    auto versions = load_newest(work.bus(), note.descriptor.domain, path, matrix);
    if (!versions) return versions.error();
    std::vector<Seq> left_out;
    for (const Seen& one : seen) {
      if (!matrix.add(one.signature, one.uuid, one.file)) left_out.push_back(one.seq);
    }
    auto compared = matrix.compare([&] { return work.progress(); });
    if (!compared) return compared;
    auto item = versions->next(note.descriptor, Value::of(matrix.json()), Kind::kStructured);
    if (!item) return {};
    auto pushed = work.push(*std::move(item));
    if (pushed && !left_out.empty()) pushed = push_limit(work, metric, left_out);
    return pushed ? draw(work, note, metric, matrix) : pushed;
  }

  // Of another greatest distance: the one before it, and so on.
  static Result<OwnVersions> load_newest(Bus& bus, const Domain& domain, const std::string& path,
                                         DistanceMatrix& matrix) {
    return OwnVersions::find(bus, domain, kAgent, path, [&](const Record& record) -> Result<bool> {
      auto json = record.descriptor.value.load(kMaxMatrix);
      if (!json) return json.error();
      auto loaded = matrix.load(*json);
      if (loaded) return loaded;
      return Error{Code::kFailed, path + "~" + std::to_string(record.descriptor.version) +
                                      " of this agent cannot be read, and its files would be missing: " +
                                      loaded.error().message};
    });
  }

  // At a file that was left out, where `tree` and `inject --wait` find it.
  Result<void> push_limit(BulkWork& work, const SignatureMetric& metric, const std::vector<Seq>& left_out) {
    auto first = work.bus().get(left_out.front());
    if (!first) return first.error();
    JsonObject json;
    json.add("files", uint64_t{left_out.size()})
        .add("limit", uint64_t{*most_files_})
        .add("type", metric.type());
    json.add("reason", "cluster compares no more files of one type (--limit)");
    NewDescriptor item;
    item.descriptor = make_child(first->descriptor, kAgent, std::string(kLimitPath) + "/matrix",
                                 Value::of(json.str()), Kind::kStructured);
    return work.push(std::move(item));
  }

  static Result<void> draw(BulkWork& work, const Record& note, const SignatureMetric& metric,
                           const DistanceMatrix& matrix) {
    const Domain& domain = note.descriptor.domain;
    ClusterDrawing drawing = ClusterDrawing::of(metric, matrix);
    if (drawing.files.empty()) return {};
    auto names = CurrentNames::begin(work.bus());
    if (!names) return names.error();
    for (const auto& files : drawing.files) {
      auto label =
          box_label(work.bus(), domain, files, *names, std::string("with the same ") + metric.type());
      if (!label) return label.error();
      drawing.labels.push_back(*std::move(label));
    }
    auto versions = OwnVersions::find(work.bus(), domain, kAgent, kGraphPath + std::string(metric.type()),
                                      [](const Record&) { return true; });
    if (!versions) return versions.error();
    auto item = versions->next(note.descriptor, Value::of(drawing.dot()), Kind::kText);
    return item ? work.push(*std::move(item)) : Result<void>();
  }

  Result<std::vector<std::unique_ptr<SignatureMetric>>> metrics_;
  Result<size_t> most_files_;
};

Result<void> declare(const Options& options, Hello& hello) {
  auto metrics = signature_metrics(options, kAgent);
  if (!metrics) return metrics.error();
  auto limit = most_files(options);
  if (!limit) return limit.error();
  hello.prefixes.clear();
  for (const auto& metric : *metrics) {
    hello.prefixes.push_back(kSignaturePath + std::string(metric->type()));
    if (metric->type() != std::string_view("ssdeep")) continue;
    auto installed = tell_sandbox(hello, SsdeepWorker::check());
    if (!installed) return installed;
  }
  return {};
}

constexpr const char* kHelp =
    R"(Collects what signature gives. When a submission is complete, and again when something is added to it, it compares the
files that are new with all that it knows, and gives for each type of signature

  /matrix/TYPE             which files are near each other, and how near: JSON (docs/operating.md tells its form)
  /graph/dot/cluster-TYPE  a graph of it, which dotrenderer makes a picture of; none while no two files are near

TYPE is imphash, ssdeep or tlsh. Each covers all files of all submissions up to now in a new version; cat -n 1 prints the
newest. Nothing new, no new version. Empty signatures are not compared: there is none of that file.

Distances: of imphash 0, for equal ones only. Of ssdeep 100 less its score; the default takes every score but 0, as ssdeep -d
does. Of TLSH as the program tlsh gives it; up to 40, by the paper on TLSH, there are 7 of 10,000 pairs that have nothing to
do with each other and half of those that have; up to 100 6 of 100, and nearly all.

Files are in one cluster when one leads to the other by near pairs. In the picture lines of colour, with their distance, are
the shortest that hold a cluster together; pale ones are the other near pairs. Files with equal signatures share a box. At most
100 boxes, 20 of one cluster, are shown; what is left out stands there in red.

Of each type at most 10,000 files are compared (--limit; up to 20,000), because everything is compared with everything; those
that came first stay. What comes above that is counted, gives /limit/matrix, and the exit code is 3. At most 100,000 pairs are
kept, those that hold the clusters together and the nearest others. What is no signature of its type is listed as unreadable.

Run one: two with other options write versions of the same matrix in turn. ssdeep hashes are compared by the program
rebus_ssdeep, which must be installed beside rebus_agent.

Examples:
  rebus_agent unarchive signature cluster inject apt1.tgz -- return --raw /matrix/tlsh
  rebus_agent unarchive signature cluster --types tlsh --tlsh-distance 60 dotrenderer inject apt1.tgz -- \
      return --raw /graph/svg/cluster-tlsh > clusters.svg
  rebus_agent --bus zmq cat -n 1 --raw /matrix/ssdeep)";

}  // namespace

extern const AgentSpec cluster_agent;
const AgentSpec cluster_agent = {
    .name = kAgent,
    .summary = "find files that are near each other by their signatures",
    .help = kHelp,
    .role = Role::kConsumer,
    .prefixes = {"/signature/imphash", "/signature/ssdeep", "/signature/tlsh"},
    .yields = {"/matrix", "/graph/dot", "/limit"},
    .modes = {Mode::kComplete},
    .options =
        [] {
          auto options = signature_metric_options();
          options.push_back({.name = "--limit",
                             .metavar = "N",
                             .help = "compare so many files at most, of each type",
                             .fallback = std::to_string(kFiles)});
          return options;
        }(),
    .make = [](const Setting& setting) -> std::unique_ptr<Agent> {
      return std::make_unique<Cluster>(setting.options);
    },
    .declare = declare,
};

}  // namespace rebus
