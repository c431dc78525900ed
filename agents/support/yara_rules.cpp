#include "agents/support/yara_rules.h"

#include <filesystem>
#include <map>
#include <mutex>

#include "agents/support/sandbox/parser_process.h"

namespace rebus {
namespace {

constexpr std::chrono::seconds kCompilerPatience{10};

std::vector<std::string> absolute_places(std::vector<std::string> places) {
  std::error_code error;
  for (std::string& place : places) {
    auto path = std::filesystem::absolute(place, error);
    if (!error) place = path.lexically_normal();
  }
  return places;
}

}  // namespace

Result<std::shared_ptr<const YaraRules>> YaraRules::read(const std::vector<std::string>& places) {
  static std::mutex mutex;
  static std::map<std::vector<std::string>, std::shared_ptr<const YaraRules>> known;
  std::lock_guard lock(mutex);
  auto key = absolute_places(places);
  auto found = known.find(key);
  if (found != known.end()) return found->second;
  auto rules = compile(key);
  if (rules) known.emplace(std::move(key), *rules);
  return rules;
}

Result<std::shared_ptr<const YaraRules>> YaraRules::compile(const std::vector<std::string>& places) {
  auto file = SharedFile::make("rebus-yara-rules");
  if (!file) return file.error();
  std::vector<std::string> words = {"compile"};
  words.insert(words.end(), places.begin(), places.end());
  ParserProcess compiler(worker_program("rebus_yara", std::move(words), -1), kCompilerPatience,
                         file->writable());
  auto ready = compiler.start();
  if (ready) ready = compiler.send(ParserWord::kTellRules, {});
  auto frame = ready ? compiler.receive(Value()) : ready.error();
  if (!frame) return frame.error();
  auto source = frame->word == ParserWord::kRules ? unpack<RuleSource>(frame->body) : compiler.misbehaves();
  if (!source) return source.error();
  return std::shared_ptr<const YaraRules>(new YaraRules(*std::move(file), *std::move(source)));
}

}  // namespace rebus
