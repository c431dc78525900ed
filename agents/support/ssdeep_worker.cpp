#include "agents/support/ssdeep_worker.h"

#include "agents/parsers/signature_messages.h"
#include "agents/support/child_program.h"
#include "agents/support/sandbox/sandbox_level.h"
#include "agents/support/sandbox/told_layers.h"
#include "agents/support/signature_form.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

constexpr const char* kSsdeepProgram = "rebus_ssdeep";
constexpr std::chrono::seconds kSsdeepPatience{60};  // for one piece of a value, or an answer

}  // namespace

std::string SsdeepWorker::program() { return program_beside_us(kSsdeepProgram); }

Error SsdeepWorker::not_installed() {
  return {Code::kUnavailable,
          std::string("there is no ") + kSsdeepProgram +
              ", which computes and compares ssdeep hashes, beside rebus_agent or in $PATH: put it there, or "
              "leave it out (--types imphash,tlsh)"};
}

Result<ToldLayers> SsdeepWorker::check() {
  bool is_there = program() != kSsdeepProgram || is_installed(kSsdeepProgram);
  return is_there ? told_cage(std::move(SsdeepWorker().process_)) : not_installed();
}

SsdeepWorker::SsdeepWorker()
    : process_(worker_program(kSsdeepProgram, {"hash", sandbox_level_name(sandbox_level())}, -1),
               kSsdeepPatience) {}

Result<std::string> SsdeepWorker::hash(const Value& value) {
  return process_.of_file([&] { return ask(value); });
}

Result<std::string> SsdeepWorker::ask(const Value& value) {
  auto ready = process_.start();
  if (ready) ready = process_.say_of(ParserWord::kSign, SignatureCall{value.size(), false, false}, value);
  auto frame = ready ? process_.receive(value) : ready.error();
  if (!frame) return frame.error();
  auto answer =
      frame->word == ParserWord::kSigned ? unpack<SignatureAnswer>(frame->body) : process_.misbehaves();
  if (!answer) return process_.is_running() ? process_.misbehaves() : answer.error();
  if (answer->damage) return Error{Code::kLimit, escape(unescape(answer->damage->message))};
  return is_ssdeep(answer->ssdeep) ? Result(answer->ssdeep) : process_.misbehaves();
}

}  // namespace rebus
