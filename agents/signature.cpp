// signature: by what files of one family can be found: import hashes and fuzzy hashes.
#include "agents/support/fuzzy_hashes.h"
#include "agents/support/import_hash.h"
#include "agents/support/option_values.h"
#include "agents/support/signature_types.h"
#include "bus/agent.h"

namespace rebus {
namespace {

constexpr const char* kAgent = "signature";

class Signature final : public Agent {
 public:
  explicit Signature(const Options& options) : wanted_(SignatureTypes::read(options, kAgent)) {}

  Result<void> process(Work& work) override {
    if (!wanted_) return wanted_.error();
    auto pushed = push_fuzzy(work);
    return pushed && wanted_->imphash ? push_imphash(work) : pushed;
  }

 private:
  Result<void> push_fuzzy(Work& work) {
    auto hashes = fuzzy_hashes(work.value(), wanted_->ssdeep ? &worker_ : nullptr, wanted_->tlsh);
    if (!hashes) return hashes.error();
    Result<void> pushed;
    if (wanted_->ssdeep) pushed = work.push("/signature/ssdeep", std::move(hashes->ssdeep), Kind::kText);
    if (pushed && wanted_->tlsh) pushed = work.push("/signature/tlsh", std::move(hashes->tlsh), Kind::kText);
    return pushed;
  }

  // Last: the other signatures of a damaged program stand.
  static Result<void> push_imphash(Work& work) {
    auto hash = import_hash(work.value());
    if (!hash) return hash.error();
    if (!*hash) return {};  // neither PE nor ELF
    return work.push("/signature/imphash", **std::move(hash), Kind::kText);
  }

  Result<SignatureTypes> wanted_;
  SsdeepWorker worker_;
};

Result<void> declare(const Options& options, Hello& hello) {
  auto wanted = SignatureTypes::read(options, kAgent);
  if (!wanted) return wanted.error();
  auto installed = wanted->ssdeep ? SsdeepWorker::check_installed() : Result<void>();
  if (!installed) return installed;
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

It is also called file_identification. ssdeep hashes are computed by the program rebus_ssdeep, which must be installed
beside rebus_agent.

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
