// hasher against the programs of coreutils, on real files.
#include <gtest/gtest.h>

#include "agents/parsers/hash_algorithms.h"
#include "descriptor/spool.h"
#include "tests/support/run_once.h"
#include "tests/support/scratch_folder.h"

namespace rebus {
extern const AgentSpec hasher_agent;
}

namespace rebus::hasher_test {
namespace {

Options with(const std::string& name, std::vector<std::string> values) {
  Options options;
  options.set(name, std::move(values));
  return options;
}

const char* const kFiles[] = {"/bin/ls", "/bin/bash", "/etc/services", "/usr/bin/file"};

TEST(Hasher, GivesMd5AsTheOriginalDid) {
  ScratchFolder scratch;
  for (const char* file : kFiles) {
    RunOnce run = run_once(hasher_agent, object_of("/binary/elf/x86_64", "x", file_bytes(file)));
    ASSERT_FALSE(run.error) << run.error->message;
    ASSERT_EQ(run.pushed.size(), 1u);
    const Descriptor& hash = run.pushed[0].descriptor;
    EXPECT_EQ(hash.selector.path(), "/md5_hash");
    EXPECT_EQ(hash.kind, Kind::kText);
    EXPECT_EQ(hash.label, "x");
    EXPECT_EQ(run.text("/md5_hash"), scratch.run(std::string("md5sum ") + file).substr(0, 32));
  }
}

struct Program {
  const char* algorithm;
  const char* command;
};

TEST(Hasher, GivesWhatCoreutilsGive) {
  ScratchFolder scratch;
  for (const Program& program :
       {Program{"sha1", "sha1sum"}, Program{"sha224", "sha224sum"}, Program{"sha256", "sha256sum"},
        Program{"sha384", "sha384sum"}, Program{"sha512", "sha512sum"}, Program{"blake2b512", "b2sum"}}) {
    for (const char* file : kFiles) {
      RunOnce run = run_once(hasher_agent, object_of("/binary/elf", "x", file_bytes(file)),
                             with("algorithms", {program.algorithm}));
      std::string line = scratch.run(std::string(program.command) + " " + file);
      EXPECT_EQ(run.text(std::string("/signature/") + program.algorithm), line.substr(0, line.find(' ')))
          << program.command;
    }
  }
}

// FIPS 202 and RFC 7693: the digests of "abc".
TEST(Hasher, GivesPublishedVectors) {
  RunOnce run = run_once(hasher_agent, object_of("/binary/x", "x", "abc"),
                         with("algorithms", {"sha3-256,blake2s256", "md5"}));
  EXPECT_EQ(run.text("/signature/sha3-256"),
            "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532");
  EXPECT_EQ(run.text("/signature/blake2s256"),
            "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982");
  EXPECT_EQ(run.text("/md5_hash"), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(run.pushed.size(), 3u);
}

TEST(Hasher, KnowsEveryAlgorithmItTellsOf) {
  ASSERT_GE(hash_algorithms().size(), 12u);
  for (const std::string& name : hash_algorithms()) {
    RunOnce run = run_once(hasher_agent, object_of("/binary/x", "x", ""), with("algorithms", {name}));
    ASSERT_EQ(run.pushed.size(), 1u) << name;
    EXPECT_GE(run.pushed[0].descriptor.value.size(), 32u);
  }
}

TEST(Hasher, RepeatedAlgorithmsCountOnce) {
  RunOnce run = run_once(hasher_agent, object_of("/binary/x", "x", "x"),
                         with("algorithms", {"md5,sha1", "md5", "sha1"}));
  EXPECT_EQ(run.pushed.size(), 2u);
}

TEST(Hasher, UnknownAlgorithmIsRefusedBeforeAnythingRuns) {
  RunOnce run = run_once(hasher_agent, object_of("/binary/x", "x", "x"),
                         with("algorithms", {"md5,sha\x1b"
                                             "7"}));
  ASSERT_TRUE(run.error);
  EXPECT_EQ(run.error->code, Code::kInvalid);
  EXPECT_NE(run.error->message.find("sha\\x1b7"), std::string::npos);
  EXPECT_NE(run.error->message.find("sha512"), std::string::npos) << "names the known ones";
}

TEST(Hasher, TakesProgramsUnlessToldOtherwise) {
  EXPECT_TRUE(run_once(hasher_agent, object_of("/binary/pe/x86_64", "x", "x")).wanted);
  EXPECT_FALSE(run_once(hasher_agent, object_of("/text/ascii", "x", "x")).wanted);
  EXPECT_FALSE(run_once(hasher_agent, object_of("/binaryx", "x", "x")).wanted);
  EXPECT_TRUE(run_once(hasher_agent, object_of("/text/ascii", "x", "x"),
                       with("selector-prefix", {"/text/", "/document"}))
                  .wanted);
  EXPECT_TRUE(
      run_once(hasher_agent, object_of("/text/ascii", "x", "x"), with("selector-prefix", {"/"})).wanted);
  EXPECT_FALSE(
      run_once(hasher_agent, object_of("/binary/elf", "x", "x"), with("selector-prefix", {"/text"})).wanted);
}

TEST(Hasher, TakesNoResults) {
  Descriptor object = object_of("/binary/elf", "x", "x");
  EXPECT_FALSE(run_once(hasher_agent, make_child(object, "unpacker", "/binary/elf", Value::of("y"))).wanted);
}

TEST(Hasher, RefusesPrefixesThatAreNoTypePaths) {
  for (const char* prefix : {"", "binary", "/bin ary", "//", "/a//b"}) {
    RunOnce run = run_once(hasher_agent, object_of("/binary/x", "x", "x"), with("selector-prefix", {prefix}));
    ASSERT_TRUE(run.error) << prefix;
    EXPECT_EQ(run.error->code, Code::kInvalid);
  }
}

// Larger than a chunk, from a file.
TEST(Hasher, ReadsLargeValuesInPieces) {
  Spool spool({.per_value = 1024, .in_all = 1024});
  auto writer = spool.create();
  std::string piece(100'003, 'x');
  std::string whole;
  for (int i = 0; i < 30; i++, whole += piece) ASSERT_TRUE(writer->append(as_bytes(piece)).ok());
  auto large = hash_value(*writer->seal(), {"md5", "sha256", "sha512"});
  auto small = hash_value(Value::of(whole), {"md5", "sha256", "sha512"});
  ASSERT_TRUE(large.ok() && small.ok());
  EXPECT_EQ(*large, *small);
  EXPECT_EQ((*large)[1], sha256(as_bytes(whole)).hex());
}

}  // namespace
}  // namespace rebus::hasher_test
