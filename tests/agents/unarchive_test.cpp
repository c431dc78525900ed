// What comes out of archives: against the programs that made them, and against the original's rules.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "descriptor/spool.h"
#include "tests/support/archive_maker.h"
#include "tests/support/run_once.h"
#include "tests/support/scratch_folder.h"

namespace rebus {
extern const AgentSpec unarchive_agent;
}

namespace rebus::unarchive_test {
namespace {

RunOnce unpack(const std::string& bytes, const std::string& label = "a", const Limits& limits = {},
               const std::string& path = "/archive/x", uint32_t level = 0, const Options& options = {}) {
  return run_once(unarchive_agent, object_of(path, label, bytes), options, limits, level);
}

std::vector<NewDescriptor> objects(const RunOnce& run) {
  std::vector<NewDescriptor> found;
  std::ranges::copy_if(run.pushed, std::back_inserter(found),
                       [](const NewDescriptor& item) { return item.descriptor.is_object(); });
  return found;
}

std::string bytes_of(const NewDescriptor& item) { return *item.descriptor.value.load(64 << 20); }

// Label and SHA-256 of what came out, the way `sha256sum` tells it.
std::multimap<std::string, std::string> by_label(const RunOnce& run) {
  std::multimap<std::string, std::string> found;
  for (const NewDescriptor& item : objects(run)) {
    found.emplace(item.descriptor.label, item.descriptor.value.digest().hex());
  }
  return found;
}

using Listing = std::multimap<std::string, std::string>;

Listing expected(const std::string& archive, const std::vector<ArchiveEntry>& entries) {
  Listing out;
  for (const ArchiveEntry& entry : entries)
    out.emplace(archive + ":" + entry.name, sha256(as_bytes(entry.bytes)).hex());
  return out;
}

nlohmann::json json_of(const RunOnce& run, const std::string& path) {
  std::string text = run.text(path);
  EXPECT_FALSE(text.empty()) << path << " was not pushed once";
  return nlohmann::json::parse(text.empty() ? "{}" : text);
}

const std::vector<ArchiveEntry>& real_entries() {
  static const std::vector<ArchiveEntry> entries = {
      {.name = "bin/ls", .bytes = file_bytes("/bin/ls")},
      {.name = "etc/services", .bytes = file_bytes("/etc/services")},
      {.name = "empty", .bytes = ""},
      {.name = "a/b/c/d/copy of ls", .bytes = file_bytes("/bin/ls")}};
  return entries;
}

struct Way {
  const char* format;
  const char* filter;
};
class Formats : public testing::TestWithParam<Way> {};

TEST_P(Formats, EveryMemberComesOut) {
  std::string archive = make_archive(GetParam().format, GetParam().filter, real_entries());
  RunOnce run = unpack(archive, "a.bin");
  EXPECT_FALSE(run.error) << run.error->message;
  EXPECT_EQ(by_label(run), expected("a.bin", real_entries()));
  EXPECT_EQ(run.under("/limit").size(), 0u);
  EXPECT_EQ(run.under("/link/unarchive/unarchived").size(), 2 * real_entries().size());
}

INSTANTIATE_TEST_SUITE_P(
    All, Formats,
    testing::Values(Way{"ustar", "none"}, Way{"pax", "none"}, Way{"gnutar", "none"}, Way{"v7tar", "none"},
                    Way{"ustar", "gzip"}, Way{"ustar", "bzip2"}, Way{"ustar", "xz"}, Way{"ustar", "zstd"},
                    Way{"ustar", "lz4"}, Way{"ustar", "compress"}, Way{"ustar", "lzma"}, Way{"ustar", "lzip"},
                    Way{"zip", "none"}, Way{"7zip", "none"}, Way{"cpio", "none"}, Way{"newc", "none"},
                    Way{"newc", "gzip"}, Way{"bin", "none"}, Way{"xar", "none"}, Way{"iso9660", "none"}),
    [](const auto& test) { return std::string(test.param.format) + "_" + test.param.filter; });

// The table of what the original answered, and where we differ on purpose (docs/decisions.md).
struct Original {
  const char* label;
  const char* format;
  const char* filter;
  std::vector<const char*> labels;
};

TEST(Unarchive, AnswersLikeTheOriginal) {
  std::vector<ArchiveEntry> two = {{.name = "dir/x.exe", .bytes = "MZ one"}, {.name = "y", .bytes = "two"}};
  std::vector<ArchiveEntry> one = {{.name = "ignored", .bytes = "content"}};
  const Original table[] = {
      {"apt1.tar", "ustar", "none", {"apt1.tar:dir/x.exe", "apt1.tar:y"}},  // the original: base names
      {"apt1.zip", "zip", "none", {"apt1.zip:dir/x.exe", "apt1.zip:y"}},
      {"apt1.tgz", "ustar", "gzip", {"apt1.tgz:dir/x.exe", "apt1.tgz:y"}},  // in one step
      {"apt1.tbz2", "ustar", "bzip2", {"apt1.tbz2:dir/x.exe", "apt1.tbz2:y"}},
      {"bash.gz", "raw", "gzip", {"bash"}},
      {"bash.bz2", "raw", "bzip2", {"bash"}},
      {"bash.xz", "raw", "xz", {"bash"}},  // the original knew gzip and bzip2 only
      {"bash", "raw", "gzip", {"gunzipped bash"}},
      {"a.tgz:bin/bash.gz", "raw", "gzip", {"a.tgz:bin/bash"}},
      {"a.tgz:bash", "raw", "zstd", {"a.tgz:gunzipped bash"}},
  };
  for (const Original& row : table) {
    std::string bytes = make_archive(row.format, row.filter, std::string(row.format) == "raw" ? one : two);
    RunOnce run = unpack(bytes, row.label);
    EXPECT_FALSE(run.error) << row.label << ": " << run.error->message;
    std::vector<std::string> labels;
    for (const NewDescriptor& item : objects(run)) labels.push_back(item.descriptor.label);
    EXPECT_EQ(labels, std::vector<std::string>(row.labels.begin(), row.labels.end())) << row.label;
  }
}

TEST(Unarchive, MembersAreObjectsWithOriginsAndLinks) {
  Descriptor archive = object_of("/archive/tar", "a.tar", make_archive("ustar", "none", real_entries()));
  RunOnce run = run_once(unarchive_agent, archive);
  ASSERT_GE(run.pushed.size(), 3u);
  const NewDescriptor& member = run.pushed[0];
  EXPECT_TRUE(member.descriptor.is_object());
  EXPECT_EQ(member.descriptor.selector.path(), "/binary/elf/x86_64");
  EXPECT_EQ(member.descriptor.uuid, Uuid::of_object(member.descriptor.value.digest()));
  EXPECT_EQ(member.descriptor.selector.id(), member.descriptor.value.digest());
  EXPECT_TRUE(member.descriptor.file_type.words.starts_with("ELF 64-bit LSB pie executable"));
  ASSERT_TRUE(member.origin);
  EXPECT_EQ(member.origin->container, archive.selector);
  EXPECT_EQ(member.origin->name, "bin/ls");
  EXPECT_EQ(member.origin->ordinal, 0u);
  EXPECT_FALSE(member.origin->replaces);

  auto down = nlohmann::json::parse(bytes_of(run.pushed[1])),
       up = nlohmann::json::parse(bytes_of(run.pushed[2]));
  EXPECT_EQ(run.pushed[1].descriptor.uuid, archive.uuid);
  EXPECT_EQ(down["otherselector"], member.descriptor.selector.str());
  EXPECT_EQ(down["linkrole"], "src");
  EXPECT_EQ(run.pushed[2].descriptor.uuid, member.descriptor.uuid);
  EXPECT_EQ(up["otherUUID"], archive.uuid.str());
  EXPECT_EQ(up["linkrole"], "target");
  EXPECT_EQ(up["linktype"], "unarchived");
}

TEST(Unarchive, ContentOfASingleFileReplacesItsName) {
  RunOnce run = unpack(compress("gzip", "hello"), "x/bash.gz");
  ASSERT_EQ(objects(run).size(), 1u);
  const NewDescriptor content = objects(run)[0];
  EXPECT_EQ(content.descriptor.label, "x/bash");
  EXPECT_EQ(content.origin->name, "bash");
  EXPECT_TRUE(content.origin->replaces);
  EXPECT_EQ(bytes_of(content), "hello");
}

TEST(Unarchive, ChildrenStayInTheDomainOfTheArchive) {
  Descriptor archive = make_object(*Domain::parse("case-7"), "/archive/tar", "a",
                                   Value::of(make_archive("ustar", "none", real_entries())), "inject");
  for (const NewDescriptor& item : run_once(unarchive_agent, archive).pushed) {
    EXPECT_EQ(item.descriptor.domain.str(), "case-7");
  }
}

TEST(Unarchive, EqualBytesUnderTwoNamesArePushedUnderBoth) {
  RunOnce run =
      unpack(make_archive("zip", "none", {{.name = "a", .bytes = "same"}, {.name = "b", .bytes = "same"}}));
  auto found = objects(run);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].descriptor.selector, found[1].descriptor.selector);
  EXPECT_EQ(found[0].origin->name, "a");
  EXPECT_EQ(found[1].origin->name, "b");
}

