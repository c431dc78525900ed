// antivirus: what is known is found wherever it is, and clean is only what was looked at whole.
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "agents/support/clamav_scanner.h"
#include "tests/support/archive_maker.h"
#include "tests/support/run_once.h"
#include "tests/support/virus_signatures.h"

namespace rebus {
extern const AgentSpec antivirus_agent;
}

namespace rebus::antivirus_test {
namespace {

using Json = nlohmann::json;
using Names = std::vector<std::string>;
const Names kEicar = {"Eicar-Test.UNOFFICIAL"}, kClam = {"Clam-Test.UNOFFICIAL"};

std::string zip_of(const std::string& bytes) { return make_archive("zip", "none", {{"a", bytes}}); }

std::string nested(const std::string& bytes, int levels) {
  std::string zip = bytes;
  for (int i = 0; i < levels; i++) zip = zip_of(zip);
  return zip;
}

class Antivirus : public testing::Test {
 protected:
  RunOnce run(const std::string& bytes, const std::map<std::string, std::string>& more = {}) const {
    Options options;
    options.set("database", {signatures_});
    for (const auto& [name, text] : more) options.set(name, {text});
    return run_once(antivirus_agent, object_of("/unknown", "a", bytes), options);
  }
  Json result(const std::string& bytes, const std::map<std::string, std::string>& more = {}) const {
    auto done = run(bytes, more);
    EXPECT_FALSE(done.error) << done.error->message;
    return Json::parse(done.text("/antivirus/clamav"), nullptr, false);
  }
  // The limits that kept something from being looked at; the verdict is in no way better.
  Names limits(const std::string& bytes, const std::map<std::string, std::string>& more = {}) const {
    auto done = run(bytes, more);
    EXPECT_EQ(done.under("/limit/antivirus").size(), 1u);
    Json json = Json::parse(done.text("/antivirus/clamav"));
    EXPECT_EQ(json["verdict"], "partial") << json;
    return json.value("limits", Names());
  }
  std::string refusal(const std::map<std::string, std::string>& more = {}) const {
    auto done = run("x", more);
    EXPECT_TRUE(done.pushed.empty());
    return done.error ? done.error->message : "";
  }

