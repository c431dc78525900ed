// Random steps on both storages and on a naive model; all must give equal answers, also after reopening.
#include "tests/storage/model.h"

#include <random>

#include "descriptor/pack.h"
#include "tests/storage/store_kit.h"

namespace rebus::model_test {
namespace {

// Draws changes that a master could make.
class Author {
 public:
  explicit Author(uint64_t seed) : random_(seed) {}

  size_t below(size_t count) { return std::uniform_int_distribution<size_t>(0, count - 1)(random_); }
  bool chance(size_t one_in) { return below(one_in) == 0; }
  template <class T>
  const T& any(const std::vector<T>& of) {
    return of[below(of.size())];
  }

  Changes step(const Model& model) {
    next_ = model.head() + 1;
    Changes changes;
    for (size_t count = below(6); count > 0; count--) add_descriptor(model, changes);
    for (size_t count = below(3); count > 0; count--) add_origin(model, changes);
    for (size_t count = below(3); count > 0; count--) add_mark(changes);
    for (size_t count = below(3); count > 0; count--) add_attempt(changes);
    if (chance(3)) changes.consumers.push_back(consumer());
    for (const Attempt& attempt : changes.attempts) {  // only known ones try anything
      changes.consumers.push_back(consumer());
      changes.consumers.back().id = attempt.consumer;
    }
    if (chance(2)) changes.submissions.push_back(submission(model));
    return changes;
  }

  // What a master removes: descriptors with all that tells of them, values, consumers.
  Changes removal(const Model& model) {
    Changes changes;
    if (model.records().empty()) return changes;
    for (size_t count = 1 + below(4); count > 0; count--) remove_one(model, changes);
    if (chance(2)) changes.pruned_values.push_back(any(model.records()).value_digest);
    if (chance(4)) remove_consumer(model, changes);
    std::erase_if(changes.pruned_values, [&](const Digest& value) {
      return std::any_of(changes.removed.begin(), changes.removed.end(),
                         [&](Seq seq) { return model.record(seq)->value_digest == value; });
    });
    return changes;
  }

  Domain domain() { return domain_of(any<std::string>({"default", "lab", "l", "labs"})); }
  std::string path() {
    return any<std::string>({"/binary", "/binary/elf", "/binary/elf/x86_64", "/binary-x", "/binaryx",
                             "/link/a/b", "/md5_hash", "/m", "/submission", "/Binary"});
  }
  std::string name() {
    std::string out;
    for (size_t count = below(5); count > 0; count--)
      out += any<std::string>({"a", "b", "/", std::string(1, '\0'), "\xFF", "ab"});
    return out;
  }
  std::string bytes() {
    size_t size = chance(40) ? 524280 + below(20) : below(4) == 0 ? below(10000) : below(3);
    return std::string(size, static_cast<char>('a' + below(3)));
  }
  Seq position(const Model& model) { return below(model.head() + 3); }

 private:
  void remove_one(const Model& model, Changes& changes) {
    Seq seq = any(model.records()).seq;
    if (std::count(changes.removed.begin(), changes.removed.end(), seq) > 0) return;
    changes.removed.push_back(seq);
    for (const Origin& origin : model.origins()) {
      bool is_of_it = origin.object == seq || origin.container == seq;
      if (is_of_it) changes.removed_origins.push_back({origin.seq, origin.object, 0, 0, "", 0, ""});
    }
  }
  void remove_consumer(const Model& model, Changes& changes) {
    ConsumerId id = consumer_id();
    changes.removed_consumers.push_back(id);
    for (Seq seq = 1; seq < model.head() + 3; seq++) {
      for (const Mark& mark : model.marks(seq)) {
        if (mark.consumer == id) changes.unmarks.push_back(mark);
      }
    }
  }

  const Descriptor* known(const Model& model, const Changes& changes, const Domain& in) {
    std::vector<const Descriptor*> all;
    for (const Record& r : model.records()) all.push_back(&r.descriptor);
    for (const Record& r : changes.descriptors) all.push_back(&r.descriptor);
    std::erase_if(all, [&](const Descriptor* d) { return d->domain != in; });
    return all.empty() ? nullptr : all[below(all.size())];
  }