// --- archives made by the programs that people use ---

class Programs : public testing::Test {
 protected:
  Programs() {
    scratch_.write("d/bin/ls", file_bytes("/bin/ls"));
    scratch_.write("d/etc/services", file_bytes("/etc/services"));
    scratch_.write("d/with space \xc3\xbc", "umlaut\n");
    scratch_.write("d/empty", "");
  }

  // What sha256sum says of the files, labelled as unarchive would.
  Listing truth(const std::string& archive, const std::string& prefix = "") {
    std::istringstream lines(scratch_.run("cd d && find . -type f -printf '%P\\0' | xargs -0 sha256sum"));
    Listing out;
    for (std::string line; std::getline(lines, line);)
      out.emplace(archive + ":" + prefix + line.substr(66), line.substr(0, 64));
    return out;
  }

  void expect_like(const std::string& file, const std::string& prefix = "",
                   const std::string& password = "") {
    Options options;
    if (!password.empty()) options.set("passwords", {password});
    RunOnce run = unpack(file_bytes(scratch_.at(file)), file, {}, "/archive/x", 0, options);
    EXPECT_FALSE(run.error) << run.error->message;
    EXPECT_EQ(by_label(run), truth(file, prefix));
  }

  ScratchFolder scratch_;
};

TEST_F(Programs, GnuTar) {
  scratch_.run("cd d && tar czf ../a.tgz *");
  expect_like("a.tgz");
}

