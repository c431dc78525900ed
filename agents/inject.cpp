// inject: files of this host enter the bus as objects.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "agents/support/file_list.h"
#include "agents/support/file_type.h"
#include "agents/support/file_walk.h"
#include "agents/support/inject_choices.h"
#include "agents/support/injected_file.h"
#include "agents/support/sandbox/told_layers.h"
#include "agents/support/submission_note.h"
#include "agents/support/type_path.h"
#include "agents/support/type_queue.h"
#include "agents/support/utf8_check.h"
#include "bus/agent.h"
#include "bus/submission_review.h"
#include "descriptor/escape.h"
#include "descriptor/json.h"

namespace rebus {
namespace {

constexpr uint64_t kProgressEvery = 100;  // files
constexpr size_t kMostMissed = 100;       // told by name

class Inject final : public Agent {
 public:
  explicit Inject(const Setting& setting)
      : setting_(setting),
        arguments_(setting.options.arguments()),
        choices_(InjectChoices::read(setting.options)) {}

  Result<void> run(Bus& bus) override {
    if (!choices_) return choices_.error();
    bus_ = &bus;
    auto opened = open_submission();
    if (!opened) return opened;
    auto injected = inject_all();
    if (injected) injected = types_.finish();
    if (injected) injected = tell_missed();
    if (!injected) return injected;
    auto closed = bus.close_submission(submission_);
    if (!closed) return closed;
    if (broken_) return *broken_;
    return choices_->waits && setting_.networked ? wait() : Result<void>();
  }

 private:
  // --- the submission ---

  std::string first_name() const {
    if (choices_->label) return *choices_->label;
    const std::string& first = arguments_.empty() ? *choices_->files_from : arguments_.front();
    return first == "-" ? "stdin" : base_name(first);
  }

  Result<void> open_submission() {
    std::string path = arguments_.empty() ? *choices_->files_from : arguments_.front();
    note_ = make_submission_note(setting_.domain, first_name(), path, "inject");
    auto opened = bus_->open_submission(note_, choices_->lane);
    if (!opened) return opened.error();
    submission_ = *opened;
    setting_.out.submitted(submission_);
    if (setting_.networked) say_submission();
    return {};
  }

  void say_submission() {
    setting_.out.note("submission " + std::to_string(submission_));
    if (setting_.output_format != "json") return;
    setting_.out.write(JsonObject{}.add("submission", submission_).str() + "\n");
  }

  Result<void> wait() {
    auto working = is_anybody_working();
    if (!working) return working.error();
    if (!*working) {
      setting_.out.note(
          "no agent is connected that would take anything: it is stored, and waits for agents to come");
    }
    bus_->on_held([this](const std::vector<std::string>& agents) {
      for (const std::string& agent : agents) {
        setting_.out.note("waiting for " + escape(agent) + ", which is paused: `rebus_admin resume " +
                          escape(agent) + "` lets it go on");
      }
    });
    auto status = bus_->submission(submission_, true, choices_->timeout);
    bool is_over = !status && status.error().code == Code::kUnavailable && choices_->timeout;
    if (is_over) status = bus_->submission(submission_);  // how far it is
    if (!status) return status.error();
    const Submission& done = status->submission;
    if (!status->complete) {
      setting_.out.note("submission " + std::to_string(submission_) +
                        " is not complete yet: --timeout is over");
    }
    auto reviewed = review(*status);
    if (!reviewed) return reviewed;
    bool is_whole = status->complete && !done.cancelled && done.failures + done.limits == 0;
    if (!is_whole || !status->gone.empty()) setting_.out.incomplete();
    say_end(*status);
    return {};
  }

  // Files that were known may have failed for whoever brought them first.
  Result<void> review(SubmissionStatus& status) {
    if (!status.complete || status.known_failures + status.known_limits == 0) return {};
    Submission& done = status.submission;
    done.failures = done.limits = 0;
    auto count = [](uint64_t& counter) { return ++counter, true; };  // goes on to the next
    SubmissionReview whole(
        *bus_, [&](const Record&, const NamedMark&) { return count(done.failures); },
        [&](const Record&) { return count(done.limits); });
    return whole.run(submission_);
  }

  Result<bool> is_anybody_working() {
    auto status = bus_->status();
    if (!status) return status.error();
    return std::any_of(status->consumers.begin(), status->consumers.end(),
                       [](const ConsumerStatus& known) { return known.instances > 0; });
  }

