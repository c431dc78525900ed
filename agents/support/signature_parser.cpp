#include "agents/support/signature_parser.h"

#include "agents/parsers/signature_messages.h"
#include "agents/support/sandbox/told_layers.h"
#include "agents/support/signature_form.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

bool is_possible_signature(const SignatureAnswer& answer) {
  return (answer.tlsh.empty() || is_tlsh(answer.tlsh)) &&
         (answer.imphash.empty() || is_imphash(answer.imphash));
}

}  // namespace

SignatureParser::SignatureParser() : process_(worker_program("rebus_parser", "signatures"), kPatience) {}

Result<ToldLayers> SignatureParser::check() { return told_cage(SignatureParser().process_); }

Result<Signatures> SignatureParser::parse(const Value& value, bool with_tlsh, bool with_imphash) {
  return process_.of_file([&] { return ask(value, with_tlsh, with_imphash); });
}

Result<Signatures> SignatureParser::ask(const Value& value, bool with_tlsh, bool with_imphash) {
  auto ready = process_.start();
  if (ready)
    ready = process_.say_of(ParserWord::kSign, SignatureCall{value.size(), with_tlsh, with_imphash}, value);
  auto frame = ready ? process_.receive(value) : ready.error();
  if (!frame) return frame.error();
  auto answer =
      frame->word == ParserWord::kSigned ? unpack<SignatureAnswer>(frame->body) : process_.misbehaves();
  if (!answer || !is_possible_signature(*answer))
    return process_.is_running() ? process_.misbehaves() : answer.error();
  Signatures signatures{answer->tlsh, {}, {}};
  if (answer->is_program) signatures.imphash = answer->imphash;
  if (const auto& damage = answer->damage)
    signatures.damage =
        Error{damage->is_limit ? Code::kLimit : Code::kFailed, escape(unescape(damage->message))};
  return signatures;
}

}  // namespace rebus