  ScratchFolder folder_;
  const std::string signatures_ = make_signatures(folder_);
};

TEST_F(Antivirus, FindsWhatIsKnownWithVersionsAndSandbox) {
  Json json = result(eicar());
  EXPECT_EQ(json["verdict"], "found");
  EXPECT_EQ(json["signatures"].get<Names>(), kEicar);
  EXPECT_EQ(json["engine"]["name"], "ClamAV");
  EXPECT_TRUE(json["engine"]["version"].get<std::string>().starts_with("1."));
  EXPECT_EQ(json["database"]["signatures"], 2);
  EXPECT_EQ(json["database"]["digest"].get<std::string>().size(), 64u);
  EXPECT_TRUE(json["database"]["version"].get<std::string>().starts_with("clam.hsb "));
  EXPECT_FALSE(json["database"].contains("stale"));
  EXPECT_FALSE(json.contains("reason"));
  Names sandbox = json["sandbox"];
  for (const char* layer : {"privileges", "limits", "seccomp"})
    EXPECT_EQ(std::count(sandbox.begin(), sandbox.end(), layer), 1);
}

TEST_F(Antivirus, CallsWhatItHasSeenWholeClean) {
  for (const std::string& bytes :
       {std::string(), std::string("x"), zip_of("harmless"), std::string(100'000, 'x')}) {
    auto done = run(bytes);
    ASSERT_FALSE(done.error) << done.error->message;
    EXPECT_EQ(Json::parse(done.text("/antivirus/clamav"))["verdict"], "clean");
    EXPECT_TRUE(done.under("/limit").empty());
  }
}

TEST_F(Antivirus, FindsAllNamesInAllMembers) {
  std::string clam = file_bytes(std::string(kClamFiles) + "clam.exe");
  Json json = result(make_archive("zip", "none", {{"$(id)\x1b[2J", eicar()}, {"b/%n%s", clam}}));
  EXPECT_EQ(json["signatures"].get<Names>(), (Names{kClam[0], kEicar[0]}));
  for (const char* format : {"ustar", "pax", "zip", "7zip", "newc", "iso9660"}) {
    for (const char* filter : {"none", "gzip", "bzip2", "xz"}) {
      bool is_filtered = std::string_view("ustar pax newc").find(format) != std::string_view::npos;
      if (!is_filtered && filter != std::string_view("none")) continue;
      EXPECT_EQ(result(make_archive(format, filter, {{"a", nested(eicar(), 2)}}))["signatures"].get<Names>(),
                kEicar)
          << format << " " << filter;
    }
  }
}

// In UPX, FSG, Petite, MEW, ASPack, NSIS, 7z, cab, chm, tnef, pdf, rtf, ppt, AutoIt, InstallShield, …
TEST_F(Antivirus, FindsItInEveryFileOfClamAVsOwnTests) {
  auto files = clam_files();
  EXPECT_GE(files.size(), 44u);
  for (const std::string& file : files) {
    EXPECT_EQ(result(file_bytes(file))["signatures"].get<Names>(), kClam) << file;
    Json json = result(zip_of(file_bytes(file)));
    bool is_too_deep =
        json["verdict"] == "partial" && file.ends_with("clam_cache_emax.tgz");  // 16 levels by itself
    EXPECT_TRUE(is_too_deep || json["signatures"].get<Names>() == kClam) << file << " in a zip: " << json;
  }
}

TEST_F(Antivirus, NeverCallsCleanWhatALimitKeptItFrom) {
  EXPECT_EQ(limits(nested(eicar(), 17)), (Names{"MaxRecursion"})) << "with the defaults";
  std::vector<ArchiveEntry> many;
  for (int i = 0; i < 10'051; i++) many.push_back({"f" + std::to_string(i), "x" + std::to_string(i)});
  many.push_back({"last", eicar()});
  EXPECT_EQ(limits(make_archive("zip", "none", many)), (Names{"MaxFiles"})) << "with the defaults";
  const std::string large(101 << 20, 'x');
  EXPECT_EQ(limits(large + eicar()), (Names{"MaxFileSize"})) << "with the defaults";

  many.resize(20);
  for (ArchiveEntry& entry : many) entry.bytes += std::string(100, 'y');
  many.push_back({"last", eicar()});
  EXPECT_EQ(limits(make_archive("ustar", "gzip", many), {{"max-files", "10"}}), (Names{"MaxFiles"}));
  EXPECT_EQ(limits(nested(eicar(), 5), {{"max-recursion", "4"}}), (Names{"MaxRecursion"}));
  const std::string some = large.substr(0, 1 << 20);
  EXPECT_EQ(limits(some + eicar(), {{"max-file-size", "1"}}), (Names{"MaxFileSize"}));
  std::string zip = make_archive("zip", "none", {{"a", some + "a"}, {"b", eicar()}});
  EXPECT_EQ(result(zip, {{"max-file-size", "1"}})["limits"].get<Names>(), (Names{"MaxFileSize"}))
      << "of a member";
  std::vector<ArchiveEntry> parts;
  for (const char* name : {"a", "b", "c"}) parts.push_back({name, name + large.substr(0, 700'000)});
  parts.push_back({"d", eicar()});
  EXPECT_EQ(limits(make_archive("zip", "none", parts), {{"max-scan-size", "1"}, {"max-file-size", "1"}}),
            (Names{"MaxScanSize"}));
}

TEST_F(Antivirus, SaysOfWhatWasFoundThatTheRestWasNotSeen) {
  std::string zip = make_archive("zip", "none", {{"a", eicar()}, {"deep", nested("x", 20)}});
  auto done = run(zip);
  Json json = Json::parse(done.text("/antivirus/clamav"));
  EXPECT_EQ(json["verdict"], "found");
  EXPECT_EQ(json["limits"].get<Names>(), (Names{"MaxRecursion"}));
  EXPECT_NE(json["reason"].get<std::string>().find("--max-recursion"), std::string::npos);
  EXPECT_EQ(done.under("/limit/antivirus").size(), 1u);
}

TEST_F(Antivirus, SaysOfMembersOfAZipThatItCannotUnpack) {
  folder_.write("pad", eicar() + std::string(5000, '\0'));
  for (const char* method : {"LZMA", "XZ", "PPMd"}) {
    folder_.run(std::string("rm -f a.zip; 7zz a -bd -tzip -mm=") + method + " a.zip pad >/dev/null");
    const std::string zip = file_bytes(folder_.at("a.zip"));
    for (const std::string& bytes : {zip, "GIF89a" + std::string(100, '\0') + zip, zip_of(zip)})
      EXPECT_EQ(limits(bytes), (Names{"ZipMethod"})) << method;
  }
  for (const char* method : {"Copy", "Deflate", "Deflate64", "BZip2"}) {
    folder_.run(std::string("rm -f a.zip; 7zz a -bd -tzip -mm=") + method + " a.zip pad >/dev/null");
    EXPECT_EQ(result(file_bytes(folder_.at("a.zip")))["signatures"].get<Names>(), kEicar) << method;
  }
  // Programs that know zips have such in them.
  const std::string mark("PK\3\4", 4);
  EXPECT_EQ(result("only the mark " + mark + std::string(100, '\xff') + mark)["verdict"], "clean");
}

// As in programs that make zips: a member of 2 GiB, in so many bytes as are not there.
TEST_F(Antivirus, TakesNothingForAMemberThatIsLargerThanTheFile) {
  const std::string header("PK\3\4\x14\0\0\0\x08\0\0\0\0\0\1\2\3\4\0\0\0\x70\0\0\0\x7f\5\0\0\0a.txt", 35);
  const std::string program = file_bytes("/bin/true");
  for (const std::string& bytes : {program + header + program, zip_of("a") + header + program}) {
    const Json json = result(bytes);
    EXPECT_EQ(json["verdict"], "clean") << json.dump();
  }
}

// For which the empty password is wrong, too: PDF 32000-1, 7.6.3.
std::string encrypted_pdf() {
  const Names objects = {"<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [] /Count 0 >>",
                         "<< /Length 8 >>\nstream\nabcdefgh\nendstream",
                         "<< /Filter /Standard /V 1 /R 2 /O <" + std::string(64, '4') + "> /U <" +
                             std::string(64, '2') + "> /P -4 >>"};
  std::string pdf = "%PDF-1.4\n", table = "0000000000 65535 f \n";
  for (size_t i = 0; i < objects.size(); i++) {
    std::string offset = std::to_string(pdf.size());
    table += std::string(10 - offset.size(), '0') + offset + " 00000 n \n";
    pdf += std::to_string(i + 1) + " 0 obj\n" + objects[i] + "\nendobj\n";
  }
  const std::string id = "<00112233445566778899aabbccddeeff>";
  return pdf + "xref\n0 5\n" + table + "trailer\n<< /Size 5 /Root 1 0 R /Encrypt 4 0 R /ID [" + id + " " +
         id + "] >>\nstartxref\n" + std::to_string(pdf.size()) + "\n%%EOF\n";
}

TEST_F(Antivirus, SaysWhatIsEncrypted) {
  EXPECT_EQ(result(encrypted_pdf())["verdict"], "encrypted");
  for (const std::string& bytes : {make_archive("zip", "none", {{"a", eicar()}}, "secret"),
                                   zip_of(make_archive("zip", "none", {{"a", eicar()}}, "secret"))})
    EXPECT_EQ(result(bytes)["verdict"], "encrypted");
  folder_.write("a.txt", eicar());
  folder_.run("7zz a -bd -psecret -mhe=on a.7z a.txt");
  EXPECT_EQ(result(file_bytes(folder_.at("a.7z")))["verdict"], "encrypted");
}

// Of what the type of the file tells nothing.
TEST_F(Antivirus, SaysWhatIsEncryptedBehindSomethingElse) {
  const std::string picture("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\b", 25);
  const std::string program = file_bytes("/bin/true");
  for (const std::string& before : {picture, program, std::string("some text\n")}) {
    std::string open = before + make_archive("zip", "none", {{"a", "nothing"}});
    std::string closed = before + make_archive("zip", "none", {{"a", eicar()}}, "secret");
    EXPECT_EQ(result(open)["verdict"], "clean");
    EXPECT_EQ(result(closed)["verdict"], "encrypted");
    EXPECT_EQ(result(zip_of(closed))["verdict"], "encrypted") << "in a zip";
  }
  EXPECT_EQ(result("PK\3\4 four bytes are no zip, PK\3\4")["verdict"], "clean");
}

TEST_F(Antivirus, DoesNotStartWithoutSignatures) {
  EXPECT_EQ(
      refusal({{"database", folder_.at("none")}}),
      "there is no signature database in " + folder_.at("none") +
          ": run freshclam (Debian: apt-get install clamav-freshclam), or name another folder (--database)");
  folder_.write("empty/readme.txt", "no signatures");
  EXPECT_NE(refusal({{"database", folder_.at("empty")}}).find("there is no signature database"),
            std::string::npos);
  for (const char* name : {"bad.ndb", "bad.hdb", "main.cvd"}) {
    ScratchFolder damaged;
    damaged.write(name, "ClamAV-VDB:\x1b[2Jnot:a:signature\n");
    std::string words = refusal({{"database", damaged.path()}});
    EXPECT_NE(words.find("the signatures in " + damaged.path() + " cannot be used"), std::string::npos)
        << words;
    EXPECT_EQ(words.find('\x1b'), std::string::npos);
  }
}

TEST_F(Antivirus, RefusesOptionsThatItCannotKeep) {
  EXPECT_NE(refusal({{"rescan", "some"}}).find("new, clean or all"), std::string::npos);
  EXPECT_NE(refusal({{"max-time", "0"}}).find("--max-time is a number from 1 to 240"), std::string::npos);
  EXPECT_NE(refusal({{"max-file-size", "4000"}}).find("--max-file-size"), std::string::npos);
  EXPECT_NE(refusal({{"clamd", "/s"}, {"max-files", "7"}}).find("clamd.conf"), std::string::npos);
}

TEST_F(Antivirus, FlagsOldSignatures) {
  for (const char* name : {"/eicar.ndb", "/clam.hsb"}) {
    std::filesystem::last_write_time(
        signatures_ + name, std::filesystem::file_time_type::clock::now() - std::chrono::hours(24 * 8));
  }
  EXPECT_NE(result("x")["database"]["stale"].get<std::string>().find("more than a week old"),
            std::string::npos);
}

TEST_F(Antivirus, GivesHostileNamesAsTheyAre) {
  const std::string name = "%s%n.$(touch${IFS}x);`id`|'\"<img>&\\";
  folder_.write("signatures/hostile.ndb", signature_line(name, "harmless otherwise"));
  auto done = run("harmless otherwise");
  EXPECT_NE(done.text("/antivirus/clamav").find("%s%n.$(touch${IFS}x);`id`|'\\\"<img>&"), std::string::npos)
      << done.text("/antivirus/clamav");
}

// --- databases that change ---

class Scanner : public Antivirus {
 protected:
  Names names(ClamavScanner& scanner, const std::string& bytes) {
    auto answer = scanner.scan(Value::of(bytes));
    EXPECT_TRUE(answer.ok()) << answer.error().message;
    return answer ? answer->names : Names{"failed"};
  }
};

TEST_F(Scanner, TakesNewSignaturesAndEndsWithTheOldOnesWhatItBegan) {
  ClamavScanner scanner(signatures_, {});
  ASSERT_TRUE(scanner.refresh().ok());
  const std::string first = scanner.source().database.digest;
  EXPECT_EQ(names(scanner, "brand new"), Names());
  folder_.write("signatures/new.ndb", signature_line("New-Test", "brand new"));
  std::filesystem::remove(signatures_ + "/eicar.ndb");
  EXPECT_EQ(names(scanner, "brand new"), Names()) << "not before it is told to";
  EXPECT_EQ(names(scanner, eicar()), kEicar);
  ASSERT_TRUE(scanner.refresh().ok());
  EXPECT_NE(scanner.source().database.digest, first);
  EXPECT_EQ(names(scanner, "brand new"), Names{"New-Test.UNOFFICIAL"});
  EXPECT_EQ(names(scanner, eicar()), Names());
}

TEST_F(Scanner, StaysWithTheOldSignaturesWhenTheNewOnesAreDamaged) {
  ClamavScanner scanner(signatures_, {});
  ASSERT_TRUE(scanner.refresh().ok());
  folder_.write("signatures/bad.ndb", "no signature at all\n");
  ASSERT_TRUE(scanner.refresh().ok());
  EXPECT_NE(scanner.source().trouble.find("cannot be used"), std::string::npos);
  EXPECT_EQ(names(scanner, eicar()), kEicar);
  std::filesystem::remove(signatures_ + "/bad.ndb");
  folder_.write("signatures/new.ndb", signature_line("New-Test", "brand new"));
  ASSERT_TRUE(scanner.refresh().ok());
  EXPECT_EQ(scanner.source().trouble, "");
  EXPECT_EQ(names(scanner, "brand new"), Names{"New-Test.UNOFFICIAL"});
}

TEST_F(Scanner, SharesOneEngineWithOthers) {
  ClamavScanner first(signatures_, {}), second(signatures_, {});
  ASSERT_TRUE(first.refresh().ok() && second.refresh().ok());
  std::thread other([&] {
    for (int i = 0; i < 60; i++) EXPECT_EQ(names(second, eicar()), kEicar);  // more than one worker is given
  });
  for (int i = 0; i < 60; i++) EXPECT_EQ(names(first, "harmless"), Names());
  other.join();
}

}  // namespace
}  // namespace rebus::antivirus_test
