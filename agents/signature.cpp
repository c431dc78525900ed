// signature: by what files of one family can be found: import hashes and fuzzy hashes.
#include "agents/support/option_values.h"
#include "agents/support/sandbox/told_layers.h"
#include "agents/support/signature_parser.h"
#include "agents/support/signature_types.h"
#include "agents/support/ssdeep_worker.h"
#include "bus/agent.h"

namespace rebus {
namespace {

constexpr const char* kAgent = "signature";

class Signature final : public Agent {
 public:
  explicit Signature(const Options& options) : wanted_(SignatureTypes::read(options, kAgent)) {}

  Result<void> process(Work& work) override {
    if (!wanted_) return wanted_.error();
    auto pushed = wanted_->ssdeep ? push_ssdeep(work) : Result<void>();
    bool has_more = wanted_->tlsh || wanted_->imphash;
    if (pushed && has_more) pushed = push_others(work);
    bool is_missing = !pushed && pushed.error().code == Code::kUnavailable;
    return is_missing ? work.later(pushed.error().message) : pushed;
  }

 private:
  Result<void> push_ssdeep(Work& work) {
    auto hash = ssdeep_.hash(work.value());
    return hash ? work.push("/signature/ssdeep", *std::move(hash), Kind::kText) : hash.error();
  }

  // The imphash last: the other signatures of a damaged program stand.
  Result<void> push_others(Work& work) {
    auto signatures = parser_.parse(work.value(), wanted_->tlsh, wanted_->imphash);
    if (!signatures) return signatures.error();
    Result<void> pushed;
    if (wanted_->tlsh) pushed = work.push("/signature/tlsh", std::move(signatures->tlsh), Kind::kText);
    if (!pushed || !wanted_->imphash) return pushed;
    if (signatures->damage) return *signatures->damage;
    if (!signatures->imphash) return {};  // neither PE nor ELF
    return work.push("/signature/imphash", *std::move(signatures->imphash), Kind::kText);
  }

  Result<SignatureTypes> wanted_;
  SsdeepWorker ssdeep_;
  SignatureParser parser_;
};

Result<void> declare(const Options& options, Hello& hello) {
  auto wanted = SignatureTypes::read(options, kAgent);
  if (!wanted) return wanted.error();
  auto ready = wanted->ssdeep ? tell_sandbox(hello, SsdeepWorker::check()) : Result<void>();
  if (ready && (wanted->tlsh || wanted->imphash)) ready = tell_sandbox(hello, SignatureParser::check());
  if (!ready) return ready;
  return declare_prefixes(options, hello);
}

constexpr const char* kHelp =
    R"(Takes programs, documents and scripts (--selector-prefix: others) and gives, each as a text:

  /signature/imphash  of PE and ELF files: MD5 over what they import. PE: the imphash, as VirusTotal, pefile and pehash
                      give it. ELF: as elf.import_md5 of YARA: the sorted names of the imported symbols.
  /signature/ssdeep   as the program ssdeep prints it
  /signature/tlsh     TLSH in the form of its version 4, T1 and 70 digits

Equal imphashes tell of one source or builder; ssdeep and TLSH are alike where files are alike, and compared by the tools of
their authors. An empty text means that there is none: the program imports nothing; TLSH is not defined for fewer than
256 bytes, more than 4 GiB, or a file that is nearly all the same byte.

A program whose import table is cut or leads nowhere counts as failed, with the reason; its other signatures are there.

It is also called file_identification. Files are looked at in a cage (docs/security.md), by the programs rebus_parser and
rebus_ssdeep, which must be installed beside rebus_agent. A file that ends one of them counts as failed, with the reason.

Examples:
  rebus_agent signature unarchive inject apt1.tgz -- return --short /signature
  rebus_agent inject samples/* -- file_identification link_finder -- :: \
      link_grapher /link/link_finder/signature-imphash -- dotrenderer return /graph/svg --raw > links.svg)";

}  // namespace

extern const AgentSpec signature_agent;
const AgentSpec signature_agent = {
    .name = kAgent,
    .other_name = "file_identification",
    .summary = "import hashes and fuzzy hashes of programs and documents",
    .help = kHelp,
    .role = Role::kConsumer,
    .prefixes = {"/binary", "/document", "/script"},
    .objects_only = true,
    .yields = {"/signature"},
    .publish = Publish::kAsItGoes,
    .options = {signature_types_option(),
                {.name = "--selector-prefix",
                 .metavar = "PREFIX",
                 .help = "take objects under these type paths instead; / is every file",
                 .fallback = "/binary,/document,/script",
                 .list = true}},
    .make = [](const Setting& setting) -> std::unique_ptr<Agent> {
      return std::make_unique<Signature>(setting.options);
    },
    .declare = declare,
};

}  // namespace rebus
