// What comes out of mails.
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "agents/support/file_type.h"
#include "agents/support/type_path.h"
#include "tests/support/archive_maker.h"
#include "tests/support/run_once.h"
#include "tests/support/scratch_folder.h"

namespace rebus {
extern const AgentSpec email_agent;
extern const AgentSpec unarchive_agent;
}  // namespace rebus

namespace rebus::email_test {
namespace {

using Parts = std::vector<std::pair<std::string, std::string>>;

RunOnce take_apart(const std::string& mail, const Limits& limits = {}, uint32_t level = 0) {
  return run_once(email_agent, object_of("/email/eml", "m.eml", mail), {}, limits, level);
}

// Names and bytes, in the order of the mail.
Parts parts(const RunOnce& run) {
  Parts found;
  for (const NewDescriptor& item : run.pushed) {
    if (!item.origin) continue;
    EXPECT_EQ(item.descriptor.label, "m.eml:" + item.origin->name);
    found.emplace_back(item.origin->name, *item.descriptor.value.load(64 << 20));
  }
  return found;
}

nlohmann::json json_of(const RunOnce& run, const std::string& path) {
  std::string text = run.text(path);
  EXPECT_FALSE(text.empty()) << path << " was not pushed once";
  return nlohmann::json::parse(text.empty() ? "{}" : text);
}

const std::string kHead =
    "From: a@example.org\r\nTo: b@example.org\r\nSubject: hello\r\nMIME-Version: 1.0\r\n";

std::string base64(const std::string& bytes) {
  ScratchFolder scratch;
  scratch.write("x", bytes);
  return scratch.run("base64 x");
}

std::string part(const std::string& fields, const std::string& body) {
  return "--b\r\n" + fields + "\r\n\r\n" + body + "\r\n";
}

std::string mixed(const std::string& inner) {
  return kHead + "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + inner + "--b--\r\n";
}

std::string named(const std::string& field) {
  return mixed(part("Content-Type: application/octet-stream\r\n" + field, "bytes"));
}

}  // namespace

TEST(Email, parts_are_objects_with_origins_and_links) {
  std::string zip = make_archive("zip", "none", {{.name = "evil.exe", .bytes = "MZ"}});
  std::string mail = mixed(part("Content-Type: multipart/alternative; boundary=\"inner b\"",
                                "--inner b\r\n\r\nplain\r\nbody\r\n--inner b\r\nContent-Type: text/html\r\n"
                                "Content-Transfer-Encoding: quoted-printable\r\n\r\n<p>caf=C3=A9 =\r\nau "
                                "lait</p>\r\n--inner b--\r\n") +
                           part("Content-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n"
                                "Content-Disposition: attachment; filename=\"a b.zip\"",
                                base64(zip)));
  RunOnce run = take_apart(mail);
  EXPECT_FALSE(run.error) << run.error->message;
  EXPECT_EQ(
      parts(run),
      (Parts{{"body.txt", "plain\r\nbody"}, {"body.html", "<p>caf\xC3\xA9 au lait</p>"}, {"a b.zip", zip}}));
  EXPECT_TRUE(run.under("/limit").empty());
  EXPECT_EQ(run.under("/link/email/mailed").size(), 6u);
  auto attached = run.under("/archive/zip");
  ASSERT_EQ(attached.size(), 1u);
  EXPECT_EQ(attached[0].descriptor.agent, "email");
  RunOnce inside = run_once(unarchive_agent, attached[0].descriptor);
  ASSERT_FALSE(inside.pushed.empty());
  EXPECT_EQ(inside.pushed[0].descriptor.label, "m.eml:a b.zip:evil.exe");
}

TEST(Email, without_parts_is_its_body) {
  EXPECT_EQ(parts(take_apart(kHead + "\r\nhello\r\n")), (Parts{{"body.txt", "hello\r\n"}}));
  EXPECT_EQ(parts(take_apart("Subject: x\nContent-Transfer-Encoding: BASE64\n\naGVs\nbG8=\n")),
            (Parts{{"body.txt", "hello"}}));
  EXPECT_EQ(parts(take_apart("Subject: x\nContent-Transfer-Encoding: x-uuencode\n\nbegin 644 x\n"
                             "%:&5L;&\\`\n`\nend\n")),
            (Parts{{"body.txt", "hello"}}));
}

TEST(Email, in_a_mail_is_a_mail_byte_for_byte) {
  std::string inner =
      kHead + "Content-Type: multipart/mixed; boundary=other\n\n--other\n\nin\r\nside\n--other--\n";
  RunOnce run = take_apart(mixed(part("Content-Type: message/rfc822", inner)));
  EXPECT_FALSE(run.error) << run.error->message;
  EXPECT_EQ(parts(run), (Parts{{"message.eml", inner}}));
  EXPECT_EQ(run.under("/email/eml").size(), 1u);
}

TEST(Email, names_are_decoded_and_stay_data) {
  const std::pair<const char*, const char*> names[] = {
      {"Content-Disposition: attachment; filename=\"../../etc/cron.d/x\"", "../../etc/cron.d/x"},
      {"Content-Disposition: attachment;\r\n filename*0*=utf-8''caf%C3%A9;\r\n filename*1=\".exe\"",
       "caf\xC3\xA9.exe"},
      {"Content-Disposition: attachment; filename=\"=?iso-8859-1?Q?caf=E9=2Eexe?=\"", "caf\xC3\xA9.exe"},
      {"Content-Disposition: attachment; filename*=koi8-r''%C4%C1.doc", "\xD0\xB4\xD0\xB0.doc"},
      {"Content-Disposition: attachment; filename=\"=?utf-8?B?4oCuZ3BqLmV4ZQ==?=\"", "\xE2\x80\xAEgpj.exe"},
      {"Content-Type: application/x-foo; name=in-type.bin", "member-0"},  // the second field of that name
      {"Content-Disposition: attachment; filename=\"a;b$(c)`d\"", "a;b$(c)`d"}};
  for (const auto& [field, name] : names) {
    RunOnce run = take_apart(named(field));
    ASSERT_EQ(parts(run).size(), 1u) << field;
    EXPECT_EQ(parts(run)[0].first, name) << field;
    EXPECT_EQ(parts(run)[0].second, "bytes");
  }
}

TEST(Email, fields_of_the_header_are_told_decoded) {
  RunOnce run = take_apart(
      "Return-Path: <x@example.org>\r\nReceived: from a\r\n\tby b\r\nReceived: from c by d\r\n"
      "From: =?windows-1251?B?yOLg7Q==?= <a@example.org>\r\nSubject: =?utf-8?Q?=E2=82=AC=1B[2J?=\r\n "
      "folded\r\n"
      "To: b@example.org\r\nMessage-ID: <1@2>\r\nDate: Mon, 1 Jan 2024 00:00:00 +0000\r\n\r\nbody");
  EXPECT_FALSE(run.error) << run.error->message;
  auto headers = json_of(run, "/email/headers");
  EXPECT_EQ(headers["from"], "\xD0\x98\xD0\xB2\xD0\xB0\xD0\xBD <a@example.org>");
  EXPECT_EQ(headers["subject"], "\xE2\x82\xAC\\x1b[2J folded");
  EXPECT_EQ(headers["received"], (std::vector<std::string>{"from a by b", "from c by d"}));
  EXPECT_EQ(headers["message_id"], "<1@2>");
  EXPECT_EQ(headers["fields"].size(), 8u);
  EXPECT_EQ(headers["cut"], false);
}

TEST(Email, with_endless_headers_is_bounded_and_told) {
  std::string many = kHead;
  for (int i = 0; i < 3000; i++) many += "X-" + std::to_string(i) + ": " + std::string(100, 'x') + "\r\n";
  RunOnce run = take_apart(many + "\r\nbody");
  ASSERT_TRUE(run.error);
  EXPECT_NE(run.error->message.find("a header is too long"), std::string::npos) << run.error->message;
  EXPECT_EQ(json_of(run, "/email/headers")["cut"], true);
  EXPECT_EQ(parts(run), (Parts{{"body.txt", "body"}}));
}

TEST(Email, that_is_encrypted_is_told) {
  std::string smime = kHead +
                      "Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\r\n"
                      "Content-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n";
  RunOnce run = take_apart(smime);
  EXPECT_FALSE(run.error) << run.error->message;
  EXPECT_EQ(parts(run), (Parts{{"smime.p7m", "hello"}}));
  EXPECT_EQ(json_of(run, "/limit/encrypted")["members"], std::vector<std::string>{"smime.p7m"});
  std::string certificates = smime;
  certificates.replace(certificates.find("enveloped-data"), 14, "certs-only");
  EXPECT_TRUE(take_apart(certificates).under("/limit").empty());
  std::string signed_whole = smime;  // what is inside comes out of it as little
  signed_whole.replace(signed_whole.find("enveloped"), 9, "signed");
  EXPECT_EQ(json_of(take_apart(signed_whole), "/limit/encrypted")["count"], 1);
  run = take_apart(
      kHead +
      "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b\r\n\r\n" +
      part("Content-Type: application/pgp-encrypted", "Version: 1") +
      part("Content-Type: application/octet-stream; name=x.asc",
           "-----BEGIN PGP MESSAGE-----\r\n\r\nabc=\r\n-----END PGP MESSAGE-----") +
      "--b--\r\n");
  EXPECT_EQ(json_of(run, "/limit/encrypted")["members"], std::vector<std::string>{"x.asc"});
  EXPECT_EQ(parts(run).size(), 2u);
}

TEST(Email, that_is_damaged_gives_what_could_be_read_and_fails) {
  const std::pair<std::string, const char*> mails[] = {
      {part("Content-Transfer-Encoding: base64", "aGVs*bG8="), "no base64"},
      {part("Content-Transfer-Encoding: base64", "aGVsbG"), "cut off"},
      {part("Content-Transfer-Encoding: x-uuencode", "begin 644 x\n%:&5L;&\\"), "cut off"},
      {part("Content-Transfer-Encoding: x-new", "hello"), "transfer encoding"},
      {part("Content-Type: text/plain\r\nContent-Type: text/html", "x"), "twice"},
      {part("Content-Type: multipart/mixed", "x"), "no boundary"},
      {part("Content-Type: multipart/mixed; boundary=c", "--c\r\n\r\nx"), "end of a part"}};
  for (const auto& [inner, words] : mails) {
    RunOnce run = take_apart(mixed(inner + part("Content-Type: text/plain; name=next", "next")));
    ASSERT_TRUE(run.error) << words;
    EXPECT_NE(run.error->message.find(words), std::string::npos) << run.error->message;
    ASSERT_EQ(parts(run).size(), 2u) << words;
    EXPECT_EQ(parts(run)[1], (std::pair<std::string, std::string>("next", "next"))) << words;
  }
}

TEST(Email, that_is_cut_off_anywhere_fails_or_lacks_nothing) {
  std::string mail = mixed(part("Content-Type: text/plain", "one") + part("Content-Type: text/html", "two"));
  const size_t first_part = mail.find("--b\r\n");
  for (size_t size = first_part; size < mail.size(); size += 3) {
    RunOnce run = take_apart(mail.substr(0, size));
    bool has_end = mail.substr(0, size).find("--b--") != std::string::npos;
    EXPECT_EQ(!run.error, has_end) << size;
    EXPECT_EQ(run.under("/email/headers").size(), 1u) << size;
  }
}

TEST(Email, what_stands_around_parts_comes_out) {
  std::string mail = kHead + "Content-Type: multipart/mixed; boundary=b\r\n\r\nbefore\r\n" +
                     part("X: y", "in") + "--b--\r\nhidden behind\r\n";
  EXPECT_EQ(parts(take_apart(mail)),
            (Parts{{"preamble.txt", "before"}, {"body.txt", "in"}, {"epilogue.txt", "hidden behind\r\n"}}));
}

TEST(EmailBudgets, hold_for_parts_levels_and_bytes) {
  Limits limits;
  limits.entries = 100;
  std::string many;
  for (int i = 0; i < 100'000; i++) many += "--b\r\n\r\nx\r\n";
  RunOnce run = take_apart(mixed(many), limits);
  EXPECT_FALSE(run.error) << run.error->message;
  EXPECT_EQ(parts(run).size(), 100u);
  EXPECT_EQ(json_of(run, "/limit/entries")["limit"], 100);

  limits = {};
  limits.container_bytes = 10;
  run = take_apart(mixed(part("X: y", "0123456789abc")), limits);
  EXPECT_EQ(run.under("/limit/bytes").size(), 1u);
  EXPECT_TRUE(parts(run).empty());

  limits = {};
  limits.levels = 3;
  run = take_apart(mixed(part("X: y", "x")), limits, 3);
  EXPECT_EQ(run.under("/limit/depth").size(), 1u);
}

TEST(EmailBudgets, nesting_of_multiparts_is_bounded_and_told) {
  std::string mail = kHead;
  for (int i = 0; i < 1000; i++) {
    std::string boundary = "x" + std::to_string(i) + "x";
    mail += "Content-Type: multipart/mixed; boundary=" + boundary + "\r\n\r\n--" + boundary + "\r\n";
  }
  RunOnce run = take_apart(mail + "\r\nbottom");
  ASSERT_TRUE(run.error);
  EXPECT_NE(run.error->message.find("nested too deeply"), std::string::npos) << run.error->message;
  ASSERT_EQ(parts(run).size(), 1u);
  EXPECT_NE(parts(run)[0].second.find("bottom"), std::string::npos);
}

TEST(Email, of_an_mbox_come_out_one_by_one) {
  const std::string mark = "From a@example.org Mon Jan  1 00:00:00 2024\n";
  const std::string first = "Subject: one\n\nFrom here on\n\nFrom there\n", second = "Subject: two\n\nbody\n";
  RunOnce run = run_once(
      email_agent, object_of("/email/mbox", "m.eml", mark + first + "\n" + mark + second + "\n" + mark));
  EXPECT_FALSE(run.error) << run.error->message;
  EXPECT_EQ(parts(run), (Parts{{"message-1.eml", first}, {"message-2.eml", second}, {"message-3.eml", ""}}));
}

TEST(Email, larger_than_what_is_held_of_it_comes_out_whole) {
  std::string bytes;
  for (uint32_t i = 0; i < 1'000'000; i++) bytes += static_cast<char>((i * i) >> 7);
  std::string encoded = base64(bytes), one_line;
  for (char c : encoded) one_line += c == '\n' ? "" : std::string(1, c);
  for (const std::string& body : {encoded, one_line}) {
    RunOnce run =
        take_apart(mixed(part("Content-Transfer-Encoding: base64\r\nContent-Type: x/y; name=z", body) +
                         part("X: y", "after")));
    EXPECT_FALSE(run.error) << run.error->message;
    ASSERT_EQ(parts(run).size(), 2u);
    EXPECT_TRUE(parts(run)[0].second == bytes);
    EXPECT_EQ(parts(run)[1].second, "after");
  }
}

TEST(Email, of_outlook_is_told_to_be_not_opened) {
  const std::string tnef = file_bytes("/usr/share/clamav-testfiles/clam.tnef");
  auto type = identify(Value::of(tnef));
  ASSERT_TRUE(type);
  for (auto [path, bytes, advice] :
       {std::tuple{std::string("/email/msg"), std::string("\xD0\xCF\x11\xE0"), "msgconvert"},
        {*guess_path(*type, Value::of(tnef), "winmail.dat"), tnef, "winmail.dat"}}) {
    RunOnce run = run_once(email_agent, object_of(path, "m", bytes));
    EXPECT_TRUE(run.wanted) << path;
    EXPECT_FALSE(run.error) << path;
    EXPECT_NE(json_of(run, "/limit/unopened")["reason"].get<std::string>().find(advice), std::string::npos);
  }
}

TEST(Email, with_a_uuencoded_file_in_its_text_says_so) {
  using Texts = std::vector<std::string>;
  const std::string data = "begin 644 a.exe\n#0V%T\n`\nend\n";
  for (const std::string& body : Texts{data, "see below\n\n" + data, "begin-base64 644 a\nQ2F0\n====\n",
                                       std::string(200'000, 'x') + "\n" + data}) {
    RunOnce run = take_apart(kHead + "\n" + body);
    EXPECT_FALSE(run.error);
    auto limit = json_of(run, "/limit/unopened");
    EXPECT_EQ(limit["member"], "body.txt");
    EXPECT_EQ(limit["reason"], "a uuencoded file in its text is not opened");
    EXPECT_EQ(parts(run), (Parts{{"body.txt", body}})) << "it comes out as it is";
  }
  const std::string real = file_bytes("/usr/share/clamav-testfiles/clam.exe.mbox.uu");
  RunOnce sent = take_apart(kHead + "\n" + real.substr(real.find("begin ")));
  EXPECT_EQ(sent.under("/limit/unopened").size(), 1u) << "as uuencode writes it";
  for (const std::string body :
       {"begin 644 a.exe\nand then there was nothing, in small letters\n", "begin the day\n#0V%T\n",
        "begin 644 \n#0V%T\n", "begin 644 a\n#0\n", "now begin 644 a.exe\n#0V%T\n", "begin 644 a.exe"}) {
    RunOnce run = take_apart(kHead + "\n" + body);
    EXPECT_FALSE(run.error);
    EXPECT_TRUE(run.under("/limit").empty()) << body;
  }
}

}  // namespace rebus::email_test
