// signature: what it gives equals what the tools of others say of the same files.
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

#include "agents/parsers/import_hash.h"
#include "agents/support/ssdeep_worker.h"
#include "tests/support/elf_archive.h"
#include "tests/support/pe_maker.h"
#include "tests/support/process.h"
#include "tests/support/run_once.h"
#include "tests/support/scratch_folder.h"

namespace rebus::signature_test {
namespace {

const char* kPeFiles =
    "find /usr/share/nsis/Stubs /usr/share/nsis/Plugins /usr/share/nsis/Contrib/UIs -type f";

class Signature : public testing::Test {
 protected:
  void SetUp() override {
    std::string path = std::getenv("PATH");
    setenv("PATH", (REBUS_BIN ":" + path).c_str(), 1);  // there rebus_ssdeep is
  }

  static RunOnce run(const std::string& bytes, const std::string& types = "imphash,ssdeep,tlsh") {
    Options options;
    options.set("types", {types});
    return run_once(*find_agent("signature"), object_of("/binary/x", "x", bytes), options);
  }
  static std::string imphash(const std::string& bytes) {
    auto once = run(bytes, "imphash");
    EXPECT_FALSE(once.error) << once.error->message;
    EXPECT_EQ(once.pushed.size(), 1u);
    return once.text("/signature/imphash");
  }
  static std::string failure(const std::string& bytes) {
    auto once = run(bytes, "tlsh,imphash");
    EXPECT_TRUE(once.error.has_value());
    EXPECT_TRUE(once.under("/signature/imphash").empty()) << "no partial hash looks like a whole one";
    EXPECT_EQ(once.under("/signature/tlsh").size(), 1u) << "the others stand";
    return once.error ? once.error->message : "";
  }
  std::string python(const std::string& line, const std::string& bytes) const {
    folder.write("sample", bytes);
    std::string out = folder.run("/usr/bin/python3 -c 'import hashlib, pefile, subprocess; " + line + "'");
    return out.substr(0, out.find('\n'));
  }
  std::string pefile(const std::string& bytes) const {
    return python("print(pefile.PE(\"sample\").get_imphash())", bytes);
  }
  // As YARA defines elf.import_md5, from what nm prints.
  std::string nm(const std::string& bytes, const std::string& table = "-D") const {
    return python("o = subprocess.check_output([\"nm\", \"" + table +
                      "\", \"--undefined-only\", \"--without-symbol-versions\", \"-P\", \"sample\"]); "
                      "n = sorted(l.split()[0].lower() for l in o.splitlines()); "
                      "print(hashlib.md5(b\",\".join(n)).hexdigest() if n else \"\")",
                  bytes);
  }
  // A program or library of C, built as `flags` say.
  std::string built(const std::string& flags) const {
    folder.write("a.c",
                 "#include <stdio.h>\n#include <stdlib.h>\nint f(void) { return puts(\"x\"); }\n"
                 "int main(void) { f(); return getenv(\"A\") == NULL; }\n");
    folder.run("gcc a.c -o built " + flags);
    return file_bytes(folder.at("built"));
  }

