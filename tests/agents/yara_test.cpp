// yara: what matches is what the program yara says of the same rules and files.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "descriptor/escape.h"
#include "tests/support/bus_stage.h"
#include "tests/support/pe_maker.h"
#include "tests/support/run_once.h"
#include "tests/support/scratch_folder.h"

namespace rebus::yara_test {
namespace {

using Json = nlohmann::json;

class Yara : public testing::Test {
 protected:
  RunOnce run(const std::vector<std::string>& rules, const std::string& bytes,
              const std::string& timeout = "60") {
    Options options;
    std::vector<std::string> paths;
    for (const std::string& each : rules) paths.push_back(folder.at(each));
    options.set("rules", paths);
    options.set("timeout", {timeout});
    return run_once(*find_agent("yara"), object_of("/binary/x", "x", bytes), options);
  }
  // What is told of a file.
  Json result(const std::string& rules, const std::string& bytes, const std::string& timeout = "60") {
    auto once = run({rules}, bytes, timeout);
    EXPECT_FALSE(once.error) << once.error->message;
    return Json::parse(once.text("/yara"));
  }
  // Of rules that cannot be used.
  std::string refusal(const std::vector<std::string>& rules) {
    auto once = run(rules, "");
    EXPECT_TRUE(once.error.has_value());
    if (once.error) {
      EXPECT_EQ(once.error->code, Code::kInvalid) << "wrong usage";
    }
    return once.error ? once.error->message : "";
  }
  static std::set<std::string> names(const Json& result) {
    std::set<std::string> found;
    for (const Json& rule : result["rules"]) found.insert(rule["name"]);
    return found;
  }
  std::set<std::string> by_program(const std::string& rules, const std::string& file) const {
    std::set<std::string> found;
    std::istringstream lines(folder.run("yara " + rules + " " + file));
    for (std::string name, path; lines >> name >> path;) found.insert(name);
    return found;
  }

