// email: takes mails apart; their parts are objects like members of an archive.
#include "agents/support/file_type.h"
#include "agents/support/mail_fields.h"
#include "agents/support/sandbox/container_parser.h"
#include "agents/support/sandbox/told_layers.h"
#include "agents/support/type_path.h"
#include "agents/support/unpacking.h"
#include "bus/agent.h"
#include "descriptor/json.h"

namespace rebus {
namespace {

constexpr const char* kAgent = "email";

// What there is no library for that is kept; and what to do.
struct Closed {
  const char* path;
  const char* reason;
};
constexpr Closed kClosed[] = {
    {"/email/msg",
     "a mail in Outlook's own format (.msg) is not opened: convert it to .eml (msgconvert of Debian's "
     "libemail-outlook-message-perl) and inject that"},
    {"/email/tnef",
     "attachments in Outlook's own format (TNEF, winmail.dat) are not opened: take them out (Debian: tnef) "
     "and "
     "inject them"}};

class Email final : public Agent {
 public:
  explicit Email(const Setting& setting) : limits_(setting.limits) {}

  Result<void> process(Work& work) override {
    for (const Closed& closed : kClosed) {
      if (work.descriptor().selector.path() == closed.path) return tell_unopened(work, closed.reason);
    }
    return Unpacking(work, limits_, {}, {{kAgent, "mailed", "part of this mail"}, "mails", push_mail_fields})
        .run();
  }

 private:
  static Result<void> tell_unopened(Work& work, const char* reason) {
    JsonObject json;
    return work.push(std::string(kLimitPath) + "/unopened", json.add("reason", reason).str(),
                     Kind::kStructured);
  }

  Limits limits_;
};

Result<void> check(const Options&, Hello& hello) {
  auto types = tell_sandbox(hello, check_file_type_database());
  return types ? tell_sandbox(hello, check_parser("mails")) : types;
}

constexpr const char* kHelp =
    R"(Takes objects under /email/eml, and mbox files mail by mail, /email/mbox: parts and attachments become objects
labelled mail.eml:name, which unarchive and others take from there; a mail in a mail is taken apart in turn. The header
fields are told, decoded, in /email/headers.

What was not examined is told: parts that are encrypted (S/MIME, PGP) or signed as one piece come out as they are and are
named in /limit/encrypted; uuencoded files in a text, mails in Outlook's own format (/email/msg) and its attachments
(/email/tnef, winmail.dat) are not opened and named in /limit/unopened; too many parts, bytes, levels in /limit/... A mail that is cut off, or has parts that are not
encoded as they say, gives what could be read and counts as failed. Mails are read by a worker that can open no file and reaches no network (docs/security.md).

  rebus_agent email unarchive hasher inject mail.eml -- return --short md5_hash)";

}  // namespace

extern const AgentSpec email_agent;
const AgentSpec email_agent = {
    .name = kAgent,
    .summary = "takes mails apart: bodies, attachments, mails in mails",
    .help = kHelp,
    .role = Role::kConsumer,
    .prefixes = {"/email/eml", "/email/mbox", "/email/msg", "/email/tnef"},
    .objects_only = true,
    .yields = file_type_paths({"/limit", "/link/email", kMailFieldsPath}),
    .publish = Publish::kAsItGoes,
    .make = [](const Setting& setting) -> std::unique_ptr<Agent> { return std::make_unique<Email>(setting); },
    .declare = check,
};

}  // namespace rebus
