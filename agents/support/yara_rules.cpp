#include "agents/support/yara_rules.h"

#include <filesystem>
#include <map>
#include <mutex>

#include "agents/support/sandbox/parser_process.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

constexpr std::chrono::seconds kCompilerPatience{10};

// Of the compiler; places are absolute.
std::vector<std::string> words_of(const std::vector<std::string>& places,
                                  const std::vector<RuleVariable>& variables) {
  std::vector<std::string> words = {"compile"};
  for (const RuleVariable& variable : variables) words.push_back(variable.name + "=" + variable.text);
  words.emplace_back("--");
  std::error_code error;
  for (const std::string& place : places) {
    auto path = std::filesystem::absolute(place, error);
    words.push_back(error ? place : path.lexically_normal().string());
  }
  return words;
}

}  // namespace

Result<std::shared_ptr<const YaraRules>> YaraRules::read(const std::vector<std::string>& places,
                                                         const std::vector<RuleVariable>& variables) {
  static std::mutex mutex;
  static std::map<std::vector<std::string>, std::shared_ptr<const YaraRules>> known;
  std::lock_guard lock(mutex);
  auto key = words_of(places, variables);
  auto found = known.find(key);
  if (found != known.end()) return found->second;
  auto rules = compile(key);
  if (rules) known.emplace(std::move(key), *rules);
  return rules;
}

Result<std::shared_ptr<const YaraRules>> YaraRules::compile(std::vector<std::string> words) {
  auto file = SharedFile::make("rebus-yara-rules");
  if (!file) return file.error();
  ParserProcess compiler(worker_program("rebus_yara", std::move(words), -1), kCompilerPatience,
                         file->writable());
  auto ready = compiler.start();
  if (ready) ready = compiler.send(ParserWord::kTellRules, {});
  auto frame = ready ? compiler.receive(Value()) : ready.error();
  if (!frame) return frame.error();
  auto source = frame->word == ParserWord::kRules ? unpack<RuleSource>(frame->body) : compiler.misbehaves();
  if (!source) return source.error();
  if (!source->trouble.empty()) return Error{Code::kInvalid, escape(unescape(source->trouble))};
  return std::shared_ptr<const YaraRules>(new YaraRules(*std::move(file), *std::move(source)));
}

}  // namespace rebus