  void say_end(const SubmissionStatus& status) {
    const Submission& done = status.submission;
    for (const std::string& agent : status.gone) {
      setting_.out.note(escape(agent) +
                        " ended without finishing its work, and did not come back: start it again");
    }
    if (setting_.output_format == "json") {
      JsonObject json;
      json.add("cancelled", uint64_t{done.cancelled}).add("complete", uint64_t{status.complete});
      json.add("failures", done.failures).add("files", done.files);
      json.add("gone", status.gone);
      json.add("limits", done.limits).add("results", done.results).add("roots", done.roots);
      setting_.out.write(json.add("submission", submission_).str() + "\n");
    } else if (done.cancelled) {
      setting_.out.note("submission " + std::to_string(submission_) + " was cancelled");
    } else if (status.complete) {
      setting_.out.note("submission " + std::to_string(submission_) +
                        (status.gone.empty() ? " is complete: " : " is complete but for that: ") +
                        counted(done.roots, "file") + " injected, " + std::to_string(done.files) +
                        " extracted, " + counted(done.results, "result") + ", " +
                        counted(done.failures, "failure") + ", " + counted(done.limits, "limit"));
    }
  }

  // --- the files ---

  Result<void> inject_all() {
    for (const std::string& argument : arguments_) {
      auto injected = argument == "-" ? inject_standard_input() : inject_named(argument);
      if (!injected) return injected;
    }
    return choices_->files_from ? inject_list(*choices_->files_from) : Result<void>();
  }

  Result<void> inject_list(const std::string& list) {
    auto names = FileList::open(list);
    if (!names) {
      complain(list, names.error());
      return {};
    }
    while (auto name = next_name(*names)) {
      if (name->find('\n') != std::string::npos && access(name->c_str(), F_OK) != 0) {
        complain(list, {Code::kUnreadable, "names in it end with a NUL byte, as `find -print0` writes them"});
        continue;
      }
      auto injected = inject_named(*name);
      if (!injected) return injected;
    }
    return {};
  }

  // Nothing that was taken waits for names that somebody has yet to write.
  std::optional<std::string> next_name(FileList& names) {
    auto finished = names.is_waiting() ? types_.finish() : Result<void>();
    if (!finished) broken_ = finished.error();
    return finished ? names.next() : std::nullopt;
  }

  Result<void> inject_standard_input() {
    auto finished = types_.finish();
    if (!finished) return finished;
    InputFile input = InputFile::standard_input();
    return inject_file(input, "-", "stdin");
  }

  // An Error ends the run; what concerns only this file is told and skipped.
  Result<void> inject_named(const std::string& name) {
    auto file = InputFile::open(AT_FDCWD, name, InputFile::Links::kFollow, choices_->devices);
    if (!file) {
      complain(name, file.error());
      return {};
    }
    if (file->sort() == FileSort::kDirectory) return inject_directory(*file, name);
    return inject_file(*file, name, base_name(name));
  }

  Result<void> inject_directory(const InputFile& directory, const std::string& name) {
    if (!choices_->recursive) {
      complain(name, {Code::kUnreadable, "is a directory; --recursive takes the files in it"});
      return {};
    }
    std::string base = base_name(name), given_name = trimmed(name);
    FileWalk walk(
        [&](InputFile& file, const std::string& inside) {
          std::string path = given_name + inside.substr(base.size());
          return inject_file(file, path, base.empty() ? inside.substr(1) : inside);
        },
        [&](const std::string& inside, const Error& error) {
          complain(given_name + inside.substr(base.size()), error);
        });
    auto walked = walk.walk(directory, base);
    tell_skipped(name, walk.skipped());
    return walked;
  }

  void tell_skipped(const std::string& name, const SkippedSorts& skipped) {
    for (const auto& [sort, count] : skipped) {
      setting_.out.note("in " + escape(name) + ": " + std::to_string(count) + " " + file_sort_name(sort) +
                        (count == 1 ? "" : "s") + " left out");
    }
  }

  Result<void> inject_file(InputFile& file, const std::string& name, const std::string& label) {
    auto writer = bus_->new_value();
    auto read = file.read_into(*writer, [&] { return bus_->gone(); });
    if (!read) return failed(name, read.error());
    auto value = writer->seal();
    if (!value) return value.error();
    return inject_value(*value, name, choices_->label.value_or(label));
  }

  Result<void> inject_value(const Value& value, const std::string& name, const std::string& label) {
    if (choices_->printable) {
      auto is_text = is_utf8_value(value);
      if (!is_text) return is_text.error();
      if (!*is_text)
        return failed(name, {Code::kUnreadable, "is not UTF-8 text, which --printable asks for"});
    }
    return types_.ask(value, [this, value, name, label](Result<FileType> type) {
      return type ? inject_typed(*std::move(type), value, name, label) : type.error();
    });
  }

  Result<void> inject_typed(FileType type, const Value& value, const std::string& name,
                            const std::string& label) {
    auto item = make_injected({setting_.domain, "inject", value, label, count_, choices_->selector,
                               choices_->random_hash ? random_salt() : std::string()},
                              std::move(type));
    if (!item) return item.error();
    if (choices_->printable) item->descriptor.kind = Kind::kText;
    if (choices_->uuid) item->descriptor.uuid = *choices_->uuid;
    return push(*std::move(item), name);
  }