  Descriptor descriptor(const Model& model, const Changes& changes) {
    Domain in = domain();
    const Descriptor* parent = known(model, changes, in);
    Value value = Value::of(bytes());
    if (parent == nullptr || chance(3)) {
      return make_object(in, path(), name(), value, "inject",
                         chance(3) ? std::string(1, char('0' + below(9))) : "");
    }
    Descriptor d = chance(4) ? make_new_version(*parent, *parent, "agent", value)
                             : make_child(*parent, any<std::string>({"x", "y", "z"}), path(), value);
    d.label = name();
    return d;
  }

  void add_descriptor(const Model& model, Changes& changes) {
    Record r;
    r.descriptor = descriptor(model, changes);
    if (is_known(r.descriptor, model.records()) || is_known(r.descriptor, changes.descriptors)) return;
    r.seq = position_of_next();
    r.object = r.seq;
    r.submission = 1 + below(4);
    r.depth = static_cast<uint32_t>(below(64));
    r.value_size = r.descriptor.value.size();
    r.value_digest = r.descriptor.value.digest();
    if (r.descriptor.is_object() && chance(2)) {
      changes.origins.push_back({r.seq, r.seq, container(model), r.submission, name(), below(3), "x"});
    }
    changes.descriptors.push_back(std::move(r));
  }
  static bool is_known(const Descriptor& d, const std::vector<Record>& records) {
    return std::any_of(records.begin(), records.end(), [&](const Record& r) {
      return r.descriptor.selector == d.selector && r.descriptor.domain == d.domain;
    });
  }

  Seq position_of_next() {
    if (chance(10)) next_ += below(2000);  // the log tolerates holes
    return next_++;
  }
  Seq container(const Model& model) {
    return model.records().empty() || chance(2) ? 0 : any(model.records()).seq;
  }

  void add_origin(const Model& model, Changes& changes) {
    std::vector<Seq> objects = model.where(std::nullopt, [](const Descriptor& d) { return d.is_object(); });
    if (objects.empty()) return;
    Origin origin{0, any(objects), container(model), 1 + below(4), name(), below(3), "x"};
    origin.seq = position_of_next();
    changes.origins.push_back(origin);
  }

  void add_mark(Changes& changes) {
    auto outcome = static_cast<Outcome>(1 + below(5));
    changes.marks.push_back({1 + below(next_ + 2), consumer_id(), outcome, name()});
    if (chance(4)) changes.unmarks.push_back({1 + below(next_ + 2), consumer_id(), Outcome::kDone, {}});
  }
  void add_attempt(Changes& changes) {
    auto count = [&] { return static_cast<uint32_t>(below(2)); };
    changes.attempts.push_back(
        {1 + below(next_ + 2), consumer_id(), count(), count(), count(), chance(4), name()});
    changes.running.push_back({consumer_id(), count(), below(next_ + 2), below(9)});
    changes.collected.push_back(collected());
    if (chance(2)) changes.uncollected.push_back(collected());
    if (chance(4)) changes.states.push_back({consumer_id(), {1 + count(), name()}});
  }
  Collected collected() { return {consumer_id(), below(3), below(4)}; }
  ConsumerId consumer_id() { return static_cast<ConsumerId>(1 + below(3)); }
  Consumer consumer() {
    Consumer consumer;
    consumer.id = consumer_id();
    consumer.agent = name();
    consumer.config = name();
    for (Seq& mark : consumer.watermark) mark = below(99);
    for (size_t i = 1; i < kOutcomes; i++) consumer.outcomes[i] = below(9);  // 0 is no outcome
    return consumer;
  }
  Submission submission(const Model& model) {
    Submission s;
    s.id = 1 + below(5);
    if (model.submissions().contains(s.id)) s = model.submissions().at(s.id);
    s.open = chance(2);
    s.last += below(3000);
    s.roots++;
    if (chance(5)) s.lane = static_cast<Lane>(below(3));
    return s;
  }

  std::mt19937_64 random_;
  Seq next_ = 1;
};

// Asks a storage everything that the model can answer.
class Examiner {
 public:
  Examiner(const Model& model, Storage& storage, Author& author)
      : model_(model), storage_(storage), author_(author) {}

  void examine() {
    numbers();
    records();
    logs();
    searches();
    lists();
    progress();
  }

 private:
  using Pages = std::function<Result<Page>(uint64_t, size_t)>;
  std::vector<Seq> pages(const Pages& search) { return all_pages(search, 1 + author_.below(12)); }
  std::set<Seq> set_of_pages(const Pages& search) {
    std::vector<Seq> all = pages(search);
    std::set<Seq> out(all.begin(), all.end());
    EXPECT_EQ(out.size(), all.size()) << "something twice";
    return out;
  }
  std::optional<Domain> some_domain() {
    return author_.chance(3) ? std::nullopt : std::optional(author_.domain());
  }

