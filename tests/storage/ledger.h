// Ledger: fills a store with entries whose every byte follows from their position, and checks what is left of
// it.
#pragma once

#include "tests/storage/store_kit.h"

namespace rebus {

class Ledger {
 public:
  // Small values in the table, some in blob files, few in files of their own, of those the first ones early.
  static std::string bytes_of(Seq seq) {
    size_t size = seq % 50 == 0 || seq == 6 || seq == 13 ? 600000 : seq % 7 == 0 ? 20000 : 20;
    std::string bytes = "entry " + std::to_string(seq) + " ";
    for (uint64_t x = seq; bytes.size() < size; x = x * 6364136223846793005 + 1442695040888963407) {
      bytes += static_cast<char>(x >> 56);
    }
    return bytes;
  }

  static void add(Storage& storage, Seq count) {
    Scribe scribe(storage);
    for (Seq seq = storage.statistics().head + 1; count > 0; seq++, count--) {
      scribe.origin(scribe.object(bytes_of(seq), "entry"), 0, "name" + std::to_string(seq), seq);
      scribe.changes.marks.push_back({seq, 1, Outcome::kDone, ""});
    }
    scribe.apply();
  }

  // Everything up to `head` is there and as it was: gives the first error, or the empty string.
  static std::string read(Storage& storage, Seq head) {
    for (Seq seq = 1; seq <= head; seq++) {
      std::string wrong = read_one(storage, seq);
      if (!wrong.empty()) return wrong;
    }
    return read_indexes(storage, head);
  }

 private:
  static std::string read_one(Storage& storage, Seq seq) {
    auto record = storage.get(seq);
    if (!record) return record.error().message;
    auto bytes = record->descriptor.value.load(1 << 20);
    if (!bytes) return bytes.error().message;
    EXPECT_EQ(*bytes, bytes_of(seq)) << "other bytes, and no error";
    auto found = storage.lookup(Domain(), record->descriptor.selector);
    if (!found) return found.error().message;
    EXPECT_EQ(*found, seq);
    auto marked = storage.is_marked(seq, 1);
    if (!marked) return marked.error().message;
    EXPECT_TRUE(*marked);
    return {};
  }

  static std::string read_indexes(Storage& storage, Seq head) {
    auto log = storage.log(0, head + 1000);
    if (!log) return log.error().message;
    EXPECT_GE(log->size(), head) << "less, and no error";
    auto page = storage.find_prefix(std::nullopt, "/", 0, head + 1000);
    if (!page) return page.error().message;
    EXPECT_GE(page->seqs.size(), head) << "less, and no error";
    page = storage.find_name(std::nullopt, "name*", 0, head + 1000);
    if (!page) return page.error().message;
    EXPECT_GE(page->seqs.size(), head) << "less, and no error";
    EXPECT_EQ(storage.statistics().head, log->size());
    return {};
  }
};

}  // namespace rebus