TEST_F(Programs, GnuTarOfDot) {
  scratch_.run("cd d && tar cJf ../a.txz .");
  expect_like("a.txz", "./");
}

TEST_F(Programs, GnuTarKeepsNamesOfHardLinks) {
  scratch_.run("cd d && ln bin/ls zz && ln bin/ls aa && ln etc/services ss && tar cf ../a.tar *");
  expect_like("a.tar");
}

TEST_F(Programs, InfoZip) {
  scratch_.run("cd d && zip -qr ../a.zip .");
  expect_like("a.zip");
}

TEST_F(Programs, InfoZipToAPipe) {
  scratch_.run("cd d && zip -qr - . | cat > ../a.zip");
  expect_like("a.zip");
}

TEST_F(Programs, SevenZip) {
  scratch_.run("cd d && 7zz a -bd -y ../a.7z . >/dev/null");
  expect_like("a.7z");
}

TEST_F(Programs, SevenZipMakingZipWithAes) {
  scratch_.run("cd d && 7zz a -bd -y -tzip -mem=AES256 -pcarrot ../a.zip . >/dev/null");
  expect_like("a.zip", "", "carrot");
}

TEST_F(Programs, CpioKeepsNamesOfHardLinks) {
  scratch_.run(
      "cd d && ln bin/ls zz && ln bin/ls aa && find . -type f -printf '%P\\0' | cpio -0 -o -H newc > "
      "../a.cpio 2>/dev/null");
  expect_like("a.cpio");
}

TEST_F(Programs, CpioInItsOldFormats) {
  for (const char* format : {"odc", "bin", "crc"}) {
    std::string file = std::string(format) + ".cpio";
    scratch_.run("cd d && find . -type f -printf '%P\\0' | cpio -0 -o -H " + std::string(format) + " > ../" +
                 file + " 2>/dev/null");
    expect_like(file);
  }
}

TEST_F(Programs, BsdTarIso) {
  scratch_.run("cd d && ln bin/ls zz && xorriso -as mkisofs -quiet -R -J -o ../a.iso . 2>/dev/null");
  expect_like("a.iso");
}

TEST_F(Programs, ArAndDeb) {
  scratch_.run(
      "rm -r d/*; cp /bin/ls d/one.o; cp /etc/services d/debian-binary; cd d && ar rcS ../a.deb "
      "debian-binary "
      "one.o");
  expect_like("a.deb");
}

