// The type path that an object enters the bus under.
#include "agents/support/type_path.h"

#include <gtest/gtest.h>

#include "agents/support/file_type.h"
#include "tests/support/archive_maker.h"
#include "tests/support/scratch_folder.h"

namespace rebus::type_path_test {
namespace {

std::string path_of(const std::string& bytes, const std::string& label = "x") {
  Value value = Value::of(bytes);
  auto type = identify(value);
  EXPECT_TRUE(type.ok());
  auto path = guess_path(*type, value, label);
  EXPECT_TRUE(path.ok() && is_type_path(*path));
  return *path;
}

struct Case {
  const char* name;
  std::string bytes;
  const char* path;
};

// By libmagic's answer to real bytes.
void expect_paths(const std::vector<Case>& cases) {
  for (const Case& c : cases) EXPECT_EQ(path_of(c.bytes), c.path) << c.name;
}

// An ELF header and nothing else (System V ABI, "ELF header").
std::string elf(uint8_t bits, uint8_t order, uint16_t machine) {
  std::string header =
      "\x7f"
      "ELF";
  header += {static_cast<char>(bits), static_cast<char>(order), 1};
  header.resize(16, '\0');
  auto half = [&](uint16_t v) {
    char low = static_cast<char>(v & 255), high = static_cast<char>(v >> 8);
    header += order == 1 ? std::string{low, high} : std::string{high, low};
  };
  half(2), half(machine);
  header.resize(64, '\0');
  return header;
}

// Enough of a PE file for a loader to know the machine (Microsoft PE/COFF, "COFF file header").
std::string pe(uint16_t machine, bool plus) {
  std::string file = "MZ";
  file.resize(0x3c, '\0');
  file += std::string("\x40\0\0\0", 4) + std::string("PE\0\0", 4);
  file += {static_cast<char>(machine & 255), static_cast<char>(machine >> 8), 1, 0};
  file.resize(0x40 + 20, '\0');
  file += std::string("\xf0\0\x22\0", 4) + (plus ? "\x0b\x02" : "\x0b\x01");
  file.resize(0x400, '\0');
  return file;
}

TEST(TypePath, OfPrograms) {
  expect_paths({{"real PIE program", file_bytes("/bin/ls"), "/binary/elf/x86_64"},
                {"real shared object", file_bytes("/lib/x86_64-linux-gnu/libc.so.6"), "/binary/elf/x86_64"},
                {"aarch64", elf(2, 1, 183), "/binary/elf/aarch64"},
                {"i386", elf(1, 1, 3), "/binary/elf/i386"},
                {"arm", elf(1, 1, 40), "/binary/elf/arm"},
                {"mips, big endian", elf(1, 2, 8), "/binary/elf/mips"},
                {"s390, big endian", elf(2, 2, 22), "/binary/elf/s390"},
                {"no known machine", elf(2, 1, 60000), "/binary/elf"},
                {"header cut short", elf(2, 1, 62).substr(0, 18), "/binary/elf"},
                {"PE x86-64", pe(0x8664, true), "/binary/pe/x86_64"},
                {"PE i386", pe(0x14c, false), "/binary/pe/i386"},
                {"PE aarch64", pe(0xaa64, true), "/binary/pe/aarch64"},
                {"Java class", std::string("\xca\xfe\xba\xbe\0\0\0\x34\0\x10", 10), "/binary/java"}});
}

TEST(TypePath, OfCompressedFiles) {
  std::string text = "some text, some more text, and some more\n";
  for (const char* filter : {"gzip", "bzip2", "xz", "zstd", "lz4", "lzma", "compress", "lzip"}) {
    EXPECT_EQ(path_of(compress(filter, text)), std::string("/compressed/") + filter);
  }
  EXPECT_EQ(path_of(std::string("\x89LZO\0\r\n\x1a\n\x10\x30\x20\x94", 13)), "/compressed/lzop");
  EXPECT_EQ(path_of(std::string("LRZI\0\x06", 6) + std::string(18, '\0')), "/compressed/lrzip");
}

TEST(TypePath, OfArchives) {
  std::vector<ArchiveEntry> entries = {{.name = "a.txt", .bytes = "hello\n"}};
  struct Format {
    const char* name;
    const char* path;
  };
  for (const Format& format :
       {Format{"ustar", "/archive/tar"}, Format{"pax", "/archive/tar"}, Format{"gnutar", "/archive/tar"},
        Format{"v7tar", "/archive/tar"}, Format{"zip", "/archive/zip"}, Format{"7zip", "/archive/7z"},
        Format{"cpio", "/archive/cpio"}, Format{"newc", "/archive/cpio"}, Format{"bin", "/archive/cpio"},
        Format{"arbsd", "/archive/ar"}, Format{"iso9660", "/archive/iso"}, Format{"xar", "/archive/xar"},
        Format{"warc", "/archive/warc"}}) {
    EXPECT_EQ(path_of(make_archive(format.name, "none", entries)), format.path) << format.name;
  }
  EXPECT_EQ(path_of(make_archive("ustar", "gzip", entries)), "/compressed/gzip");
  EXPECT_EQ(path_of("Rar!\x1a\x07\x01" + std::string("\0\x33\x92\xb5\xe5\x0a\x01\x05\x06", 9)),
            "/archive/rar");
  EXPECT_EQ(path_of("!<arch>\ndebian-binary   1410122664  0     0     100644  4         `\n2.0\n"),
            "/archive/deb");
}

TEST(TypePath, OfAJavaArchiveIsNotThatOfAZip) {
  std::string jar =
      make_archive("zip", "none", {{.name = "META-INF/MANIFEST.MF", .bytes = "Manifest-Version: 1.0\n"}});
  EXPECT_EQ(path_of(jar, "x.zip").substr(0, 9), "/archive/");
  EXPECT_EQ(path_of(make_archive("zip", "none", {{.name = "a", .bytes = "b"}}), "x.jar"), "/archive/zip");
}

TEST(TypePath, OfDocuments) {
  expect_paths(
      {{"pdf", "%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "/document/pdf"},
       {"rtf", "{\\rtf1\\ansi hello}", "/document/rtf"},
       {"mail",
        "From: a@b.example\nTo: c@d.example\nSubject: x\nMessage-ID: <1@b>\nDate: Mon, 1 Jan 2024 "
        "00:00:00 +0000\n\nhello\n",
        "/email/eml"},
       {"png", std::string("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0", 29), "/image/png"},
       {"gif", std::string("GIF89a\1\0\1\0\0\0\0", 13), "/image/gif"},
       {"svg", "<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>\n", "/image/svg"},
       {"html", "<!DOCTYPE html>\n<html><head></head></html>\n", "/text/html"}});
}

TEST(TypePath, OfOfficeFiles) {
  auto office = [](const char* part) {
    return make_archive("zip", "none",
                        {{.name = "[Content_Types].xml", .bytes = "<Types/>"},
                         {.name = "_rels/.rels", .bytes = "<Relationships/>"},
                         {.name = std::string(part) + "document.xml", .bytes = "<x/>"}});
  };
  EXPECT_EQ(path_of(office("word/"), "x.zip"), "/document/msoffice/docx");
  EXPECT_EQ(path_of(office("xl/"), "x.zip"), "/document/msoffice/xlsx");
  EXPECT_EQ(path_of(office("ppt/"), "x.zip"), "/document/msoffice/pptx");
}

// The head of an OLE file; its streams are named in UTF-16 ([MS-CFB] 2.6.1).
FileType ole() {
  return {"Composite Document File V2 Document, Can't read SAT", "application/CDFV2", "binary"};
}

TEST(TypePath, OfOleFilesByTheirStreamsThenByLabel) {
  std::string word = "x" + std::string("W\0o\0r\0d\0D\0o\0c\0u\0m\0e\0n\0t\0", 24);
  EXPECT_EQ(guess_path(ole(), as_bytes(word), "x.xls"), "/document/msoffice/doc");
  EXPECT_EQ(guess_path(ole(), as_bytes("x"), "x.XLS"), "/document/msoffice/xls");
  EXPECT_EQ(guess_path(ole(), as_bytes("x"), "x.msg"), "/email/msg");
  EXPECT_EQ(guess_path(ole(), as_bytes("x"), "x"), "/document/msoffice");
}

TEST(TypePath, OfScripts) {
  expect_paths(
      {{"sh", "#!/bin/sh\necho\n", "/script/shell"},
       {"bash by env", "#!/usr/bin/env bash\necho\n", "/script/shell"},
       {"python", "#!/usr/bin/python3.11 -u\nprint()\n", "/script/python"},
       {"python by env -S", "#!/usr/bin/env -S PYTHONPATH=/x python3 -u\nprint()\n", "/script/python"},
       {"perl", "#!/usr/bin/perl -w\nprint;\n", "/script/perl"},
       {"node", "#!/usr/bin/node\n1\n", "/script/javascript"},
       {"unheard-of interpreter", "#!/opt/frob/frobnicate\nx\n", "/script"},
       {"hostile interpreter", "#!/usr/bin/<img src=x onerror=1>/../../%00\nx\n", "/script"},
       {"batch", "@echo off\r\necho hello\r\n", "/script/batch"}});
}

TEST(TypePath, OfText) {
  expect_paths({{"ascii", "just a few words\n", "/text/ascii"},
                {"utf-8", "ein paar W\xc3\xb6rter\n", "/text/utf-8"},
                {"latin 1", "ein paar W\xf6rter\n", "/text/iso-8859-1"},
                {"utf-16", std::string("\xff\xfeh\0e\0l\0l\0o\0\n\0", 14), "/text/utf-16le"},
                {"C", "#include <stdio.h>\nint main(void) { return 0; }\n", "/text/ascii"}});
}

TEST(TypePath, OfTheUnknown) {
  expect_paths({{"nothing", "", "/empty"},
                {"noise", std::string("\x01\x9f\x03\x8e\xfe\x11\x80\x02", 8), "/unknown"},
                {"zeros", std::string(100, '\0'), "/unknown"}});
}

// Whatever field comes first: libmagic knows few of them.
TEST(TypePath, OfMails) {
  const std::string rest = "From: a@example.org\nTo: b@example.org\nSubject: x\nMIME-Version: 1.0\n\nbody\n";
  for (const char* first :
       {"Return-Path: <a@b>", "Received: from a\n\tby b", "Delivered-To: b@c", "X-Foo: y", "To: b",
        "DKIM-Signature: v=1", "Message-ID: <1@2>", "ARC-Seal: i=1", "Subject: y", "Date: now"}) {
    std::string mail = std::string(first) + "\n" + rest;
    EXPECT_EQ(path_of(mail, "x"), "/email/eml") << first;
    std::string windows;
    for (char c : mail) windows += c == '\n' ? std::string("\r\n") : std::string(1, c);
    EXPECT_EQ(path_of(windows, "x"), "/email/eml") << first;
  }
  EXPECT_EQ(path_of("From a@b Mon Jan  1 00:00:00 2024\n" + rest, "x"), "/email/mbox");
  EXPECT_EQ(path_of("Host: a\nDate: now\nContent-Type: text/plain\n\nbody\n", "x"), "/text/ascii");
  EXPECT_EQ(path_of("notes\n" + rest, "x"), "/text/ascii");
}

// B45: a label is a hint, bytes win.
TEST(TypePath, LabelsThatLieChangeNothing) {
  std::string ls = file_bytes("/bin/ls");
  for (const char* label : {"x.doc", "x.jar", "x.msg", "x.pdf", "x.tgz"}) {
    EXPECT_EQ(path_of(ls, label), "/binary/elf/x86_64") << label;
  }
}

TEST(TypePath, IsAlwaysATypePath) {
  for (const char* mime : {"image/../x", "image/", "image/a b", "video/\xff", "font/%41", "application/x"}) {
    EXPECT_TRUE(is_type_path(guess_path({"words", mime, "binary"}, as_bytes("x"), "x"))) << mime;
  }
}

}  // namespace
}  // namespace rebus::type_path_test