  ScratchFolder folder;
};

constexpr const char* kModules = R"(
import "pe" import "elf" import "hash" import "math" import "dotnet" import "time" import "macho" import "dex"
import "magic" import "console" import "cuckoo"
rule imports { condition: pe.is_pe and pe.imphash() == "IMPHASH" }
rule imports_by_name { condition: pe.imports("WS2_32.dll", "WSAStartup") }
rule shared { condition: elf.type == elf.ET_DYN and elf.machine == elf.EM_X86_64 }
rule known { condition: hash.md5(0, filesize) == "b1946ac92492d2347c6235b4d2611184" and hash.sha256(0, 5) != "" }
rule random { condition: math.entropy(0, filesize) > 5 and time.now() > 1600000000 }
rule text { condition: magic.mime_type() == "text/plain" }
rule net { condition: dotnet.is_dotnet == 1 }
)";

TEST_F(Yara, matches_of_all_modules_are_those_of_the_program) {
  const std::string program = pe_importing({{"WS2_32.dll", {"#115", "WSAStartup"}}, {"a.dll", {"b"}}});
  folder.write("pe", program);
  std::string hash =
      folder.run("/usr/bin/python3 -c 'import pefile; print(pefile.PE(\"pe\").get_imphash(), end=\"\")'");
  std::string rules = kModules;
  folder.write("modules.yar", rules.replace(rules.find("IMPHASH"), 7, hash));
  folder.write("hello", "hello\n");
  folder.run("cp -L /bin/ls ls; : > empty");
  std::set<std::string> seen;
  for (const char* file : {"pe", "hello", "ls", "empty"}) {
    auto found = names(result("modules.yar", file_bytes(folder.at(file))));
    EXPECT_EQ(found, by_program("modules.yar", file)) << file;
    seen.insert(found.begin(), found.end());
  }
  EXPECT_EQ(seen, (std::set<std::string>{"imports", "imports_by_name", "shared", "known", "random", "text"}));
}

TEST_F(Yara, a_match_is_told_with_all_that_its_rule_says) {
  folder.write("a.yar", R"(
private rule hidden { condition: true }
rule told : one two {
  meta: author = "a \x1b[2J \" b" score = -5 sure = true ref = "x" ref = "y"
  strings: $a = "needle" $b = /n[e]+d/ $c = "absent" $d = { 00 ff } private
  condition: hidden and any of them
})");
  const std::string bytes = "a needle, \x1b[2J" + std::string("\x00\xff", 2) + " and a needle";
  Json json = result("a.yar", bytes);
  EXPECT_EQ(json["verdict"], "found");
  ASSERT_EQ(json["rules"].size(), 1U);
  Json& rule = json["rules"][0];
  EXPECT_EQ(rule["name"], "told");
  EXPECT_EQ(rule["namespace"], "a.yar");
  EXPECT_EQ(rule["tags"], (Json{"one", "two"}));
  EXPECT_EQ(unescape(rule["meta"]["author"].get<std::string>()), "a \x1b[2J \" b");
  EXPECT_EQ(rule["meta"]["score"], -5);
  EXPECT_EQ(rule["meta"]["sure"], true);
  EXPECT_EQ(rule["meta"]["ref"], (Json{"x", "y"}));
  std::set<std::pair<std::string, size_t>> places;
  for (const Json& each : rule["strings"]) {
    const size_t offset = each["offset"];
    places.emplace(each["name"], offset);
    EXPECT_EQ(unescape(each["data"].get<std::string>()), bytes.substr(offset, each["length"]));
  }
  EXPECT_EQ(places, (std::set<std::pair<std::string, size_t>>{{"$a", 2}, {"$a", 23}, {"$b", 2}, {"$b", 23}}));
}

TEST_F(Yara, hostile_bytes_are_told_escaped_and_cut) {
  folder.write("a.yar", "rule r { strings: $a = /\\x1b[^q]{0,100}q/ condition: $a }");
  Json json = result("a.yar", "12\x1b\n\xff" + std::string(60, 'x') + "q");
  const Json& place = json["rules"][0]["strings"][0];
  EXPECT_EQ(place["offset"], 2);
  EXPECT_EQ(place["length"], 64);
  EXPECT_EQ(place["data"], "\\x1b\\x0a\\xff" + std::string(29, 'x'));
}

TEST_F(Yara, places_that_are_not_told_are_counted) {
  folder.write("a.yar", "rule r { strings: $a = \"ab\" condition: $a }");
  std::string bytes;
  for (int i = 0; i < 70; i++) bytes += "ab ";
  Json json = result("a.yar", bytes);
  EXPECT_EQ(json["verdict"], "found");
  EXPECT_EQ(json["rules"][0]["strings"].size(), 50U);
  EXPECT_EQ(json["rules"][0]["more_strings"], 20);
}

TEST_F(Yara, more_rules_than_are_told_are_said_to_be) {
  std::string text;
  for (int i = 0; i < 1001; i++) text += "rule r" + std::to_string(i) + " { condition: true }\n";
  folder.write("a.yar", text);
  auto once = run({"a.yar"}, "x");
  Json json = Json::parse(once.text("/yara"));
  EXPECT_EQ(json["rules"].size(), 1000U);
  EXPECT_EQ(json["limits"], Json{"rules"});
  EXPECT_EQ(once.under("/limit/yara").size(), 1U);
}

TEST_F(Yara, what_matches_nothing_is_clean) {
  folder.write("a.yar", "rule r { condition: filesize > 100 }");
  for (const char* bytes : {"", "x"}) {
    auto once = run({"a.yar"}, bytes);
    Json json = Json::parse(once.text("/yara"));
    EXPECT_EQ(json["verdict"], "clean");
    EXPECT_EQ(json["rules"], Json::array());
    EXPECT_FALSE(json.contains("reason"));
    EXPECT_EQ(once.pushed.size(), 1U);
    EXPECT_EQ(json["engine"]["version"].get<std::string>() + "\n", folder.run("yara --version"));
    EXPECT_NE(json["sandbox"].dump().find("\"seccomp\""), std::string::npos);
  }
}

// --- limits ---

TEST_F(Yara, rules_without_end_are_ended_and_told) {
  folder.write("loop.yar",
               "rule r { condition: for all i in (0..1000000000000): (uint8(i % filesize) != 1) }");
  folder.write("regex.yar", "rule r { strings: $a = /a.{0,300}b.{0,300}c/s condition: $a }");
  for (const char* rules : {"loop.yar", "regex.yar"}) {
    auto once = run({rules}, std::string(4 << 20, 'a'), "1");
    ASSERT_FALSE(once.error) << rules << once.error->message;
    Json json = Json::parse(once.text("/yara"));
    EXPECT_EQ(json["verdict"], "partial") << rules;
    EXPECT_EQ(json["limits"], Json{"time"}) << rules;
    EXPECT_NE(once.text("/limit/yara").find("--timeout"), std::string::npos) << rules;
  }
}

TEST_F(Yara, regular_expressions_that_are_too_complex_are_told) {
  folder.write("a.yar", "rule r { strings: $re = /a.{0,3000}a.{0,3000}b.{0,3000}c/s condition: $re }");
  auto once = run({"a.yar"}, std::string(10'000, 'a'));
  Json json = Json::parse(once.text("/yara"));
  EXPECT_EQ(json["verdict"], "partial");
  EXPECT_EQ(json["limits"], Json{"complexity"});
  EXPECT_EQ(once.under("/limit/yara").size(), 1U);
  EXPECT_NE(json["reason"].get<std::string>().find("$re of r is too complex"), std::string::npos);
}

TEST_F(Yara, strings_that_occur_too_often_are_told) {
  folder.write("a.yar", "rule r { strings: $a = \"a\" condition: #a == 7 }");
  auto once = run({"a.yar"}, std::string(1'000'100, 'a'));
  Json json = Json::parse(once.text("/yara"));
  EXPECT_EQ(json["verdict"], "partial");
  EXPECT_EQ(json["limits"], Json{"matches"});
  EXPECT_NE(json["reason"].get<std::string>().find("$a of r occurs more than 1000000 times"),
            std::string::npos);
  EXPECT_EQ(once.under("/limit/yara").size(), 1U);
}

TEST_F(Yara, of_a_large_file_the_begin_is_looked_at) {
  folder.write("a.yar",
               "rule begin { strings: $a = \"needle\" condition: $a at 7 }\n"
               "rule end { strings: $a = \"haystack\" condition: $a }");
  std::string bytes((256 << 20) + 100, '\0');
  bytes.replace(7, 6, "needle").replace(bytes.size() - 50, 8, "haystack");
  Json json = result("a.yar", bytes);
  EXPECT_EQ(names(json), std::set<std::string>{"begin"});
  EXPECT_EQ(json["limits"], Json{"size"});
}

// --- rules ---

TEST_F(Yara, rules_of_folders_have_namespaces_and_may_be_compiled) {
  folder.write("rules/a.yar", "include \"deep/inc.txt\" rule same { condition: included }");
  folder.write("rules/deep/inc.txt", "include \"er/inc.txt\" rule included { condition: inner }");
  folder.write("rules/deep/er/inc.txt", "private rule inner { condition: filesize == 3 }");
  folder.write("rules/deep/b.yara", "rule same { condition: true }");
  folder.write("rules/notes.txt", "these are no rules");
  folder.write(
      "c.yar",
      "import \"hash\" rule compiled { condition: hash.md5(0, 3) == \"900150983cd24fb0d6963f7d28e17f72\" }");
  folder.run("yarac c.yar rules/c.yarc");
  Json json = result("rules", "abc");
  std::multiset<std::string> found;
  for (const Json& rule : json["rules"])
    found.insert(rule["namespace"].get<std::string>() + " " + rule["name"].get<std::string>());
  EXPECT_EQ(found, (std::multiset<std::string>{"a.yar same", "a.yar included", "deep/b.yara same",
                                               "default compiled"}));
  EXPECT_EQ(json["engine"]["rules"]["count"], 5);
  std::string sum = folder.run(
      "cat rules/a.yar rules/deep/inc.txt rules/deep/er/inc.txt rules/c.yarc rules/deep/b.yara | sha256sum");
  EXPECT_EQ(json["engine"]["rules"]["sha256"], sum.substr(0, 64));
}

TEST_F(Yara, several_files_of_rules_are_taken_together) {
  folder.write("a.yar", "rule a { condition: true }");
  folder.write("b.yar", "rule b { condition: true }");
  auto once = run({"a.yar", "b.yar"}, "x");
  EXPECT_EQ(names(Json::parse(once.text("/yara"))), (std::set<std::string>{"a", "b"}));
}

TEST_F(Yara, a_wrong_rule_is_named_with_file_and_line) {
  folder.write("bad.yar", "rule a { condition: true }\nrule b {\n  condtion: true }\n");
  folder.write("inc.yar", "include \"bad.yar\"");
  folder.write("unknown.yar", "\nrule a { condition: nowhere == \"x\" }");
  folder.write("module.yar", "import \"nothing\\x1b\"");
  folder.write("cut.yarc", "YARA" + std::string(100, 'x'));
  folder.write("empty.yar", "");
  folder.run("mkdir none");
  EXPECT_NE(refusal({"bad.yar"}).find(folder.at("bad.yar") + ":3: "), std::string::npos)
      << refusal({"bad.yar"});
  EXPECT_NE(refusal({"inc.yar"}).find(folder.at("bad.yar") + ":3: "), std::string::npos)
      << refusal({"inc.yar"});
  EXPECT_NE(refusal({"unknown.yar"}).find("unknown.yar:2: undefined identifier \"nowhere\""),
            std::string::npos);
  EXPECT_EQ(refusal({"module.yar"}).find('\x1b'), std::string::npos);
  EXPECT_NE(refusal({"cut.yarc"}).find("cut.yarc"), std::string::npos);
  EXPECT_NE(refusal({"empty.yar"}).find("not one"), std::string::npos);
  EXPECT_NE(refusal({"none"}).find("no name in this folder ends in"), std::string::npos);
  EXPECT_NE(refusal({"absent.yar"}).find("No such file"), std::string::npos);
  auto without = run_once(*find_agent("yara"), object_of("/binary/x", "x", ""));
  EXPECT_EQ(without.error->code, Code::kInvalid);
}

TEST_F(Yara, rules_are_read_once) {
  folder.write("a.yar", "rule before { condition: true }");
  Json first = result("a.yar", "x");
  folder.write("a.yar", "rule after { condition: true }");
  EXPECT_EQ(result("a.yar", "x"), first);
}

TEST_F(Yara, external_variables_are_those_of_the_name_or_as_defined) {
  folder.write("a.yar", R"(
rule name { condition: filename == "Bad.EXE" and filepath == "mail.zip:dir" and extension == ".exe" }
rule nothing { condition: filetype == "" and owner == "" }
rule whole { condition: number == 7 and not off }
rule point { condition: share > 0.4 and share < 0.6 }
rule text { condition: word contains "0x7=" }
)");
  Options options;
  options.set("rules", {folder.at("a.yar")});
  options.set("define", {"number=7", "off=false", "share=0.5", "word=a 0x7=7"});
  auto of = [&](const char* label) {
    auto once = run_once(*find_agent("yara"), object_of("/binary/x", label, "x"), options);
    EXPECT_FALSE(once.error) << once.error->message;
    return names(Json::parse(once.text("/yara")));
  };
  EXPECT_EQ(of("mail.zip:dir/Bad.EXE"), (std::set<std::string>{"name", "nothing", "whole", "point", "text"}));
  EXPECT_EQ(of("exe"), (std::set<std::string>{"nothing", "whole", "point", "text"}));
  options.set("define",
              {"number=7", "off=false", "share=0.5", "word=0x7=", "filename=Bad.EXE", "owner=root"});
  EXPECT_EQ(of("mail.zip:dir/other.exe"), (std::set<std::string>{"name", "whole", "point", "text"}))
      << "what is defined is so for all files";
  for (const char* wrong : {"number", "=7", "7a=1", "a-b=1"}) {
    options.set("define", {wrong});
    auto once = run_once(*find_agent("yara"), object_of("/binary/x", "x", "x"), options);
    ASSERT_TRUE(once.error) << wrong;
    EXPECT_EQ(once.error->code, Code::kInvalid) << wrong;
    EXPECT_NE(once.error->message.find("NAME=VALUE"), std::string::npos) << wrong;
  }
}

TEST_F(Yara, a_file_that_is_matched_again_has_a_higher_version_if_it_differs) {
  folder.write("a.yar", "rule a { condition: true }");
  folder.write("b.yar", "rule b { condition: true }");
  BusStage stage;
  stage.inject("x", "/binary/x", "x");
  stage.close();
  auto match = [&](const char* rules, const char* timeout) {
    stage.consume(*find_agent("yara"), {.options = {{"rules", {folder.at(rules)}}, {"timeout", {timeout}}}});
    std::map<uint32_t, std::string> names;  // by version
    Find query;
    query.by = By::kPrefix;
    query.text = "/yara";
    EXPECT_TRUE(stage.client()->for_each(query, [&](Record& record) {
      Json json = Json::parse(*record.descriptor.value.load(1 << 20));
      EXPECT_EQ(record.descriptor.label, "x");
      EXPECT_TRUE(names.emplace(record.descriptor.version, json["rules"][0]["name"]).second);
      return true;
    }));
    return names;
  };
  using Versions = std::map<uint32_t, std::string>;
  EXPECT_EQ(match("a.yar", "60"), (Versions{{0, "a"}}));
  EXPECT_EQ(match("b.yar", "60"), (Versions{{0, "a"}, {1, "b"}}));
  EXPECT_EQ(match("b.yar", "59"), (Versions{{0, "a"}, {1, "b"}})) << "it says the same";
}

TEST_F(Yara, takes_what_it_is_told_to) {
  folder.write("a.yar", "rule a { condition: true }");
  Options options;
  options.set("rules", {folder.at("a.yar")});
  options.set("selector-prefix", {"/document"});
  EXPECT_FALSE(run_once(*find_agent("yara"), object_of("/binary/x", "x", "x"), options).wanted);
  EXPECT_TRUE(run_once(*find_agent("yara"), object_of("/document/x", "x", "x"), options).wanted);
  options.set("timeout", {"241"});
  EXPECT_TRUE(run_once(*find_agent("yara"), object_of("/document/x", "x", "x"), options).error);
}

}  // namespace
}  // namespace rebus::yara_test
