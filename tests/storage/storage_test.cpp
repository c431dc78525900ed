// What every storage does, whatever it is made of.
#include "storage/storage.h"

#include <algorithm>

#include "tests/storage/store_kit.h"

namespace rebus::storage_test {
namespace {

class AnyStorage : public testing::TestWithParam<const char*> {
 protected:
  AnyStorage() { open(); }
  void open() {
    storage_.reset();
    storage_ = must(open_storage({GetParam(), directory_.store()}));
  }
  // What survives does; the memory of ram does not.
  void reopen() {
    must(storage_->commit());
    if (GetParam() == std::string("rocksdb")) open();
  }
  Storage& storage() { return *storage_; }
  Descriptor get(Seq seq) { return must(storage().get(seq)).descriptor; }

  std::vector<Seq> prefix(const std::string& text, std::optional<Domain> domain = std::nullopt) {
    return all_pages(
        [&](auto cursor, auto limit) { return storage().find_prefix(domain, text, cursor, limit); });
  }
  std::vector<Seq> regex(const std::string& text, std::optional<Domain> domain = std::nullopt) {
    return all_pages(
        [&](auto cursor, auto limit) { return storage().find_regex(domain, text, cursor, limit); });
  }
  std::vector<Seq> digest(const std::string& text, std::optional<Domain> domain = std::nullopt) {
    return all_pages(
        [&](auto cursor, auto limit) { return storage().find_digest(domain, text, cursor, limit); });
  }
  std::vector<Seq> name(const std::string& text, std::optional<Domain> domain = std::nullopt) {
    return all_pages(
        [&](auto cursor, auto limit) { return storage().find_name(domain, text, cursor, limit); });
  }
  std::vector<Seq> children(Seq parent) {
    return all_pages([&](auto cursor, auto limit) { return storage().children(parent, cursor, limit); });
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Storage> storage_;
};

using Seqs = std::vector<Seq>;

INSTANTIATE_TEST_SUITE_P(Both, AnyStorage, testing::Values("ram", "rocksdb"),
                         [](const auto& test_case) { return std::string(test_case.param); });

// --- records ---

TEST_P(AnyStorage, gives_back_every_field_of_a_record) {
  Descriptor parent =
      make_object(domain_of("lab"), "/binary/elf", "name\0\xFF", Value::of("bytes"), "inject", "salt");
  parent.file_type = {"ELF 64-bit", "application/x-pie-executable", "binary"};
  Descriptor d = make_child(parent, "hasher", "/md5_hash", Value::of("5eaf"), Kind::kText);
  d.version = 7;
  d.processing_time_us = 12;
  d.stored_at_ns = -5;
  d.producer_version = "1.2";
  d.host = "here";
  Scribe scribe(storage());
  Seq first = scribe.add(parent);
  Seq second = scribe.add(d, 9);
  Record& sent = scribe.changes.descriptors[1];
  sent.object = first, sent.lane = Lane::kUrgent, sent.depth = 1, sent.level = 3;
  sent.ancestry = {{"/binary/elf", 1}, {"/md5_hash", 1}};
  Record expected = sent;
  scribe.commit();
  reopen();

  Record record = must(storage().get(second));
  EXPECT_EQ(record.seq, second);
  EXPECT_EQ(record.object, first);
  EXPECT_EQ(record.submission, 9u);
  EXPECT_EQ(record.lane, Lane::kUrgent);
  EXPECT_EQ(record.depth, 1u);
  EXPECT_EQ(record.level, 3u);
  EXPECT_EQ(record.value_size, 4u);
  EXPECT_EQ(record.value_digest, d.value.digest());
  EXPECT_EQ(record.ancestry, expected.ancestry);
  const Descriptor& got = record.descriptor;
  EXPECT_EQ(got.domain, d.domain);
  EXPECT_EQ(got.selector, d.selector);
  EXPECT_EQ(got.label, d.label);
  EXPECT_EQ(got.uuid, d.uuid);
  EXPECT_EQ(got.agent, "hasher");
  EXPECT_EQ(got.precursors, d.precursors);
  EXPECT_EQ(got.version, 7u);
  EXPECT_EQ(got.kind, Kind::kText);
  EXPECT_EQ(got.processing_time_us, 12u);
  EXPECT_EQ(got.stored_at_ns, -5);
  EXPECT_EQ(got.producer_version, "1.2");
  EXPECT_EQ(got.host, "here");
  EXPECT_EQ(must(got.value.load(100)), "5eaf");
  EXPECT_EQ(get(first).salt, "salt");
  EXPECT_EQ(get(first).file_type, parent.file_type);
}

TEST_P(AnyStorage, says_not_found_where_the_log_has_no_record) {
  Scribe scribe(storage());
  Seq object = scribe.object("x");
  Seq origin = scribe.origin(object, 0, "b");
  scribe.apply();
  EXPECT_EQ(storage().get(0).error().code, Code::kNotFound);
  EXPECT_EQ(storage().get(origin).error().code, Code::kNotFound);
  EXPECT_EQ(storage().get(origin + 1).error().code, Code::kNotFound);
}

TEST_P(AnyStorage, counts_descriptors_and_logical_bytes) {
  Scribe scribe(storage());
  scribe.object("same", "a", "/a");
  scribe.object("same", "b", "/b");
  scribe.apply();
  scribe.skip_positions(10);
  Seq last = scribe.object("other");
  scribe.commit();
  reopen();
  StorageStatistics statistics = storage().statistics();
  EXPECT_EQ(statistics.head, last);
  EXPECT_EQ(last, 13u);
  EXPECT_EQ(statistics.descriptors, 3u);
  EXPECT_EQ(statistics.value_bytes, 13u);
}

TEST_P(AnyStorage, finds_by_identity_only_in_its_domain_and_path) {
  Scribe scribe(storage());
  Seq seq = scribe.object("x");
  scribe.apply();
  Selector selector = get(seq).selector;
  EXPECT_EQ(must(storage().lookup(Domain(), selector)), seq);
  EXPECT_EQ(must(storage().lookup(domain_of("lab"), selector)), 0u);
  EXPECT_EQ(must(storage().lookup(Domain(), Selector::of("/binary", *selector.id()))), 0u);
  EXPECT_EQ(must(storage().lookup(Domain(), Selector::of("/binary/elf", Digest{}))), 0u);
  EXPECT_EQ(must(storage().lookup(Domain(), must(Selector::parse("/binary/elf")))), 0u);
}

TEST_P(AnyStorage, resolves_versions_by_number_and_from_the_highest) {
  Scribe scribe(storage());
  auto add = [&](uint32_t version, const std::string& bytes) {
    Descriptor d = make_object(Domain(), "/matrix", "m", Value::of(bytes), "agent");
    d.version = version;
    return scribe.add(d);
  };
  Seq zero = add(0, "a"), five = add(5, "b");
  scribe.apply();
  add(0, "c"), add(5, "d");  // later ones of the same version
  Seq two = add(2, "e");
  scribe.commit();
  reopen();
  auto find = [&](const char* text) { return must(storage().lookup(Domain(), must(Selector::parse(text)))); };
  EXPECT_EQ(find("/matrix~0"), zero);
  EXPECT_EQ(find("/matrix~5"), five);
  EXPECT_EQ(find("/matrix~2"), two);
  EXPECT_EQ(find("/matrix~1"), 0u);
  EXPECT_EQ(find("/matrix~-1"), five);
  EXPECT_EQ(find("/matrix~-2"), two);
  EXPECT_EQ(find("/matrix~-3"), zero);
  EXPECT_EQ(find("/matrix~-4"), 0u);
  EXPECT_EQ(find("/matrix~-9223372036854775808"), 0u);
  EXPECT_EQ(find("/matrix~9223372036854775807"), 0u);
  EXPECT_EQ(find("/matrix~4294967296"), 0u);
  EXPECT_EQ(find("/matri~0"), 0u);
}

// --- all or nothing ---

TEST_P(AnyStorage, refuses_changes_whole) {
  Scribe scribe(storage());
  Seq first = scribe.object("first");
  scribe.apply();
  Scribe confused(storage());
  Seq second = confused.object("second");
  confused.origin(second + 100, 0, "of nothing");
  EXPECT_EQ(storage().apply(confused.changes).error().code, Code::kNotFound);
  EXPECT_EQ(storage().statistics().head, first);
  EXPECT_EQ(storage().statistics().descriptors, 1u);
  EXPECT_EQ(storage().get(second).error().code, Code::kNotFound);
  EXPECT_EQ(prefix("/"), Seqs{first});
  must(storage().commit());
}

TEST_P(AnyStorage, never_overwrites_a_log_entry) {
  Scribe scribe(storage());
  Seq first = scribe.object("first");
  Seq second = scribe.object("second");
  scribe.apply();
  for (Seq taken : {first, second}) {
    Scribe confused(storage());
    confused.object("third");
    confused.changes.descriptors[0].seq = taken;
    EXPECT_EQ(storage().apply(confused.changes).error().code, Code::kInvalid);
  }
  Scribe twice(storage());
  twice.object("third");
  twice.object("fourth");
  twice.changes.descriptors[1].seq = twice.changes.descriptors[0].seq;
  EXPECT_EQ(storage().apply(twice.changes).error().code, Code::kInvalid);
  EXPECT_EQ(must(get(first).value.load(10)), "first");
}

TEST_P(AnyStorage, refuses_a_record_that_lies_about_its_value) {
  Scribe scribe(storage());
  scribe.object("value");
  scribe.changes.descriptors[0].value_size++;
  EXPECT_EQ(storage().apply(scribe.changes).error().code, Code::kInvalid);
}

// --- log and queues ---

TEST_P(AnyStorage, lists_the_log_with_holes_and_late_origins) {
  Scribe scribe(storage());
  Seq object = scribe.object("x");
  scribe.origin(object, 0, "x", object);  // the first origin is no entry of its own
  scribe.skip_positions(2);
  Seq result =
      scribe.add(make_child(scribe.changes.descriptors[0].descriptor, "hasher", "/md5", Value::of("y")), 2);
  Seq late = scribe.origin(object, 0, "again", 0, 2);
  scribe.commit();
  reopen();

  auto log = must(storage().log(0, 100));
  ASSERT_EQ(log.size(), 3u);
  EXPECT_EQ(log[0].seq, object);
  EXPECT_TRUE(log[0].is_object);
  EXPECT_FALSE(log[0].is_origin);
  EXPECT_EQ(log[0].path, "/binary/elf");
  EXPECT_EQ(log[1].seq, result);
  EXPECT_FALSE(log[1].is_object);
  EXPECT_EQ(log[1].path, "/md5");
  EXPECT_EQ(log[2].seq, late);
  EXPECT_TRUE(log[2].is_origin);
  EXPECT_TRUE(log[2].is_object);
  EXPECT_EQ(log[2].path, "/binary/elf");
  EXPECT_EQ(must(storage().log(2, 1)).at(0).seq, result);
  EXPECT_TRUE(must(storage().log(late + 1, 100)).empty());
  EXPECT_TRUE(must(storage().log(0, 0)).empty());

  EXPECT_EQ(must(storage().queue(1, 0, 100)).size(), 1u);
  auto queue = must(storage().queue(2, 0, 100));
  ASSERT_EQ(queue.size(), 2u);
  EXPECT_EQ(queue[0].seq, result);
  EXPECT_TRUE(queue[1].is_origin);
  EXPECT_EQ(must(storage().queue(2, late, 100)).size(), 1u);
  EXPECT_TRUE(must(storage().queue(3, 0, 100)).empty());
}

TEST_P(AnyStorage, takes_the_note_of_a_submission_for_no_object) {
  Scribe scribe(storage());
  Seq note = scribe.object("{}", "note", "/submission");
  scribe.apply();
  EXPECT_FALSE(must(storage().log(note, 1)).at(0).is_object);
}

// --- searches ---

TEST_P(AnyStorage, finds_by_prefix_of_whole_components_oldest_first) {
  Scribe scribe(storage());
  Seq a = scribe.object("a", "a", "/binary");
  Seq b = scribe.object("b", "b", "/binary/elf");
  scribe.object("c", "c", "/binaryx");
  scribe.object("d", "d", "/binary-x");
  Seq e = scribe.object("e", "e", "/binary/pe");
  Seq f = scribe.object("f", "f", "/binary/elf");
  Seq g = scribe.add(make_object(domain_of("lab"), "/binary/elf", "g", Value::of("g"), "inject"));
  scribe.apply();
  EXPECT_EQ(prefix("/binary"), (Seqs{a, b, e, f, g}));
  EXPECT_EQ(prefix("/binary/"), (Seqs{a, b, e, f, g}));
  EXPECT_EQ(prefix("/binary", Domain()), (Seqs{a, b, e, f}));
  EXPECT_EQ(prefix("/binary/elf", domain_of("lab")), (Seqs{g}));
  EXPECT_EQ(prefix("/binary", domain_of("none")), Seqs());
  EXPECT_EQ(prefix("/bin"), Seqs());
  EXPECT_EQ(prefix("binary"), Seqs());
  EXPECT_EQ(prefix("/").size(), 7u);
}

TEST_P(AnyStorage, merges_long_paths_in_log_order) {
  Scribe scribe(storage());
  Seqs all;
  for (int i = 0; i < 200; i++) {
    std::string path = i % 7 == 0 ? "/rare" : i < 100 ? "/early" : "/late";
    all.push_back(scribe.object(std::to_string(i), "x", path));
  }
  scribe.apply();
  EXPECT_EQ(prefix("/"), all);
  std::reverse(all.begin(), all.end());
  EXPECT_EQ(regex("/"), all);
}

TEST_P(AnyStorage, matches_regexes_from_the_start_of_the_selector_newest_first) {
  Scribe scribe(storage());
  Seq a = scribe.object("a", "a", "/binary/elf");
  Seq b = scribe.object("b", "b", "/x/binary");
  Seq c = scribe.object("c", "c", "/binary-x");
  scribe.apply();
  std::string id = get(a).selector.id()->hex();
  EXPECT_EQ(regex("/binary"), (Seqs{c, a}));
  EXPECT_EQ(regex("binary"), Seqs());
  EXPECT_EQ(regex(".*binary"), (Seqs{c, b, a}));
  EXPECT_EQ(regex(""), (Seqs{c, b, a}));
  EXPECT_EQ(regex("(?i)/BINARY/"), Seqs{a});
  EXPECT_EQ(regex("/binary$"), Seqs());
  EXPECT_EQ(regex("/binary/elf/%" + id + "$"), Seqs{a});
  EXPECT_EQ(regex("/binary/elf/%" + id.substr(0, 5)), Seqs{a});
  EXPECT_EQ(regex("/.*%" + id.substr(0, 9)), Seqs{a});
  EXPECT_EQ(regex("/binary/elf%"), Seqs());
  EXPECT_EQ(regex("/binary", domain_of("lab")), Seqs());
}

TEST_P(AnyStorage, refuses_bad_and_excessive_regexes) {
  for (const std::string& text : {std::string("("), std::string("a)(b"), std::string("\xFF"),
                                  std::string(5000, 'a'), std::string("((a{1,100}){1,100}){1,100}")}) {
    auto page = storage().find_regex(std::nullopt, text, 0, 10);
    ASSERT_FALSE(page.ok()) << text.substr(0, 50);
    EXPECT_EQ(page.error().code, Code::kInvalid);
  }
  EXPECT_NE(storage().find_regex(std::nullopt, "a(b", 0, 10).error().message.find("missing )"),
            std::string::npos);
}

TEST_P(AnyStorage, finds_by_uuid_oldest_first) {
  Scribe scribe(storage());
  Seq a = scribe.object("a");
  scribe.object("b");
  Seq c = scribe.add(make_child(scribe.changes.descriptors[0].descriptor, "hasher", "/md5", Value::of("y")));
  scribe.apply();
  Uuid uuid = get(a).uuid;
  auto find = [&](std::optional<Domain> domain) {
    return all_pages(
        [&](auto cursor, auto limit) { return storage().find_uuid(domain, uuid, cursor, limit); }, 1);
  };
  EXPECT_EQ(find(std::nullopt), (Seqs{a, c}));
  EXPECT_EQ(find(Domain()), (Seqs{a, c}));
  EXPECT_EQ(find(domain_of("lab")), Seqs());
}

TEST_P(AnyStorage, finds_by_any_number_of_digits_of_an_id_or_of_a_value) {
  Scribe scribe(storage());
  Seq plain = scribe.object("bytes");
  Seq salted = scribe.add(make_object(Domain(), "/binary/elf", "a", Value::of("bytes"), "inject", "salt"));
  Seq result =
      scribe.add(make_child(scribe.changes.descriptors[0].descriptor, "x", "/copy", Value::of("bytes")));
  Seq lab = scribe.add(make_object(domain_of("lab"), "/binary/elf", "a", Value::of("bytes"), "inject"));
  scribe.apply();
  std::string hex = Value::of("bytes").digest().hex();
  for (size_t digits = 4; digits <= 64; digits++) {
    EXPECT_EQ(digest(hex.substr(0, digits)), (Seqs{plain, lab, salted, result})) << digits;
  }
  EXPECT_EQ(digest(hex, Domain()), (Seqs{plain, salted, result}));
  EXPECT_EQ(digest(get(salted).selector.id()->hex().substr(0, 15)), Seqs{salted});
  std::string other = hex.substr(0, 10);
  other[9] = other[9] == '0' ? '1' : '0';
  EXPECT_EQ(digest(other), Seqs());
  for (const std::string& bad : {std::string("abc"), hex + "0", std::string("wxyz"), std::string()}) {
    EXPECT_EQ(storage().find_digest(std::nullopt, bad, 0, 10).error().code, Code::kInvalid) << bad;
  }
}

TEST_P(AnyStorage, finds_by_every_name_an_object_came_under) {
  Scribe scribe(storage());
  Seq a = scribe.object("a"), b = scribe.object("b");
  scribe.origin(a, 0, "dir/tool", a);
  scribe.origin(b, 0, std::string("to\0ol", 5), b);
  scribe.origin(a, 0, "other/toolbox");
  scribe.origin(b, a, "deep/in/there/tool");
  scribe.origin(b, a, "folder/");
  scribe.apply();
  EXPECT_EQ(name("tool"), (Seqs{a, b}));
  EXPECT_EQ(name("dir/tool"), Seqs{a});
  EXPECT_EQ(name("in/there/tool"), Seqs());
  EXPECT_EQ(name("tool*"), (Seqs{a, b}));
  EXPECT_EQ(name("toolb*"), Seqs{a});
  EXPECT_EQ(name("deep/*"), Seqs{b});
  EXPECT_EQ(name("too"), Seqs());
  EXPECT_EQ(name(std::string("to\0ol", 5)), Seqs{b});
  EXPECT_EQ(name(std::string("to\0*", 4)), Seqs{b});
  EXPECT_EQ(name("to"), Seqs());
  EXPECT_EQ(name("folder/"), Seqs{b});
  EXPECT_EQ(name("*").size(), 2u);
  EXPECT_EQ(name("tool", domain_of("lab")), Seqs());
}

TEST_P(AnyStorage, lists_children_of_every_parent_once) {
  Scribe scribe(storage());
  Seq a = scribe.object("a"), b = scribe.object("b");
  Descriptor first = scribe.changes.descriptors[0].descriptor,
             second = scribe.changes.descriptors[1].descriptor;
  auto [left, right] = make_links(first, second, "unarchive", {"unarchived", "", false});
  Seq l = scribe.add(left), r = scribe.add(right);
  Descriptor doubled = make_child(first, "x", "/x", Value::of("x"));
  doubled.precursors.push_back(first.selector);
  Seq d = scribe.add(doubled);
  scribe.apply();
  EXPECT_EQ(children(a), (Seqs{l, r, d}));
  EXPECT_EQ(children(b), (Seqs{l, r}));
  EXPECT_EQ(children(l), Seqs());
}

// --- origins ---

TEST_P(AnyStorage, keeps_every_origin_of_an_object) {
  Scribe scribe(storage());
  Seq archive = scribe.object("archive"), member = scribe.object("member");
  scribe.origin(archive, 0, "a.zip", archive, 7);
  scribe.origin(member, archive, "x/y", member, 7, 3);
  Seq again = scribe.origin(member, archive, "x/z", 0, 7, 4);
  Seq injected = scribe.origin(member, 0, "y", 0, 8);
  scribe.commit();
  reopen();

  auto origins = must(storage().origins_of(member, 0, 10));
  ASSERT_EQ(origins.size(), 3u);
  EXPECT_EQ(origins[0].name, "x/y");
  EXPECT_EQ(origins[0].ordinal, 3u);
  EXPECT_EQ(origins[0].seq, member);
  EXPECT_EQ(origins[0].agent, "inject");
  EXPECT_EQ(origins[1].seq, again);
  EXPECT_EQ(origins[2].submission, 8u);
  auto from = must(storage().origins_from(archive, 0, 10));
  ASSERT_EQ(from.size(), 2u);
  EXPECT_EQ(from[1].name, "x/z");
  EXPECT_EQ(must(storage().origin_at(injected))->name, "y");
  EXPECT_FALSE(must(storage().origin_at(member)));
  EXPECT_FALSE(must(storage().origin_at(injected + 1)));
  auto pages = [&](auto search) { return all_pages(search, 1); };
  EXPECT_EQ(pages([&](auto c, auto l) { return storage().contents(archive, c, l); }), Seqs{member});
  EXPECT_EQ(pages([&](auto c, auto l) { return storage().roots(7, c, l); }), Seqs{archive});
  EXPECT_EQ(pages([&](auto c, auto l) { return storage().roots(8, c, l); }), Seqs{member});
}

TEST_P(AnyStorage, knows_the_same_origin_again) {
  Scribe scribe(storage());
  Seq archive = scribe.object("archive"), member = scribe.object("member");
  scribe.origin(archive, 0, "a.zip", archive, 7, 1);
  scribe.origin(member, archive, "m", member, 7, 2);
  scribe.apply();
  auto seq_of = [&](const Origin& origin) {
    auto found = must(storage().same_origin(origin));
    return found ? found->seq : 0;
  };
  EXPECT_EQ(seq_of({0, archive, 0, 7, "a.zip", 1, ""}), archive);
  EXPECT_EQ(seq_of({0, archive, 0, 8, "a.zip", 1, ""}), 0u);  // another injection
  EXPECT_EQ(seq_of({0, member, archive, 7, "m", 2, ""}), member);
  EXPECT_EQ(seq_of({0, member, archive, 8, "m", 2, ""}), member);  // the same extraction
  EXPECT_EQ(seq_of({0, member, archive, 7, "m", 3, ""}), 0u);
  EXPECT_EQ(seq_of({0, member, archive, 7, "n", 2, ""}), 0u);
}

// --- progress ---

TEST_P(AnyStorage, keeps_marks_and_consumers) {
  Scribe scribe(storage());
  Seq seq = scribe.object("x");
  scribe.changes.marks = {
      {seq, 2, Outcome::kFailed, "why"}, {seq, 1, Outcome::kDone, ""}, {seq + 1, 1, Outcome::kDone, ""}};
  Consumer consumer{
      3,  "hasher", "{}", {1, 2, 3}, {0, 4, 5, 6}, true, *Domain::parse("lab"), R"({"prefixes":["/"]})",
      {}, {},       {},   {}};
  scribe.changes.consumers = {consumer, {1, "x", "", {}, {}, false, Domain(), "", {}, {}, {}, {}}};
  scribe.commit();
  scribe.changes.marks = {{seq, 2, Outcome::kDone, ""}};  // replayed
  scribe.commit();
  reopen();
  auto marks = must(storage().marks(seq));
  ASSERT_EQ(marks.size(), 2u);
  EXPECT_EQ(marks[0].consumer, 1u);
  EXPECT_EQ(marks[1].consumer, 2u);
  EXPECT_EQ(marks[1].outcome, Outcome::kDone);
  EXPECT_EQ(marks[1].message, "");
  EXPECT_TRUE(must(storage().is_marked(seq, 2)));
  EXPECT_FALSE(must(storage().is_marked(seq, 3)));
  auto consumers = must(storage().consumers());
  ASSERT_EQ(consumers.size(), 2u);
  EXPECT_EQ(consumers[1].agent, "hasher");
  EXPECT_EQ(consumers[1].watermark, consumer.watermark);
  EXPECT_EQ(consumers[1].outcomes, consumer.outcomes);
  EXPECT_EQ(consumers[1].domain, consumer.domain);
  EXPECT_EQ(consumers[1].takes, consumer.takes);
  EXPECT_TRUE(consumers[1].is_live);
}

TEST_P(AnyStorage, knows_which_submissions_are_open_and_active) {
  auto put = [&](Submission submission) {
    Changes changes;
    changes.submissions = {submission};
    must(storage().apply(changes));
  };
  Submission one;
  one.id = 1, one.open = true;
  put(one);
  Submission two = one;
  two.id = 2, two.first = two.last = 5000, two.lane = Lane::kBulk;
  put(two);
  one.first = 1, one.last = 5001, one.depends = {7};
  put(one);
  reopen();
  auto active = [&](Lane lane, Seq after) {
    Seqs ids;
    for (const Submission& s : must(storage().active_after(lane, after))) ids.push_back(s.id);
    return ids;
  };
  EXPECT_EQ(must(storage().open_submissions()), (Seqs{1, 2}));
  EXPECT_EQ(active(Lane::kNormal, 0), Seqs{1});
  EXPECT_EQ(active(Lane::kNormal, 5000), Seqs{1});
  EXPECT_EQ(active(Lane::kNormal, 5001), Seqs());
  EXPECT_EQ(active(Lane::kBulk, 4999), Seqs{2});
  EXPECT_EQ(active(Lane::kBulk, 5000), Seqs());
  EXPECT_EQ(active(Lane::kUrgent, 0), Seqs());
  EXPECT_EQ(active(Lane::kBulk, ~Seq{0}), Seqs());
  one.last = 1000000, one.open = false;
  put(one);
  reopen();
  EXPECT_EQ(active(Lane::kNormal, 0), Seqs{1});
  EXPECT_EQ(active(Lane::kNormal, 999999), Seqs{1});
  EXPECT_EQ(must(storage().open_submissions()), Seqs{2});
  EXPECT_EQ(must(storage().submission(1)).depends, Seqs{7});
  EXPECT_EQ(storage().submission(3).error().code, Code::kNotFound);
  EXPECT_EQ(storage().last_submission(), 2u);
}

TEST_P(AnyStorage, shows_the_smallest_label_of_what_has_no_parents) {
  Uuid uuid;
  uuid.bytes[15] = 1;
  auto labels_after = [&](std::vector<std::pair<bool, std::string>> arrivals) {
    static int domains = 0;
    Domain domain = domain_of("d" + std::to_string(++domains));
    Scribe scribe(storage());
    for (auto& [is_object, label] : arrivals) {
      Descriptor d = make_object(domain, "/a", label, Value::of(label), "x");
      if (!is_object) d = make_child(d, "x", "/b", Value::of(label));
      d.uuid = uuid;
      scribe.add(d);
      if (label.size() % 2 == 0) scribe.apply();
    }
    scribe.apply();
    return must(storage().uuids(domain, {}, 10)).at(0).label;
  };
  std::vector<std::pair<bool, std::string>> arrivals{{false, "a"}, {true, "cc"}, {true, "b"}};
  do EXPECT_EQ(labels_after(arrivals), "b");
  while (std::next_permutation(arrivals.begin(), arrivals.end()));
  EXPECT_EQ(labels_after({{false, "z"}, {false, "y"}}), "y");
}

TEST_P(AnyStorage, pages_through_uuids) {
  Scribe scribe(storage());
  std::vector<Uuid> all(1);  // the zero uuid is one as well
  for (int i = 0; i < 7; i++) {
    Descriptor d = make_object(Domain(), "/a", "x", Value::of(std::to_string(i)), "x");
    if (i == 0) d.uuid = {};
    if (i > 0) all.push_back(d.uuid);
    scribe.add(d);
  }
  scribe.add(make_object(domain_of("zoo"), "/a", "x", Value::of("zoo"), "x"));
  scribe.apply();
  std::sort(all.begin(), all.end());
  std::vector<Uuid> got;
  for (;;) {
    auto page = must(storage().uuids(Domain(), got.empty() ? Uuid{} : got.back(), 3));
    for (auto& one : page) got.push_back(one.uuid);
    if (page.size() < 3) break;
  }
  EXPECT_EQ(got, all);
}

// --- values ---

TEST_P(AnyStorage, gives_values_of_all_sizes_back) {
  Scribe scribe(storage());
  std::vector<std::pair<Seq, Digest>> kept;
  for (size_t size : {0, 1, 4095, 4096, 65536, 524287, 524288, 524289, 1 << 20, 3 << 20}) {
    std::string bytes(size, 'x');
    for (size_t i = 0; i < size; i++) bytes[i] = static_cast<char>(i * i >> 7);
    auto writer = storage().values().create();
    for (size_t at = 0; at < size; at += 100000)
      must(writer->append(as_bytes(std::string_view(bytes).substr(at, 100000))));
    EXPECT_EQ(writer->size(), size);
    Value sealed = must(writer->seal());
    EXPECT_EQ(sealed.digest(), sha256(as_bytes(bytes)));
    Value given = Value::of(bytes + "!");
    for (const Value& value : {sealed, given}) {
      kept.emplace_back(scribe.add(make_object(Domain(), "/a", "x", value, "x")), value.digest());
    }
  }
  scribe.commit();
  reopen();
  for (auto& [seq, digest] : kept) {
    Value value = get(seq).value;
    EXPECT_EQ(value.digest(), digest);
    std::string whole = must(value.load(1 << 22));
    EXPECT_EQ(sha256(as_bytes(whole)), digest);
    Sha256 hash;
    must(value.for_each_chunk([&](Bytes bytes) {
      hash.update(bytes);
      return Result<void>();
    }));
    EXPECT_EQ(hash.finish(), digest);
    std::array<uint8_t, 10> part{};
    uint64_t at = value.size() / 3;
    size_t count = must(value.read_at(at, part));
    EXPECT_EQ(as_text(Bytes(part).first(count)), whole.substr(at, 10));
  }
}

TEST_P(AnyStorage, lets_a_value_be_read_before_and_after_it_is_stored) {
  auto writer = storage().values().create();
  std::string bytes(700000, 'v');
  must(writer->append(as_bytes(bytes)));
  Value value = must(writer->seal());
  writer.reset();
  EXPECT_EQ(must(value.load(1 << 20)), bytes);
  Scribe scribe(storage());
  scribe.add(make_object(Domain(), "/a", "x", value, "x"));
  scribe.apply();
  EXPECT_EQ(must(value.load(1 << 20)), bytes);
}

TEST_P(AnyStorage, forgets_writers_that_are_dropped) {
  auto writer = storage().values().create();
  must(writer->append(as_bytes(std::string(700000, 'v'))));
  writer.reset();
  (void)must(storage().values().create()->seal());
  reopen();
}

// --- identity ---

TEST_P(AnyStorage, has_a_name_of_32_hex_digits) {
  EXPECT_EQ(storage().bus_name().size(), 32u);
  EXPECT_EQ(storage().bus_name().find_first_not_of("0123456789abcdef"), std::string::npos);
  TemporaryDirectory other;
  EXPECT_NE(must(open_storage({GetParam(), other.store()}))->bus_name(), storage().bus_name());
}

TEST(RocksdbStorage, counts_its_openings_and_keeps_its_name) {
  TemporaryDirectory directory;
  std::string name;
  for (uint64_t epoch = 1; epoch < 4; epoch++) {
    auto storage = must(open_storage({"rocksdb", directory.store()}));
    EXPECT_EQ(storage->epoch(), epoch);
    if (epoch == 1) name = storage->bus_name();
    EXPECT_EQ(storage->bus_name(), name);
  }
}

TEST(OpenStorage, refuses_kinds_it_does_not_know) {
  EXPECT_EQ(open_storage({"disk", ""}).error().code, Code::kInvalid);
}

}  // namespace
}  // namespace rebus::storage_test
