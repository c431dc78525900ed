#include "agents/support/distance_matrix.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <unordered_map>
#include <utility>

#include "descriptor/escape.h"
#include "descriptor/json.h"

namespace rebus {
namespace {

constexpr size_t kRowsAtOnce = 256;  // compared between two signs of work

std::string json_of(const DistanceMatrix::Files& files) {
  std::vector<std::string> all;
  for (const auto& [uuid, file] : files) {
    all.push_back(JsonObject().add("file", file.file).add("label", file.label).add("uuid", uuid.str()).str());
  }
  return json_array(all);
}

// Of several that tell of the same file the smallest, so that it does not matter which came first. True: it
// is a new one.
bool note_file(DistanceMatrix::Files& files, const Uuid& uuid, SignedFile file) {
  auto [known, is_new] = files.try_emplace(uuid, file);
  known->second = std::min(known->second, file);
  return is_new;
}

}  // namespace

// Anybody can push what claims to be a matrix. Throws nlohmann's exceptions, and Error.
struct DistanceMatrix::Loader {
  using Json = nlohmann::json;
  DistanceMatrix& to;

  static Files files(const Json& list) {
    Files out;
    for (const Json& file : list) {
      auto uuid = Uuid::parse(file.at("uuid").get_ref<const std::string&>());
      if (!uuid) throw uuid.error();
      out[*uuid] = {unescape(file.at("file").get_ref<const std::string&>()),
                    unescape(file.at("label").get_ref<const std::string&>())};
    }
    return out;
  }

  static uint64_t number(const Json& number) {
    if (!number.is_number_unsigned()) throw Error{Code::kInvalid, "a number is none"};
    return number.get<uint64_t>();
  }

  bool load(const Json& json) {
    if (json.at("type") != to.metric_.type()) throw Error{Code::kInvalid, "it is of another type"};
    if (number(json.at("max_distance")) != to.metric_.max_distance()) return false;
    for (const Json& signature : json.at("signatures")) load_signature(signature);
    for (const Json& pair : json.at("pairs")) load_pair(pair);
    to.unreadable_ = files(json.at("unreadable"));
    to.left_out_ = number(json.at("files_left_out"));
    to.known_left_out_ = number(json.at("pairs_left_out"));
    return true;
  }

  void load_signature(const Json& signature) {
    const auto& text = signature.at("signature").get_ref<const std::string&>();
    if (!to.metric_.is_signature(text)) throw Error{Code::kInvalid, "a signature is none"};
    auto [known, is_new] = to.signatures_.emplace(text, files(signature.at("files")));
    if (!is_new || known->second.empty())
      throw Error{Code::kInvalid, "a signature stands there twice or for no file"};
    to.files_ += known->second.size();
    to.known_.push_back(text);
  }

  void load_pair(const Json& pair) {
    uint64_t a = number(pair.at(0)), b = number(pair.at(1)), distance = number(pair.at(2));
    if (a >= b || b >= to.known_.size() || distance > to.metric_.max_distance())
      throw Error{Code::kInvalid, "a pair is none"};
    to.known_pairs_.push_back(
        {static_cast<uint32_t>(distance), static_cast<uint32_t>(a), static_cast<uint32_t>(b)});
  }
};

Result<bool> DistanceMatrix::load(const std::string& json) {
  DistanceMatrix loaded(metric_, most_files_);
  try {
    if (!Loader{loaded}.load(nlohmann::json::parse(json))) return false;
  } catch (const nlohmann::json::exception&) {
    return Error{Code::kInvalid, "its form is another one"};
  } catch (const Error& error) {
    return error;
  }
  signatures_.swap(loaded.signatures_);
  unreadable_.swap(loaded.unreadable_);
  files_ = loaded.files_;
  left_out_ = loaded.left_out_;
  known_.swap(loaded.known_);
  known_pairs_.swap(loaded.known_pairs_);
  known_left_out_ = loaded.known_left_out_;
  return true;
}

bool DistanceMatrix::has_room() {
  bool has_it = files_ + unreadable_.size() < most_files_;
  if (!has_it) left_out_++;
  return has_it;
}

bool DistanceMatrix::add(const std::string& signature, const Uuid& uuid, SignedFile file) {
  if (!metric_.is_signature(signature)) {
    if (!unreadable_.contains(uuid) && !has_room()) return false;
    note_file(unreadable_, uuid, std::move(file));
    return true;
  }
  auto known = signatures_.find(signature);
  bool is_known = known != signatures_.end() && known->second.contains(uuid);
  if (!is_known && !has_room()) return false;
  if (note_file(signatures_[signature], uuid, std::move(file))) files_++;
  return true;
}

Result<void> DistanceMatrix::compare(const std::function<Result<void>()>& progress) {
  std::vector<std::string> order = known_;
  std::set<std::string_view> known(known_.begin(), known_.end());
  std::unordered_map<std::string_view, uint32_t> place_of;
  for (const auto& [signature, files] : signatures_) {
    place_of.emplace(signature, static_cast<uint32_t>(place_of.size()));
    if (!known.contains(signature)) order.push_back(signature);
  }
  std::vector<uint32_t> places;
  for (const std::string& signature : order) places.push_back(place_of.at(signature));

  NearPairs near(order.size(), kMaxPairs);
  near.add_left_out(known_left_out_);
  auto use = [&](const NearPair& pair) { near.add({pair.distance, places[pair.a], places[pair.b]}); };
  for (const NearPair& pair : known_pairs_) use(pair);
  for (size_t first = known_.size(); first < order.size(); first += kRowsAtOnce) {
    auto compared = metric_.compare(order, first, std::min(first + kRowsAtOnce, order.size()), use);
    if (compared) compared = progress();
    if (!compared) return compared;
  }
  kept_ = near.take();
  return {};
}

std::string DistanceMatrix::json() const {
  std::vector<std::string> signatures, pairs;
  for (const auto& [signature, files] : signatures_) {
    signatures.push_back(JsonObject().add("signature", signature).add_json("files", json_of(files)).str());
  }
  for (const NearPair& pair : kept_.pairs) {
    pairs.push_back(
        json_array({std::to_string(pair.a), std::to_string(pair.b), std::to_string(pair.distance)}));
  }
  JsonObject json;
  json.add("files_left_out", left_out_).add("max_distance", uint64_t{metric_.max_distance()});
  json.add_json("pairs", json_array(pairs)).add("pairs_left_out", kept_.left_out);
  json.add_json("signatures", json_array(signatures)).add("type", metric_.type());
  return json.add_json("unreadable", json_of(unreadable_)).str();
}

}  // namespace rebus
