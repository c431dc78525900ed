// unarchive: takes archives and compressed files apart; their members are objects like injected files.
#include "agents/support/file_type.h"
#include "agents/support/passwords.h"
#include "agents/support/sandbox/told_layers.h"
#include "agents/support/type_path.h"
#include "agents/support/unpacking.h"
#include "bus/agent.h"

namespace rebus {
namespace {

constexpr const char* kAgent = "unarchive";

class Unarchive final : public Agent {
 public:
  explicit Unarchive(const Setting& setting)
      : limits_(setting.limits), passwords_(read_passwords(setting.options.list("passwords"))) {}

  Result<void> process(Work& work) override {
    if (!passwords_) return passwords_.error();
    return Unpacking(work, limits_, *passwords_,
                     {{kAgent, "unarchived", "extracted from this archive"}, "containers"})
        .run();
  }

 private:
  Limits limits_;
  Result<std::vector<std::string>> passwords_;
};

Result<void> check_options(const Options& options, Hello& hello) {
  auto passwords = read_passwords(options.list("passwords"));
  if (!passwords) return passwords.error();
  return tell_sandbox(hello, check_file_type_database());
}

}  // namespace

extern const AgentSpec unarchive_agent;
const AgentSpec unarchive_agent = {
    .name = kAgent,
    .summary = "takes archives and compressed files apart, recursively",
    .help =
        "Takes objects under /archive/ and /compressed/: tar, zip, 7z, rar, cab, iso, cpio, ar, deb, rpm,\n"
        "lha, xar, warc; gzip, bzip2, xz, lzma, lzip, lz4, zstd, compress. With the program 7zz of 7-Zip "
        "(Debian:\n"
        "7zip) also encrypted 7z, Deflate64 and arj, with unar (Debian: unar) encrypted rar. Members become "
        "objects labelled\n"
        "archive:member, a single compressed file loses its suffix. What is in archives in archives is "
        "taken\n"
        "apart in turn.\n"
        "\n"
        "What was not examined is told as /limit/... results: encrypted members (/limit/encrypted), too "
        "many\n"
        "entries, bytes, levels, something behind the end (/limit/trailing). A damaged archive gives what "
        "could\n"
        "be read and counts as failed. Links and devices are told in /unarchive/skipped, never followed or "
        "made.\n"
        "Nothing is written to disk under a name from an archive. Archives are read by workers that can open "
        "no\n"
        "file, reach no network and start no program; 7zz and unar run in a sandbox (docs/security.md).\n"
        "\n"
        "  rebus_agent unarchive --passwords 's3cret,other' inject sample.zip -- ls\n"
        "  rebus_agent unarchive --passwords @words.txt inject sample.zip -- ls",
    .role = Role::kConsumer,
    .prefixes = {"/archive", "/compressed"},
    .objects_only = true,
    .yields = file_type_paths({"/limit", "/link/unarchive", "/unarchive"}),
    .publish = Publish::kAsItGoes,
    .options =
        {{.name = "--passwords",
          .metavar = "LIST",
          .help = "passwords to try before the built-in ones (infected, malware, ...); @FILE: one per line",
          .fallback = {},
          .list = true,
          .secret = true}},
    .make = [](const Setting& setting) -> std::unique_ptr<Agent> {
      return std::make_unique<Unarchive>(setting);
    },
    .declare = check_options,
};

}  // namespace rebus