TEST_F(Programs, XarAndBsdtar) {
  scratch_.run("cd d && bsdtar --format xar -cf ../a.xar *");
  expect_like("a.xar");
}

// --- archives in archives ---

TEST(Unarchive, GoesThroughFiveFormatsOfArchivesInArchives) {
  std::string ls = file_bytes("/bin/ls");
  std::string bytes = ls, label = "ls";
  for (Way way : {Way{"7zip", "none"}, Way{"cpio", "xz"}, Way{"iso9660", "none"}, Way{"zip", "none"},
                  Way{"ustar", "gzip"}}) {
    bytes = make_archive(way.format, way.filter, {{.name = label, .bytes = bytes}});
    label = std::string(way.format);
  }
  Descriptor at = object_of("/archive/x", "outer.tgz", bytes);
  for (int level = 0; level < 5; level++) {
    RunOnce run = run_once(unarchive_agent, at, {}, {}, static_cast<uint32_t>(level));
    ASSERT_FALSE(run.error) << run.error->message;
    ASSERT_EQ(objects(run).size(), 1u);
    at = objects(run)[0].descriptor;
  }
  EXPECT_EQ(at.value.digest(), sha256(as_bytes(ls)));
  EXPECT_EQ(at.label, "outer.tgz:zip:iso9660:cpio:7zip:ls");
}

TEST(Unarchive, ReadsAValueThatIsAFile) {
  ScratchFolder scratch;
  std::string bytes = make_archive("7zip", "none", real_entries());
  int fd = open(scratch.write("a.7z", bytes).c_str(), O_RDONLY | O_CLOEXEC);
  Value value = file_value(fd, bytes.size(), sha256(as_bytes(bytes)));
  RunOnce run = run_once(unarchive_agent, make_object(Domain(), "/archive/7z", "a.7z", value, "inject"));
  EXPECT_EQ(by_label(run), expected("a.7z", real_entries()));
}

// --- names ---

TEST(Unarchive, HostileNamesAreKeptAsTheyAre) {
  for (const char* name : {"../../etc/cron.d/x", "..\\..\\x", "/etc/passwd", "C:\\x", "a\nb", "a\x1b[2Jb",
                           "a\xff\xfe", "\xe2\x80\xaegnp.exe", "--flag", "-", "$(id)", " "}) {
    RunOnce run = unpack(make_archive("ustar", "none", {{.name = name, .bytes = "x"}}), "a.tar");
    ASSERT_EQ(objects(run).size(), 1u) << name;
    EXPECT_EQ(objects(run)[0].origin->name, name);
    EXPECT_EQ(objects(run)[0].descriptor.label, std::string("a.tar:") + name);
  }
}

TEST(Unarchive, NamesThatNameNoFileAreReplaced) {
  for (const char* name : {".", "..", "/", "a/..", "a/."}) {
    RunOnce run =
        unpack(make_archive("cpio", "none", {{.name = "first", .bytes = "1"}, {.name = name, .bytes = "x"}}));
    ASSERT_EQ(objects(run).size(), 2u) << name;
    EXPECT_EQ(objects(run)[1].origin->name, "member-1");
  }
}

// A pax record: its length in decimal, counting itself.
std::string pax_record(const std::string& key, const std::string& value) {
  std::string rest = " " + key + "=" + value + "\n";
  size_t length = rest.size() + 1;
  while (std::to_string(length).size() + rest.size() != length)
    length = std::to_string(length).size() + rest.size();
  return std::to_string(length) + rest;
}

// One tar header (POSIX.1-2017, pax, "ustar Interchange Format").
std::string tar_header(const std::string& name, uint64_t size, char type) {
  std::string header(512, '\0');
  header.replace(0, name.size(), name);
  header.replace(100, 7, "0000644");
  char octal[16];
  snprintf(octal, sizeof octal, "%011lo", static_cast<unsigned long>(size));
  header.replace(124, 11, octal);
  header[156] = type;
  header.replace(257, 8, std::string("ustar\00000", 8));
  header.replace(148, 8, "        ");
  unsigned sum = 0;
  for (unsigned char c : header) sum += c;
  snprintf(octal, sizeof octal, "%06o", sum);
  header.replace(148, 8, std::string(octal, 6) + std::string("\0 ", 2));
  return header;
}