  ScratchFolder folder;
};

// --- PE ---

TEST_F(Signature, imphash_of_real_PE_files_is_that_of_pehash) {
  std::istringstream files(folder.run(kPeFiles));
  size_t count = 0;
  for (std::string file; std::getline(files, file);) {
    if (!file_bytes(file).starts_with("MZ")) continue;
    count++;
    std::string expected = folder.run("pehash '" + file + "' | sed -n 's/.*imphash: *//p'");
    EXPECT_EQ(imphash(file_bytes(file)) + "\n", expected) << file;
  }
  EXPECT_GT(count, 50u);
}

const std::vector<ImportedLibrary> kNetworked = {{"WS2_32.dll", {"#115", "#23", "#9999", "WSAStartup"}},
                                                 {"OLEAUT32.DLL", {"#2", "#6"}},
                                                 {"wsock32.dll", {"#3"}},
                                                 {"Some.Control.OCX", {"#7", "Fn"}},
                                                 {"ntoskrnl.exe", {"ExAllocatePool"}},
                                                 {"hal.sys", {"#1"}}};

TEST_F(Signature, imphash_names_ordinals_as_pefile_does) {
  std::string program = pe_importing(kNetworked);
  EXPECT_EQ(imphash(program), pefile(program));
}

TEST_F(Signature, imphash_depends_on_the_order_and_not_on_the_case) {
  std::string one = imphash(pe_importing({{"A.dll", {"x", "Y"}}}));
  EXPECT_EQ(imphash(pe_importing({{"a.DLL", {"X", "y"}}})), one);
  EXPECT_NE(imphash(pe_importing({{"A.dll", {"Y", "x"}}})), one);
}

TEST_F(Signature, imphash_of_a_program_that_imports_nothing_is_empty) {
  EXPECT_EQ(imphash(pe_importing({})), "");
  std::string without_table = pe_importing({});
  put32(without_table, 64 + 24 + 104, 0);
  EXPECT_EQ(imphash(without_table), "");
}

TEST_F(Signature, imphash_is_of_PE_and_ELF_only) {
  for (const char* other : {"", "MZ", "#!/bin/sh\n",
                            "\x7f"
                            "EL"}) {
    auto once = run(other, "imphash");
    EXPECT_FALSE(once.error) << other;
    EXPECT_TRUE(once.pushed.empty()) << other;
  }
  EXPECT_TRUE(run("MZ" + std::string(200, 'x'), "imphash").pushed.empty()) << "a DOS program";
}

TEST_F(Signature, a_cut_import_table_is_a_failure_and_said_so) {
  std::string program = pe_importing(kNetworked);
  EXPECT_NE(failure(program.substr(0, 520)).find("import table is damaged: it is cut"), std::string::npos);
  const auto whole = import_hash(Value::of(program));
  for (size_t size = 400; size < 700; size++) {
    auto cut = import_hash(Value::of(program.substr(0, size)));
    EXPECT_TRUE(!cut || *cut == *whole) << size;
  }
}

TEST_F(Signature, an_import_table_that_leads_nowhere_is_a_failure) {
  std::string program = pe_importing(kNetworked);
  put32(program, 512 + 12, 0x70000000);  // the library's name
  EXPECT_NE(failure(program).find("outside of the program"), std::string::npos);
  program = pe_importing(kNetworked);
  put32(program, 64 + 24 + 104, 0x70000000);  // the table
  EXPECT_NE(failure(program).find("outside of the program"), std::string::npos);
}

TEST_F(Signature, a_table_of_names_that_leads_nowhere_is_left_for_the_other_one_as_by_Windows) {
  std::string program = pe_importing(kNetworked);
  put32(program, 512, 0x70000000);
  EXPECT_EQ(imphash(program), pefile(program));
}

TEST_F(Signature, import_tables_that_grow_without_end_reach_a_limit) {
  ImportedLibrary much{"a.dll", std::vector<std::string>(65'537, "#1")};
  EXPECT_NE(failure(pe_importing({much})).find("65536"), std::string::npos);
  much.functions.pop_back();
  EXPECT_NE(imphash(pe_importing({much})), "");
  ImportedLibrary names{"a.dll", std::vector<std::string>(8000, "x")};
  std::string program = pe_importing({names, names, names, names, names, names, names, names, names});
  uint32_t table = get32(program, 512);
  for (size_t i = 0; i < 9; i++) put32(program, 512 + i * 20, table);
  EXPECT_NE(failure(program).find("65536"), std::string::npos) << "nine times the same table";
}

// --- ELF ---

TEST_F(Signature, imphash_of_real_ELF_files_is_that_of_the_names_that_nm_prints) {
  auto files = elf_files(20, 10 << 20);
  ASSERT_GT(files.size(), 10u);
  for (const auto& file : files) EXPECT_EQ(imphash(file_bytes(file)), nm(file_bytes(file))) << file;
}

TEST_F(Signature, imphash_of_ELF_needs_no_section_headers) {
  for (const char* flags : {"", "-Wl,--hash-style=sysv", "-Wl,--hash-style=gnu",
                            "-shared -fPIC -Wl,--hash-style=gnu", "-no-pie -Wl,--hash-style=gnu -Wl,-E"}) {
    std::string program = built(flags), expected = nm(program);
    EXPECT_EQ(imphash(program), expected) << flags;
    program.replace(40, 8, 8, '\0');  // e_shoff
    program.replace(60, 4, 4, '\0');  // e_shnum, e_shstrndx
    EXPECT_EQ(imphash(program), expected) << flags;
  }
}

TEST_F(Signature, imphash_of_object_files_and_static_programs) {
  std::string object = built("-c");
  EXPECT_EQ(imphash(object), nm(object, "-p"));
  EXPECT_EQ(imphash(built("-static -s")), "");
}

TEST_F(Signature, a_cut_ELF_file_is_a_failure) {
  std::string program = built("");
  EXPECT_NE(failure(program.substr(0, 700)).find("it is cut"), std::string::npos);
  EXPECT_NE(failure(program.substr(0, 70)).find("it is cut"), std::string::npos);
}

// --- fuzzy hashes ---

TEST_F(Signature, ssdeep_and_tlsh_are_those_of_their_programs) {
  std::vector<std::string> files = elf_files(20, 10 << 20);
  files.push_back(folder.write("empty", ""));
  files.push_back(folder.write("small", "small"));
  files.push_back(folder.write("uniform", std::string(100'000, 'x')));
  files.push_back(folder.write("zeros", std::string(3 << 20, '\0')));
  for (const auto& file : files) {
    auto once = run(file_bytes(file), "ssdeep,tlsh");
    ASSERT_FALSE(once.error) << once.error->message;
    std::string expected = folder.run("ssdeep -s -c '" + file + "' | sed -n 's/,.*//; 2p'");
    EXPECT_EQ(once.text("/signature/ssdeep") + "\n", expected) << file;
    expected = folder.run("tlsh -f '" + file + "' 2>/dev/null | cut -f1 | grep -E '^[0-9A-F]{70}$' || true");
    std::string tlsh = once.text("/signature/tlsh");
    EXPECT_EQ(tlsh.empty() ? "" : tlsh + "\n", expected.empty() ? "" : "T1" + expected) << file;
    EXPECT_EQ(once.under("/signature/tlsh").size(), 1u) << "empty, but said";
  }
}

TEST_F(Signature, ssdeep_uses_one_process_for_many_values_and_another_if_it_dies) {
  SsdeepWorker worker;
  auto hash = [&](const std::string& bytes) -> std::string {
    auto line = worker.hash(Value::of(bytes));
    return line ? *line : line.error().message;
  };
  auto children = [] {
    std::ifstream list("/proc/thread-self/children");
    std::vector<pid_t> workers;
    for (pid_t pid = 0; list >> pid;) {
      std::ifstream comm("/proc/" + std::to_string(pid) + "/comm");
      std::string name;
      if (comm >> name && name == "rebus_ssdeep") workers.push_back(pid);
    }
    return workers;
  };
  std::string first = hash("some value");
  auto one = children();
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(hash("some value"), first);
  EXPECT_EQ(children(), one);
  kill(one.at(0), SIGKILL);
  EXPECT_EQ(hash("some value"), first);
  EXPECT_NE(children(), one);
}

// --- the agent ---

TEST_F(Signature, equal_bytes_give_equal_results) {
  std::string bytes = file_bytes("/bin/ls");
  auto one = run(bytes), two = run(bytes);
  ASSERT_EQ(one.pushed.size(), 3u);
  for (size_t i = 0; i < 3; i++)
    EXPECT_EQ(one.pushed[i].descriptor.selector, two.pushed[i].descriptor.selector);
}

TEST_F(Signature, types_say_which) {
  std::string bytes = file_bytes("/bin/ls");
  EXPECT_EQ(run(bytes, "ssdeep").pushed.size(), 1u);
  EXPECT_EQ(run(bytes, "tlsh,imphash").pushed.size(), 2u);
  auto once = run(bytes, "ssdeep,sd\x1b");
  ASSERT_TRUE(once.error.has_value());
  EXPECT_EQ(once.error->code, Code::kInvalid);
  EXPECT_NE(once.error->message.find("'sd\\x1b'; it knows imphash,ssdeep,tlsh"), std::string::npos);
}

TEST_F(Signature, takes_programs_documents_and_scripts) {
  for (const char* path : {"/binary/pe/i386", "/document/pdf", "/script/shell"}) {
    EXPECT_TRUE(run_once(*find_agent("signature"), object_of(path, "x", "x")).wanted) << path;
  }
  EXPECT_FALSE(run_once(*find_agent("signature"), object_of("/text/ascii", "x", "x")).wanted);
}

TEST_F(Signature, has_a_worker_that_refuses_words_that_it_does_not_know) {
  for (const char* words : {"", "hash", "hash other", "compare", "compare 1", "compare 1 1",
                            "compare x 1 none", "compare 1 0 none", "compare 1 101 none", "compare -1 1 none",
                            "compare 1 2 other", "other none", "--help"}) {
    auto done = shell(std::string("rebus_ssdeep ") + words + " < /dev/null");
    EXPECT_EQ(done.exit_code, 5) << words;
    EXPECT_FALSE(done.err.empty()) << words;
  }
  EXPECT_EQ(shell("rebus_ssdeep compare 1 1 required < /dev/null").exit_code, 0);
}

TEST_F(Signature, says_before_any_work_that_rebus_ssdeep_is_missing) {
  setenv("PATH", "/nowhere", 1);
  auto once = run("x");
  auto without = run("x", "tlsh");
  setenv("PATH", "/usr/bin:/bin", 1);
  ASSERT_TRUE(once.error.has_value());
  EXPECT_EQ(once.error->code, Code::kUnavailable);
  EXPECT_NE(once.error->message.find("--types imphash,tlsh"), std::string::npos);
  EXPECT_FALSE(without.error);
}

TEST_F(Signature, is_called_file_identification_too) {
  EXPECT_EQ(find_agent("file_identification"), find_agent("signature"));
}

}  // namespace
}  // namespace rebus::signature_test
