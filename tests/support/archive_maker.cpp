#include "tests/support/archive_maker.h"

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>

#include <memory>

namespace rebus {
namespace {

struct Free {
  void operator()(struct archive* a) const { archive_write_free(a); }
  void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};

la_ssize_t append(struct archive*, void* out, const void* data, size_t size) {
  static_cast<std::string*>(out)->append(static_cast<const char*>(data), size);
  return static_cast<la_ssize_t>(size);
}

void describe(archive_entry* entry, const ArchiveEntry& from, int64_t number) {
  archive_entry_copy_pathname(entry, from.name.c_str());
  archive_entry_set_filetype(entry, from.type);
  archive_entry_set_perm(entry, 0644);
  archive_entry_set_mtime(entry, 1'700'000'000, 0);
  archive_entry_set_ino64(entry, number);
  archive_entry_set_size(entry, static_cast<la_int64_t>(from.bytes.size()));
  if (!from.link.empty()) archive_entry_copy_symlink(entry, from.link.c_str());
  if (!from.hardlink.empty()) archive_entry_copy_hardlink(entry, from.hardlink.c_str());
}

void write_entry(struct archive* a, const ArchiveEntry& from, int64_t number) {
  std::unique_ptr<archive_entry, Free> entry(archive_entry_new());
  describe(entry.get(), from, number);
  EXPECT_GE(archive_write_header(a, entry.get()), ARCHIVE_WARN) << archive_error_string(a);
  if (from.bytes.empty()) return;
  EXPECT_EQ(archive_write_data(a, from.bytes.data(), from.bytes.size()),
            static_cast<la_ssize_t>(from.bytes.size()))
      << archive_error_string(a);
}

}  // namespace

std::string make_archive(const std::string& format, const std::string& filter,
                         const std::vector<ArchiveEntry>& entries, const std::string& password) {
  std::string out;
  std::unique_ptr<struct archive, Free> a(archive_write_new());
  EXPECT_EQ(archive_write_set_format_by_name(a.get(), format.c_str()), ARCHIVE_OK) << format;
  if (filter != "none") {
    EXPECT_EQ(archive_write_add_filter_by_name(a.get(), filter.c_str()), ARCHIVE_OK) << filter;
  }
  archive_write_set_bytes_in_last_block(a.get(), 1);
  if (!password.empty()) {
    EXPECT_EQ(archive_write_set_options(a.get(), "zip:encryption=traditional"), ARCHIVE_OK);
    EXPECT_EQ(archive_write_set_passphrase(a.get(), password.c_str()), ARCHIVE_OK);
  }
  EXPECT_EQ(archive_write_open(a.get(), &out, nullptr, append, nullptr), ARCHIVE_OK)
      << archive_error_string(a.get());
  int64_t number = 1;
  for (const ArchiveEntry& entry : entries) write_entry(a.get(), entry, number++);
  EXPECT_EQ(archive_write_close(a.get()), ARCHIVE_OK) << archive_error_string(a.get());
  return out;
}

std::string compress(const std::string& filter, const std::string& bytes) {
  return make_archive("raw", filter, {{.name = "x", .bytes = bytes}});
}

}  // namespace rebus