std::string tar_file(const std::string& name, std::string bytes, char type = '0') {
  std::string header = tar_header(name, bytes.size(), type);
  bytes.resize((bytes.size() + 511) / 512 * 512, '\0');
  return header + bytes;
}

// V22: libarchive gives no UTF-8 name for it.
TEST(Unarchive, PaxNameThatIsNoUtf8IsKept) {
  std::string tar =
      tar_file("PaxHeader", pax_record("path", "bad\xff\xfename"), 'x') + tar_file("short", "hello");
  RunOnce run = unpack(tar + std::string(1024, '\0'), "a.tar");
  ASSERT_EQ(objects(run).size(), 1u);
  EXPECT_EQ(bytes_of(objects(run)[0]), "hello");
  EXPECT_EQ(objects(run)[0].origin->name, "bad\xff\xfename");
}

TEST(Unarchive, PaxNameWithNulIsAName) {
  std::string tar =
      tar_file("PaxHeader", pax_record("path", std::string("a\0b", 3)), 'x') + tar_file("short", "hello");
  RunOnce run = unpack(tar + std::string(1024, '\0'), "a.tar");
  ASSERT_EQ(objects(run).size(), 1u);
  EXPECT_FALSE(objects(run)[0].origin->name.empty());
}

TEST(Unarchive, NamesInOtherEncodingsComeOutAsUtf8) {
  std::string name =
      "gr\xc3\xbc\xc3\x9f"
      "e \xe6\x97\xa5\xe6\x9c\xac.txt";
  for (const char* format : {"7zip", "xar", "pax", "zip"}) {
    ScratchFolder scratch;
    scratch.write(name, "hello");
    scratch.run("bsdtar --format " + std::string(format) + " -cf a *.txt");
    RunOnce run = unpack(file_bytes(scratch.at("a")));
    ASSERT_EQ(objects(run).size(), 1u) << format;
    EXPECT_EQ(objects(run)[0].origin->name, name) << format;
  }
}

