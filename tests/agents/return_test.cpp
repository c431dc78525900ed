// return: what it prints, under which names, in whatever order things arrive.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "descriptor/escape.h"
#include "tests/support/bus_stage.h"

namespace rebus::return_test {
namespace {

using Lines = std::vector<std::string>;

const Called kShortMd5{.arguments = {"md5_hash"}, .options = {{"short", {}}}};
constexpr const char* kMd5 = "5eaf5491c5b6c19f052989114ac70010";

Lines sorted(Lines lines) {
  std::sort(lines.begin(), lines.end());
  return lines;
}

Called called_with(std::string regex, std::string flag) {
  return {.arguments = {std::move(regex)}, .options = {{std::move(flag), {}}}};
}

TEST(Return, prints_the_line_of_the_papers) {
  BusStage stage;
  auto archive = stage.inject("apt1.tgz", "/archive/tar", "tar");
  auto bash = stage.extract(archive, "bash", "/binary/elf", "elf");
  stage.result(bash, "/md5_hash", kMd5);
  EXPECT_EQ(stage.run("return", kShortMd5).text, "apt1.tgz:bash = 5eaf5491c5b6c19f052989114ac70010\n");
}

TEST(Return, prints_each_name_of_equal_bytes_if_the_names_came_first) {
  BusStage stage;
  auto archive = stage.inject("a.tgz", "/archive/tar", "tar");
  auto bash = stage.extract(archive, "bash", "/binary/elf", "elf");
  stage.extract(archive, "rbash", "/binary/elf", "elf");
  stage.result(bash, "/md5_hash", "m");
  EXPECT_EQ(stage.run("return", kShortMd5).lines(), (Lines{"a.tgz:bash = m", "a.tgz:rbash = m"}));
}

TEST(Return, prints_each_name_of_equal_bytes_if_the_result_came_first) {
  BusStage stage;
  auto archive = stage.inject("a.tgz", "/archive/tar", "tar");
  auto bash = stage.extract(archive, "bash", "/binary/elf", "elf");
  stage.result(bash, "/md5_hash", "m");
  stage.extract(archive, "rbash", "/binary/elf", "elf");
  EXPECT_EQ(stage.run("return", kShortMd5).lines(), (Lines{"a.tgz:bash = m", "a.tgz:rbash = m"}));
}

TEST(Return, prints_the_same_lines_while_things_still_arrive) {
  BusStage stage;
  auto archive = stage.inject("a.tgz", "/archive/tar", "tar");
  auto running = stage.start("return", kShortMd5);
  Lines expected;
  for (int i = 0; i < 200; i++) {
    std::string bytes = std::to_string(i % 20), name = "f" + std::to_string(i);
    auto file = stage.extract(archive, name, "/binary/elf", bytes);
    if (i % 3 == 0 || i >= 180) stage.result(file, "/md5_hash", "m" + bytes);
    expected.push_back("a.tgz:" + name + " = m" + bytes);
  }
  stage.close();
  EXPECT_EQ(sorted(running->end().lines()), sorted(expected));
}

TEST(Return, prints_everything_inside_again_when_a_container_gets_another_name) {
  BusStage stage;
  auto outer = stage.inject("a.tgz", "/archive/tar", "tar");
  auto inner = stage.extract(outer, "in/b.zip", "/archive/zip", "zip");
  auto gz = stage.extract(inner, "x.gz", "/compressed/gzip", "gz");
  auto x = stage.extract(gz, "x", "/binary/elf", "elf", true);
  stage.result(x, "/md5_hash", "m");
  stage.close();
  stage.inject("c.tgz", "/archive/tar", "tar");
  EXPECT_EQ(stage.run("return", kShortMd5).lines(), (Lines{"a.tgz:in/b.zip:x = m", "c.tgz:in/b.zip:x = m"}));
}

TEST(Return, prints_nothing_again_for_a_second_injection_under_the_same_name) {
  BusStage stage;
  auto bash = stage.inject("bash", "/binary/elf", "elf");
  stage.result(bash, "/md5_hash", "m");
  stage.close();
  stage.inject("bash", "/binary/elf", "elf");
  EXPECT_EQ(stage.run("return", kShortMd5).lines(), Lines{"bash = m"});
}

TEST(Return, names_a_result_of_several_objects_after_the_first) {
  BusStage stage;
  auto a = stage.inject("a", "/binary/elf", "1");
  auto b = stage.inject("b", "/binary/elf", "2");
  stage.joint_result(a, b, "/distance", "7");
  stage.inject("b2", "/binary/elf", "2");
  stage.inject("a2", "/binary/elf", "1");
  EXPECT_EQ(stage.run("return", called_with("distance", "short")).lines(), (Lines{"a = 7", "a2 = 7"}));
}

TEST(Return, answers_again_when_called_again) {
  BusStage stage;
  stage.result(stage.inject("bash", "/binary/elf", "elf"), "/md5_hash", "m");
  stage.run("return", kShortMd5);
  EXPECT_EQ(stage.run("return", kShortMd5).lines(), Lines{"bash = m"});
}

TEST(Return, searches_the_regex_anywhere_in_the_selector) {
  BusStage stage;
  auto file = stage.inject("f", "/binary/elf", "elf");
  stage.result(file, "/signature/sha1", "1");
  stage.result(file, "/signature/sha256", "256");
  EXPECT_EQ(stage.run("return", called_with("sha(1|9)", "short")).lines(), Lines{"f = 1"});
  EXPECT_EQ(stage.run("return", called_with("^/signature", "short")).lines().size(), 2u);
  EXPECT_EQ(stage.run("return", called_with("^signature", "short")).text, "");
  EXPECT_EQ(stage.run("return", called_with("elf/%" + sha256(as_bytes("elf")).hex(), "short")).text,
            "f = elf\n");
}

TEST(Return, prints_in_full_a_rule_selector_label_uuid_and_value) {
  BusStage stage;
  auto file = stage.inject("one", "/binary/elf", "elf");
  stage.inject("two", "/binary/elf", "elf");
  auto md5 = stage.result(file, "/md5_hash", kMd5);
  EXPECT_EQ(stage.run("return", {.arguments = {"md5"}}).text,
            std::string(72, '-') + "\nselector: " + md5.selector.str() +
                "\nlabel:    one\nlabel:    two\nuuid:     " + file.uuid.str() + "\nvalue:    " + kMd5 +
                "\n");
}

TEST(Return, indents_further_lines_so_that_no_value_can_pretend_to_be_a_selector) {
  BusStage stage;
  stage.result(stage.inject("f", "/binary/elf", "elf"), "/strings", "first\nselector: /evil\nlast\n");
  auto lines = stage.run("return", {.arguments = {"strings"}}).lines();
  ASSERT_GE(lines.size(), 3u);
  EXPECT_EQ(Lines(lines.end() - 3, lines.end()),
            (Lines{"value:    first", "          selector: /evil", "          last"}));
}

TEST(Return, raw_prints_the_exact_bytes_once_whatever_the_names) {
  BusStage stage;
  std::string bytes = std::string("\0\x1b[31m\n\xff\r\\", 10);
  bytes += std::string(3 << 20, 'x') + "end";
  stage.inject("a", "/binary/elf", bytes);
  stage.inject("b", "/binary/elf", bytes);
  EXPECT_EQ(stage.run("return", called_with("/binary", "raw")).text, bytes);
}

TEST(Return, escapes_names_and_values) {
  BusStage stage;
  std::string name = "e\x1b[2J\nv\xffil\\";
  auto file = stage.inject(name, "/binary/elf", "elf");
  stage.result(file, "/note", "red \x1b[31m\nnext");
  auto printed = stage.run("return", called_with("note", "short"));
  EXPECT_EQ(printed.text, "e\\x1b[2J\\x0av\\xffil\\\\ = red \\x1b[31m\\x0anext\n");
  EXPECT_EQ(unescape(printed.text.substr(0, printed.text.find(" = "))), name);
  auto full = stage.run("return", {.arguments = {"note"}});
  EXPECT_EQ(full.text.find('\x1b'), std::string::npos);
  auto raw = called_with("note", "short");
  raw.raw_names = true;
  EXPECT_EQ(stage.run("return", raw).text, name + " = red \\x1b[31m\\x0anext\n");
}

TEST(Return, shows_the_begin_of_what_is_long) {
  BusStage stage;
  auto file = stage.inject("f", "/binary/elf", std::string(100'000, '\x01'));
  stage.result(file, "/text", std::string((64 << 10) - 1, 'x') + "\xc3\xa9 and more");
  EXPECT_EQ(stage.run("return", called_with("/text", "short")).text,
            "f = " + std::string((64 << 10) - 1, 'x') + "…\n");
  std::string ones;
  for (int i = 0; i < 100'000 && i < 64 << 10; i++) ones += "\x01";
  EXPECT_EQ(stage.run("return", called_with("/binary", "short")).text, "f = " + escape(ones) + "…\n");
  auto random = stage.inject("r", "/data", std::string(100'000, '\xff'));
  std::string shown;
  for (int i = 0; i < 512; i++) shown += "\\xff";
  EXPECT_EQ(stage.run("return", called_with("/data", "short")).text, "r = " + shown + "…\n");
}

TEST(Return, gives_json_one_object_per_line) {
  BusStage stage;
  auto file = stage.inject("na\"me\n", "/binary/elf", std::string("\0\x01\xff", 3));
  stage.inject("two", "/binary/elf", std::string("\0\x01\xff", 3));
  stage.result(file, "/text", "a \"b\"\n");
  stage.result(file, "/deep", "{\"mime\":\"x\",\"n\":18446744073709551615}", Kind::kStructured);
  stage.result(file, "/broken", "{\"mime\":", Kind::kStructured);
  auto lines = stage.run("return", {.arguments = {"^/(binary|text|deep|broken)"}, .format = "json"}).lines();
  ASSERT_EQ(lines.size(), 5u) << "the object came before its second name: two lines";
  std::vector<nlohmann::json> json;
  for (const auto& line : lines) json.push_back(nlohmann::json::parse(line));
  EXPECT_EQ(json[0]["names"], nlohmann::json({"na\"me\\x0a"}));
  EXPECT_EQ(json[0]["value_base64"], "AAH/");
  EXPECT_EQ(json[0]["kind"], "raw");
  EXPECT_EQ(json[0]["value_size"], 3);
  EXPECT_EQ(json[0]["value_sha256"], file.selector.id()->hex());
  EXPECT_EQ(json[0]["selector"], file.selector.str());
  EXPECT_EQ(json[0]["uuid"], file.uuid.str());
  EXPECT_EQ(json[1]["names"], nlohmann::json({"two"}));
  EXPECT_EQ(json[2]["value"], "a \"b\"\\x0a");
  EXPECT_EQ(json[2]["names"], nlohmann::json({"na\"me\\x0a", "two"}));
  EXPECT_EQ(json[2]["precursors"], nlohmann::json({file.selector.str()}));
  EXPECT_EQ(json[3]["value"]["n"], 18446744073709551615u);
  EXPECT_EQ(json[4]["value"], "{\"mime\":");
}

TEST(Return, shows_its_own_domain_unless_told_otherwise) {
  BusStage stage;
  stage.inject("mine", "/binary/elf", "1");
  stage.close();
  stage.inject("theirs", "/binary/elf", "2", "other");
  Called called = called_with("/binary", "short");
  EXPECT_EQ(stage.run("return", called).text, "mine = 1\n");
  called.domain = "other";
  EXPECT_EQ(stage.run("return", called).text, "theirs = 2\n");
  called.domain = "default", called.all_domains = true;
  EXPECT_EQ(stage.run("return", called).text, "mine = 1\ntheirs = 2\n");
}

TEST(Return, prints_the_note_of_a_submission_under_its_label) {
  BusStage stage;
  stage.inject("f", "/binary/elf", "elf");
  EXPECT_EQ(stage.run("return", called_with("/submission", "short")).text, "f = f\n");
}

TEST(Return, refuses_what_it_cannot_understand) {
  EXPECT_EQ(declared("return", {.arguments = {"("}}).error().code, Code::kInvalid);
  EXPECT_EQ(declared("return", {.arguments = {"x"}, .options = {{"raw", {}}, {"short", {}}}}).error().code,
            Code::kInvalid);
  EXPECT_TRUE(declared("return", {.arguments = {"x"}, .options = {{"raw", {}}}}).ok());
}

}  // namespace
}  // namespace rebus::return_test