  Result<void> push(NewDescriptor item, const std::string& name) {
    count_++;
    bytes_ += item.descriptor.value.size();
    if (count_ % kProgressEvery == 0) show_progress();
    auto pushed = bus_->push(std::move(item), submission_, [this, name](const Result<Pushed>& answer) {
      if (!answer) refused(name, answer.error());
    });
    if (!pushed) return pushed;
    return broken_ ? Result<void>(*broken_) : Result<void>();
  }

  void show_progress() {
    setting_.out.progress("injected " + std::to_string(count_) + " files, " + std::to_string(bytes_ >> 20) +
                          " MiB");
  }

  // --- what goes wrong ---

  // Only this file, or everything?
  Result<void> failed(const std::string& name, const Error& error) {
    if (error.code != Code::kUnreadable) return error;
    complain(name, error);
    return {};
  }

  // The bus took everything but this one, or it is the bus that fails.
  void refused(const std::string& name, const Error& error) {
    if (!concerns_one_file(error.code)) {
      broken_ = error;
      return;
    }
    setting_.out.note("not injected: " + escape(name) + ": " + error.message);
    add_missed(name, error);
    setting_.out.incomplete();
  }

  void complain(const std::string& name, const Error& error) {
    setting_.out.input_failed();
    if (find_agent(name) != nullptr && access(name.c_str(), F_OK) != 0) {
      setting_.out.note("no file '" + escape(name) + "': did you mean `-- " + escape(name) + "`?");
    } else {
      setting_.out.note("cannot inject " + escape(name) + ": " + error.message);
    }
    add_missed(name, error);
  }

  void add_missed(const std::string& name, const Error& error) {
    missed_count_++;
    if (missed_.size() < kMostMissed)
      missed_.push_back(name.substr(0, kMaxLabel) + ": " + unescape(error.message));
  }

  // Beside the files: who reads what came of them must know that there were more.
  Result<void> tell_missed() {
    auto answered = bus_->flush();  // to pushes, which may have been refused
    if (!answered || broken_ || missed_count_ == 0) return broken_ ? Result<void>(*broken_) : answered;
    JsonObject json;
    json.add("count", missed_count_)
        .add("members", missed_)
        .add("reason", "failed to read, or not taken in by the bus");
    NewDescriptor item;
    item.descriptor =
        make_child(note_, "inject", std::string(kUnreadPath), Value::of(json.str()), Kind::kStructured);
    auto pushed = bus_->push(std::move(item), submission_, [this](const Result<Pushed>& answer) {
      if (!answer) refused(std::string(kUnreadPath), answer.error());
    });
    if (pushed) pushed = bus_->flush();
    return broken_ ? Result<void>(*broken_) : pushed;
  }

  Setting setting_;
  std::vector<std::string> arguments_;
  Result<InjectChoices> choices_;
  Bus* bus_ = nullptr;
  SubmissionId submission_ = 0;
  TypeQueue types_;
  Descriptor note_;
  uint64_t count_ = 0;
  uint64_t bytes_ = 0;
  std::vector<std::string> missed_;  // "NAME: why", of files that did not come in
  uint64_t missed_count_ = 0;
  std::optional<Error> broken_;  // of the bus, told by the answer to a push
};

}  // namespace

extern const AgentSpec inject_agent;
const AgentSpec inject_agent = {
    .name = "inject",
    .summary = "files of this host enter the bus",
    .help =
        "Reads each file once, lets libmagic tell its type, and pushes it as an object labelled with its "
        "name. A file\n"
        "that cannot be read is named on standard error and in /inject/unread (a result of the "
        "submission),\n"
        "and skipped (exit code 1). - is standard input. The list of files ends with --.\n"
        "\n"
        "Names given are followed if they are symbolic links; in directories (--recursive) links, pipes and "
        "devices\n"
        "are left out. Files found there are labelled with their path from the directory named: "
        "samples/a/b.exe.\n"
        "\n"
        "  rebus_agent hasher unarchive inject apt1.tgz -- return --short md5_hash\n"
        "  find / -name '*.exe' -print0 | rebus_agent hasher inject --files-from - -- return --short "
        "md5_hash\n"
        "  curl -s URL | rebus_agent file_id inject --label page - -- return --short file_id",
    .role = Role::kProducer,
    .yields = file_type_paths({std::string(kUnreadPath)}),
    .options = inject_options(),
    .arguments = {.metavar = "FILES",
                  .help = "files to inject; - is standard input",
                  .max = ArgumentsSpec::kMany},
    .make = [](const Setting& setting) -> std::unique_ptr<Agent> {
      return std::make_unique<Inject>(setting);
    },
    .declare = [](const Options& options, Hello& hello) -> Result<void> {
      auto choices = InjectChoices::read(options);
      if (!choices) return choices.error();
      if (!choices->selector.empty()) hello.yields = {choices->selector, std::string(kUnreadPath)};
      return tell_sandbox(hello, check_file_type_database());
    },
};

}  // namespace rebus