TEST(Unarchive, LongNamesAreCut) {
  std::string name(50'000, 'n');
  Limits limits;
  limits.name_bytes = 1024;
  RunOnce run = unpack(make_archive("gnutar", "none", {{.name = name, .bytes = "x"}}), "a", limits);
  ASSERT_EQ(objects(run).size(), 1u);
  EXPECT_EQ(objects(run)[0].origin->name, name.substr(0, 1024));
  run = unpack(make_archive("pax", "none", {{.name = name, .bytes = "x"}}), std::string(4000, 'l'));
  EXPECT_EQ(objects(run)[0].descriptor.label.size(), kMaxLabel);
}

TEST(Unarchive, AThousandMembersOfOneNameAreAllKept) {
  std::vector<ArchiveEntry> entries;
  for (int i = 0; i < 1000; i++) entries.push_back({.name = "same", .bytes = std::to_string(i)});
  EXPECT_EQ(objects(unpack(make_archive("ustar", "none", entries))).size(), 1000u);
}

// --- what is no file ---

TEST(Unarchive, LinksAndDevicesAreToldNotMade) {
  RunOnce run = unpack(make_archive("pax", "none",
                                    {{.name = "d", .bytes = "", .type = 0040000},
                                     {.name = "ln", .bytes = "", .type = 0120000, .link = "/etc/passwd"},
                                     {.name = "ln/x", .bytes = "through a link"},
                                     {.name = "tty", .bytes = "", .type = 0020000},
                                     {.name = "pipe", .bytes = "", .type = 0010000},
                                     {.name = "lost", .bytes = "", .hardlink = "/etc/shadow"}}));
  EXPECT_FALSE(run.error);
  ASSERT_EQ(objects(run).size(), 1u);
  EXPECT_EQ(objects(run)[0].origin->name, "ln/x");
  auto skipped = json_of(run, "/unarchive/skipped");
  EXPECT_EQ(skipped["symlinks"], 1);
  EXPECT_EQ(skipped["others"], 2);
  EXPECT_EQ(skipped["hardlinks"], 1);
  EXPECT_EQ(skipped["members"][0], "ln -> /etc/passwd");
}

TEST(Unarchive, HardLinksMeanWhatStoodThereBefore) {
  RunOnce run = unpack(make_archive("ustar", "none",
                                    {{.name = "x", .bytes = "first"},
                                     {.name = "a", .bytes = "", .hardlink = "x"},
                                     {.name = "x", .bytes = "second"},
                                     {.name = "y", .bytes = "other"},
                                     {.name = "b", .bytes = "", .hardlink = "x"},
                                     {.name = "c", .bytes = "", .hardlink = "b"},
                                     {.name = "self", .bytes = "", .hardlink = "self"}}));
  std::map<std::string, std::string> found;
  for (const NewDescriptor& item : objects(run)) found[item.origin->name] = bytes_of(item);
  EXPECT_EQ(found["a"], "first");
  EXPECT_EQ(found["b"], "second");
  EXPECT_EQ(found["c"], "second");
  EXPECT_FALSE(found.contains("self"));
}

// A second pass resolves links to what stood before the last member; what it keeps for that is bounded.
TEST(Unarchive, NamesOfHardLinksAreNotKeptWithoutEnd) {
  constexpr int kLinks = 1200;
  constexpr size_t kName = 60'000;
  std::vector<ArchiveEntry> entries{{.name = "x", .bytes = "linked"}, {.name = "y", .bytes = "other"}};
  for (int i = 0; i < kLinks; i++) {
    entries.push_back({.name = std::to_string(i) + std::string(kName, 'n'), .bytes = "", .hardlink = "x"});
  }
  RunOnce run = unpack(make_archive("pax", "gzip", entries));
  const uint64_t skipped = json_of(run, "/unarchive/skipped")["hardlinks"];
  EXPECT_EQ(skipped, kLinks - (64 << 20) / (kName + 4));
  EXPECT_EQ(objects(run).size(), 2 + kLinks - skipped);
}

// --- what is no archive ---

TEST(Unarchive, EmptyArchivesGiveNothingAndAreFine) {
  for (const char* format : {"ustar", "zip", "7zip", "iso9660"}) {
    RunOnce run = unpack(make_archive(format, "none", {}));
    EXPECT_FALSE(run.error) << format << ": " << run.error->message;
    EXPECT_TRUE(run.pushed.empty()) << format;
  }
}

TEST(Unarchive, WhatIsNoArchiveFailsVisibly) {
  for (const std::string& bytes :
       {std::string(), std::string("x"), std::string("just some text\n"), file_bytes("/bin/ls"),
        std::string("#mtree\n./x type=file contents=/etc/passwd\n"),
        std::string("#!/bin/sh\n# This is a shell archive\n")}) {
    RunOnce run = unpack(bytes);
    ASSERT_TRUE(run.error) << bytes.substr(0, 20);
    EXPECT_EQ(run.error->code, Code::kFailed);
    EXPECT_TRUE(run.pushed.empty());
  }
}

// V23: libarchive takes it for a tar without members.
TEST(Unarchive, CompressedZerosAreNoEmptyTar) {
  for (const char* filter : {"gzip", "bzip2", "xz", "zstd"}) {
    RunOnce run = unpack(compress(filter, std::string(1 << 20, '\0')), "zeros.gz");
    ASSERT_FALSE(run.error) << run.error->message;
    ASSERT_EQ(objects(run).size(), 1u) << filter;
    EXPECT_EQ(objects(run)[0].descriptor.value.size(), 1u << 20);
    EXPECT_EQ(objects(run)[0].descriptor.label, "zeros");
  }
}

TEST(Unarchive, CompressedNothingIsAnEmptyFile) {
  RunOnce run = unpack(compress("gzip", ""), "nothing.gz");
  EXPECT_FALSE(run.error) << run.error->message;
  ASSERT_EQ(objects(run).size(), 1u);
  EXPECT_EQ(objects(run)[0].descriptor.value.size(), 0u);
}

TEST(Unarchive, LeavesResultsAndOtherFilesAlone) {
  Descriptor archive = object_of("/archive/tar", "a", make_archive("ustar", "none", real_entries()));
  EXPECT_FALSE(run_once(unarchive_agent, make_child(archive, "x", "/archive/tar", archive.value)).wanted);
  EXPECT_FALSE(run_once(unarchive_agent, object_of("/binary/elf", "a", "x")).wanted);
  EXPECT_TRUE(run_once(unarchive_agent, object_of("/compressed/gzip", "a", compress("gzip", "x"))).wanted);
}

}  // namespace
}  // namespace rebus::unarchive_test
