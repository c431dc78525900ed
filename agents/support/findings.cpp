#include "agents/support/findings.h"

#include <algorithm>

#include "descriptor/escape.h"
#include "descriptor/json.h"

namespace rebus {
namespace {

constexpr size_t kMaxTold = 100;  // told by name in one result
constexpr size_t kMaxNameBytes = 1024;
constexpr int kMaxLateAnswers = 1000;

void tell(std::vector<std::string>& names, const std::string& name) {
  if (names.size() < kMaxTold) names.push_back(name.substr(0, kMaxNameBytes));
}

// Results are let in where the submission's budget for files is spent, but answers to earlier pushes may
// still be on their way: each comes as the error of a later push that then was not made.
Result<void> push_result(Work& work, const std::string& path, const std::string& json) {
  Result<void> pushed;
  for (int late = 0; late < kMaxLateAnswers; late++) {
    pushed = work.push(path, json, Kind::kStructured);
    if (pushed) return pushed;
    bool is_late = pushed.error().code == Code::kLimit || pushed.error().code == Code::kNotFound;
    if (!is_late) return pushed;
  }
  return pushed;
}

}  // namespace

void Findings::add_spent(const Budget::Spent& spent, const std::string& member) {
  for (Stop& stop : stops_) {
    if (stop.spent.what != spent.what) continue;
    stop.times++;
    return;
  }
  stops_.push_back({spent, member.substr(0, kMaxNameBytes)});
}

void Findings::add_encrypted(const std::string& member, const std::string& reason) {
  encrypted_count_++;
  if (encrypted_reason_.empty()) encrypted_reason_ = reason;
  if (!member.empty()) tell(encrypted_, member);
}

void Findings::forget_encrypted() {
  encrypted_.clear();
  encrypted_count_ = 0;
  encrypted_reason_.clear();
}

void Findings::explain_encrypted(const std::string& reason) {
  encrypted_reason_ = reason;
  encrypted_count_ = std::max<uint64_t>(encrypted_count_, 1);
}

void Findings::add_skipped(const ArchiveMember& member) {
  using Type = ArchiveMember::Type;
  bool is_link = member.type == Type::kSymlink || member.type == Type::kHardlink;
  ++(member.type == Type::kSymlink ? symlinks_ : is_link ? hardlinks_ : others_);
  tell(skipped_, is_link ? member.name + " -> " + member.link_target : member.name);
}

void Findings::add_damage(const std::string& what, const std::string& member) {
  if (damages_++ > 0) return;
  first_damage_ = what;
  if (!member.empty()) first_damage_ += " at member '" + escape(member.substr(0, kMaxNameBytes)) + "'";
}

Result<void> Findings::push(Work& work, const Limits& limits, uint64_t extracted) const {
  auto pushed = push_stops(work, limits, extracted);
  if (pushed && encrypted_count_ > 0) pushed = push_encrypted(work);
  if (pushed && symlinks_ + hardlinks_ + others_ > 0) pushed = push_skipped(work);
  return pushed;
}

Result<void> Findings::push_stops(Work& work, const Limits& limits, uint64_t extracted) const {
  for (const Stop& stop : stops_) {
    JsonObject json;
    json.add("extracted", extracted).add("limit", stop.spent.limit).add("member", stop.member);
    json.add("profile", limits.profile).add("reason", stop.spent.reason).add("times", stop.times);
    auto pushed = push_result(work, std::string(kLimitPath) + "/" + stop.spent.what, json.str());
    if (!pushed) return pushed;
  }
  return {};
}

Result<void> Findings::push_encrypted(Work& work) const {
  JsonObject json;
  std::string reason = encrypted_reason_ + (advice_.empty() ? "" : "; " + advice_);
  json.add("count", encrypted_count_).add("members", encrypted_).add("reason", reason);
  return push_result(work, std::string(kLimitPath) + "/encrypted", json.str());
}

Result<void> Findings::push_skipped(Work& work) const {
  JsonObject json;
  json.add("hardlinks", hardlinks_)
      .add("members", skipped_)
      .add("others", others_)
      .add("symlinks", symlinks_);
  return push_result(work, "/unarchive/skipped", json.str());
}

Result<void> Findings::verdict(uint64_t extracted) const {
  if (damages_ == 0) return {};
  std::string message = "damaged or truncated: " + first_damage_;
  if (damages_ > 1) message += ", and " + std::to_string(damages_ - 1) + " more such";
  message += "; " + counted(extracted, "member") + " came out";
  if (!advice_.empty()) message += "; " + advice_;
  return Error{Code::kFailed, message};
}

}  // namespace rebus