  void numbers() {
    StorageStatistics statistics = storage_.statistics();
    EXPECT_EQ(statistics.head, model_.head());
    EXPECT_EQ(statistics.descriptors, model_.records().size());
    EXPECT_EQ(statistics.value_bytes, model_.value_bytes());
    SubmissionId last = model_.submissions().empty() ? 0 : model_.submissions().rbegin()->first;
    EXPECT_EQ(storage_.last_submission(), last);
    using Kind = std::tuple<Lane, std::string, std::string, bool>;
    std::map<Kind, uint64_t> counted, expected;
    for (const TypeCount& one : must(storage_.types(100'000))) {
      counted[{one.lane, one.domain.str(), one.path, one.is_object}] = one.descriptors;
    }
    for (const Record& r : model_.records()) {
      const Descriptor& d = r.descriptor;
      expected[{r.lane, d.domain.str(), d.selector.path(), d.is_object()}]++;
    }
    EXPECT_EQ(counted, expected);
    EXPECT_EQ(must(storage_.types(1)).size(), std::min<size_t>(1, expected.size()));
  }

  void records() {
    Seq seq = author_.position(model_);
    const Record* expected = model_.record(seq);
    auto got = storage_.get(seq);
    ASSERT_EQ(got.ok(), expected != nullptr);
    if (expected == nullptr) return;
    const Descriptor& d = expected->descriptor;
    EXPECT_EQ(got->descriptor.selector, d.selector);
    EXPECT_EQ(got->descriptor.precursors, d.precursors);
    EXPECT_EQ(got->descriptor.label, d.label);
    EXPECT_EQ(got->depth, expected->depth);
    auto bytes = got->descriptor.value.load(1 << 20);
    if (model_.is_pruned(d.value.digest()) && d.value.size() > 0) {
      ASSERT_FALSE(bytes.ok());
      EXPECT_EQ(bytes.error().code, Code::kNotFound);
      EXPECT_NE(bytes.error().message.find("pruned"), std::string::npos);
      EXPECT_TRUE(must(storage_.is_pruned(d.value.digest())));
    } else {
      EXPECT_EQ(must(std::move(bytes)), must(d.value.load(1 << 20)));
    }
    EXPECT_EQ(must(storage_.lookup(d.domain, d.selector)), model_.lookup(d.domain, d.selector));
    auto version = static_cast<int64_t>(author_.below(7)) - 3;
    Selector by_version = must(Selector::parse(author_.path() + "~" + std::to_string(version)));
    EXPECT_EQ(must(storage_.lookup(d.domain, by_version)), model_.lookup(d.domain, by_version))
        << by_version.str();
  }

  void logs() {
    Seq from = author_.position(model_);
    size_t limit = 1 + author_.below(30);
    expect_same(must(storage_.log(from, limit)), model_.log(from), limit);
    SubmissionId submission = 1 + author_.below(5);
    expect_same(must(storage_.queue(submission, from, limit)), model_.queue(submission, from), limit);
    Seq seq = author_.position(model_);
    auto late = model_.origins_where([&](const Origin& o) { return o.seq == seq && o.object != seq; });
    auto got = must(storage_.origin_at(seq));
    ASSERT_EQ(got.has_value(), !late.empty());
    if (got) expect_same({*got}, late);
  }
  void expect_same(const std::vector<LogEntry>& got, std::vector<LogEntry> expected, size_t limit) {
    if (expected.size() > limit) expected.resize(limit);
    ASSERT_EQ(got.size(), expected.size());
    for (size_t i = 0; i < got.size(); i++) {
      EXPECT_EQ(got[i].seq, expected[i].seq);
      EXPECT_EQ(got[i].is_origin, expected[i].is_origin);
      EXPECT_EQ(got[i].is_object, expected[i].is_object);
      EXPECT_EQ(got[i].domain, expected[i].domain);
      EXPECT_EQ(got[i].path, expected[i].path);
    }
  }
  void expect_same(const std::vector<Origin>& got, const std::vector<Origin>& expected) {
    ASSERT_EQ(got.size(), expected.size());
    for (size_t i = 0; i < got.size(); i++) {
      EXPECT_EQ(got[i].seq, expected[i].seq);
      EXPECT_EQ(got[i].object, expected[i].object);
      EXPECT_EQ(got[i].container, expected[i].container);
      EXPECT_EQ(got[i].submission, expected[i].submission);
      EXPECT_EQ(got[i].name, expected[i].name);
      EXPECT_EQ(got[i].ordinal, expected[i].ordinal);
    }
  }

  void searches() {
    auto domain = some_domain();
    std::string prefix = author_.chance(5) ? "" : author_.path();
    EXPECT_EQ(pages([&](auto c, auto l) { return storage_.find_prefix(domain, prefix, c, l); }),
              model_.find_prefix(domain, prefix));
    std::string regex = author_.any<std::string>(
        {"/binary", "/b.*/%a", "(?i)/BINARY", ".*elf", "/m(d5)?", "", "/l|/m", "/binary$", "/binary/",
         "/[a-c]", "/.*[0-3]$", "/binary/%[0-9]", "/bi\\b", "/binary\\b", "^/link", "/binary.x"});
    EXPECT_EQ(pages([&](auto c, auto l) { return storage_.find_regex(domain, regex, c, l); }),
              model_.find_regex(domain, regex))
        << regex;
    std::string name = author_.name() + (author_.chance(2) ? "*" : "");
    EXPECT_EQ(set_of_pages([&](auto c, auto l) { return storage_.find_name(domain, name, c, l); }),
              model_.find_name(domain, name));
    if (model_.records().empty()) return;
    const Descriptor& d = author_.any(model_.records()).descriptor;
    EXPECT_EQ(pages([&](auto c, auto l) { return storage_.find_uuid(domain, d.uuid, c, l); }),
              model_.find_uuid(domain, d.uuid));
    std::string hex =
        (author_.chance(2) ? *d.selector.id() : d.value.digest()).hex().substr(0, 4 + author_.below(61));
    EXPECT_EQ(set_of_pages([&](auto c, auto l) { return storage_.find_digest(domain, hex, c, l); }),
              model_.find_digest(domain, hex));
  }

  void lists() {
    Seq seq = author_.position(model_);
    if (model_.record(seq) != nullptr) {
      EXPECT_EQ(pages([&](auto c, auto l) { return storage_.children(seq, c, l); }), model_.children(seq));
    }
    SubmissionId submission = 1 + author_.below(5);
    auto in_container = [&](const Origin& o) { return seq != 0 && o.container == seq; };
    EXPECT_EQ(pages([&](auto c, auto l) { return storage_.contents(seq, c, l); }),
              model_.objects_where(in_container));
    auto is_root = [&](const Origin& o) { return o.container == 0 && o.submission == submission; };
    EXPECT_EQ(pages([&](auto c, auto l) { return storage_.roots(submission, c, l); }),
              model_.objects_where(is_root));
    Seq from = author_.chance(2) ? 0 : author_.position(model_);
    size_t limit = 1 + author_.below(20);
    auto page_where = [&](auto belongs) {
      auto all = model_.origins_where([&](const Origin& o) { return belongs(o) && o.seq >= from; });
      if (all.size() > limit) all.resize(limit);
      return all;
    };
    expect_same(must(storage_.origins_of(seq, from, limit)),
                page_where([&](const Origin& o) { return o.object == seq; }));
    expect_same(must(storage_.origins_from(seq, from, limit)), page_where(in_container));
    if (model_.origins().empty()) return;
    Origin like = author_.any(model_.origins());
    if (author_.chance(2)) like.ordinal++;
    if (author_.chance(2)) like.submission++;
    auto is_same = [&](const Origin& o) {
      return o.object == like.object && o.container == like.container && o.name == like.name &&
             o.ordinal == like.ordinal && (o.container != 0 || o.submission == like.submission);
    };
    EXPECT_EQ(must(storage_.same_origin(like)).has_value(), !model_.origins_where(is_same).empty());
  }

  void failures() {
    auto of = static_cast<ConsumerId>(1 + author_.below(3));
    Seq after = author_.chance(2) ? 0 : author_.position(model_);
    auto expected = model_.failures(of, after);
    auto found = must(storage_.failures(of, after, 1 + author_.below(9)));
    ASSERT_LE(found.size(), expected.size());
    EXPECT_EQ(found.empty(), expected.empty());
    for (size_t i = 0; i < found.size(); i++) {
      EXPECT_EQ(found[i].seq, expected[i].seq);
      EXPECT_EQ(found[i].message, expected[i].message);
    }
    auto attempts = must(storage_.attempts(of));
    ASSERT_EQ(attempts.size(), model_.attempts(of).size());
    for (size_t i = 0; i < attempts.size(); i++) {
      EXPECT_EQ(pack(attempts[i]), pack(model_.attempts(of)[i]));
    }
    Collected from{of, of, of};
    EXPECT_EQ(must(storage_.collected(from, 3)), model_.collected(from, 3));
    EXPECT_EQ(must(storage_.collected({of}, 100)), model_.collected({of}, 100));
    EXPECT_EQ(pack(must(storage_.state(of))), pack(model_.state(of)));
    auto running = must(storage_.running());
    ASSERT_EQ(running.size(), model_.running().size());
    for (size_t i = 0; i < running.size(); i++) {
      EXPECT_EQ(running[i].seq, model_.running()[i].seq);
      EXPECT_EQ(running[i].token, model_.running()[i].token);
    }
  }

  void progress() {
    Seq seq = author_.position(model_);
    auto marks = must(storage_.marks(seq));
    auto expected = model_.marks(seq);
    ASSERT_EQ(marks.size(), expected.size());
    for (size_t i = 0; i < marks.size(); i++) {
      EXPECT_EQ(marks[i].consumer, expected[i].consumer);
      EXPECT_EQ(marks[i].outcome, expected[i].outcome);
      EXPECT_EQ(marks[i].message, expected[i].message);
    }
    EXPECT_EQ(must(storage_.is_marked(seq, 2)),
              std::any_of(expected.begin(), expected.end(), [](const Mark& m) { return m.consumer == 2; }));
    failures();
    auto consumers = must(storage_.consumers());
    ASSERT_EQ(consumers.size(), model_.consumers().size());
    for (size_t i = 0; i < consumers.size(); i++) {
      EXPECT_EQ(consumers[i].agent, model_.consumers()[i].agent);
      EXPECT_EQ(consumers[i].watermark, model_.consumers()[i].watermark);
      EXPECT_EQ(consumers[i].outcomes, model_.consumers()[i].outcomes);
    }
    EXPECT_EQ(must(storage_.open_submissions()), model_.open_submissions());
    auto lane = static_cast<Lane>(author_.below(3));
    Seq after = author_.below(20000);
    std::set<SubmissionId> active;
    for (const Submission& s : must(storage_.active_after(lane, after))) active.insert(s.id);
    EXPECT_EQ(active, model_.active_after(lane, after));
    Domain domain = author_.domain();
    std::map<Uuid, std::string> labels;
    for (auto& one : must(storage_.uuids(domain, {}, 100000))) labels[one.uuid] = one.label;
    EXPECT_EQ(labels, model_.uuids(domain));
  }

  const Model& model_;
  Storage& storage_;
  Author& author_;
};

class RandomSteps : public testing::TestWithParam<uint64_t> {};

TEST_P(RandomSteps, give_equal_answers) {
  SCOPED_TRACE("seed " + std::to_string(GetParam()));
  constexpr int kSteps = 100;
  TemporaryDirectory directory;
  Author author(GetParam());
  Model model;
  auto ram = must(open_storage({"ram", ""}));
  auto disk = must(open_storage({"rocksdb", directory.store()}));
  for (int step = 0; step < kSteps && !testing::Test::HasFailure(); step++) {
    Changes changes = author.chance(6) ? author.removal(model) : author.step(model);
    model.apply(changes);
    must(ram->apply(changes));
    must(disk->apply(changes));
    if (author.chance(4)) must(disk->commit());
    if (author.chance(30)) {
      disk.reset();  // nothing was lost with the power: what was applied is there without a commit
      disk = must(open_storage({"rocksdb", directory.store()}));
    }
    Examiner(model, *ram, author).examine();
    Examiner(model, *disk, author).examine();
  }
}

// Another range of seeds: REBUS_SEED=1000 runs 1000 to 1004.
uint64_t first_seed() {
  const char* seed = std::getenv("REBUS_SEED");
  return seed == nullptr ? 1 : std::strtoull(seed, nullptr, 10);
}
INSTANTIATE_TEST_SUITE_P(Seeds, RandomSteps, testing::Range(first_seed(), first_seed() + 5));

}  // namespace
}  // namespace rebus::model_test
