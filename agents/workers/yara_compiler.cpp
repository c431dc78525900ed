#include "agents/workers/yara_compiler.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>

#include "agents/workers/yara_library.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kCompiledBegin = "YARA";
constexpr size_t kMostErrors = 5;  // that are told

struct FreeCompiler {
  void operator()(YR_COMPILER* compiler) const { yr_compiler_destroy(compiler); }
};
struct CloseFile {
  void operator()(FILE* file) const { std::fclose(file); }
};

Error wrong(const std::string& path, const std::string& why) {
  return {Code::kInvalid, "the YARA rules in " + path + " cannot be used: " + why};
}

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  return file.is_open() && !file.bad() ? std::optional(std::move(bytes)) : std::nullopt;
}

bool is_rules_name(const fs::path& path) {
  const auto suffix = path.extension();
  return suffix == ".yar" || suffix == ".yara" || suffix == ".yarc";
}

Error library_error(int number) {
  if (number == ERROR_INSUFFICIENT_MEMORY)
    return {Code::kInvalid, "there is not memory enough for the rules"};
  return {Code::kInvalid, "YARA gave its error " + std::to_string(number)};
}

// As `yara -d` takes them.
int define(YR_COMPILER* compiler, const RuleVariable& variable) {
  const char* name = variable.name.c_str();
  const std::string& text = variable.text;
  if (text == "true" || text == "false")
    return yr_compiler_define_boolean_variable(compiler, name, text == "true" ? 1 : 0);
  const char* end = text.data() + text.size();
  int64_t whole = 0;
  if (auto read = std::from_chars(text.data(), end, whole); read.ec == std::errc() && read.ptr == end)
    return yr_compiler_define_integer_variable(compiler, name, whole);
  double number = 0;
  bool is_number = text.find_first_not_of("-0123456789.") == text.npos;
  if (auto read = std::from_chars(text.data(), end, number);
      is_number && read.ec == std::errc() && read.ptr == end)
    return yr_compiler_define_float_variable(compiler, name, number);
  return yr_compiler_define_string_variable(compiler, name, text.c_str());
}

}  // namespace

// All texts are compiled as one set.
struct YaraCompiler::Texts {
  explicit Texts(Sha256& reads) : read(reads) {}
  static void note_error(int level, const char*, int line, const YR_RULE*, const char* message, void* self) {
    if (level != YARA_ERROR_LEVEL_ERROR) return;
    auto& texts = *static_cast<Texts*>(self);
    if (++texts.error_count > kMostErrors) return;
    texts.errors += (texts.errors.empty() ? "" : "; ") + texts.current().string() + ":" +
                    std::to_string(line) + ": " + message;
  }
  // Beside the file that includes it. YARA knows names as they are written.
  static const char* include(const char* name, const char*, const char*, void* self) {
    auto& texts = *static_cast<Texts*>(self);
    fs::path path = texts.current().parent_path() / name;
    auto text = read_file(path);
    if (!text) return nullptr;
    texts.read.update(as_bytes(*text));
    texts.paths.resize(texts.depth());
    texts.paths.push_back(std::move(path));
    return strdup(text->c_str());
  }
  // How many files include each other here; the first is none that is included.
  size_t depth() const { return static_cast<size_t>(std::max(compiler->file_name_stack_ptr, 1)); }
  const fs::path& current() const { return paths[std::min(depth(), paths.size()) - 1]; }
  static void free_include(const char* text, void*) { std::free(const_cast<char*>(text)); }

  Sha256& read;
  std::vector<fs::path>
      paths;  // of a file that is compiled, and of those that it is in the middle of including
  std::unique_ptr<YR_COMPILER, FreeCompiler> compiler;
  std::string errors;
  size_t error_count = 0;
};

Result<RuleSource> YaraCompiler::compile(const std::vector<std::string>& places,
                                         const std::vector<RuleVariable>& variables) {
  variables_ = variables;
  auto files = files_of(places);
  if (!files) return files.error();
  auto added = add_texts(*files);
  if (!added) return added.error();
  if (rules_ == 0) return Error{Code::kInvalid, "there is not one YARA rule in what --rules names"};
  return RuleSource{read_.finish().hex(), rules_, YR_VERSION, {}};
}

Result<std::vector<YaraCompiler::Place>> YaraCompiler::files_of(
    const std::vector<std::string>& places) const {
  std::vector<Place> files;
  for (const std::string& place : places) {
    std::error_code error;
    if (!fs::is_directory(place, error)) {
      files.push_back({place, fs::path(place).filename()});
      continue;
    }
    std::vector<Place> found;
    for (fs::recursive_directory_iterator each(place, error), end; !error && each != end;
         each.increment(error))
      if (is_rules_name(each->path()) && each->is_regular_file(error))
        found.push_back({each->path(), each->path().lexically_relative(place)});
    if (error) return wrong(place, error.message());
    if (found.empty()) return wrong(place, "no name in this folder ends in .yar, .yara or .yarc");
    std::sort(found.begin(), found.end(), [](const Place& a, const Place& b) { return a.path < b.path; });
    files.insert(files.end(), found.begin(), found.end());
  }
  return files;
}

Result<void> YaraCompiler::add_texts(const std::vector<Place>& files) {
  Texts texts(read_);
  for (const Place& file : files) {
    auto bytes = read_file(file.path);
    if (!bytes) return wrong(file.path, std::strerror(errno));
    read_.update(as_bytes(*bytes));
    bool is_compiled = bytes->starts_with(kCompiledBegin);
    auto added = is_compiled ? add_compiled(file, *bytes) : add_text(texts, file, *bytes);
    if (!added) return added;
  }
  if (!texts.compiler) return {};
  YR_RULES* made = nullptr;
  int error = yr_compiler_get_rules(texts.compiler.get(), &made);
  if (error != ERROR_SUCCESS) return library_error(error);
  LoadedRules rules(made);
  std::string set;
  error = save_yara_rules(*rules, set);
  if (error != ERROR_SUCCESS) return library_error(error);
  rules_ += rules->num_rules;
  append(set);
  return {};
}

Result<void> YaraCompiler::add_text(Texts& texts, const Place& file, const std::string& text) {
  if (!texts.compiler) {
    YR_COMPILER* made = nullptr;
    int error = yr_compiler_create(&made);
    if (error != ERROR_SUCCESS) return library_error(error);
    texts.compiler.reset(made);
    yr_compiler_set_callback(made, Texts::note_error, &texts);
    yr_compiler_set_include_callback(made, Texts::include, Texts::free_include, &texts);
    for (const RuleVariable& variable : variables_) {
      error = define(made, variable);
      if (error != ERROR_SUCCESS) return library_error(error);
    }
  }
  std::unique_ptr<FILE, CloseFile> opened(fmemopen(const_cast<char*>(text.data()), text.size(), "r"));
  if (text.empty()) return {};
  texts.paths = {file.path};
  if (!opened) return wrong(file.path, std::strerror(errno));
  int errors = yr_compiler_add_file(texts.compiler.get(), opened.get(), file.name.c_str(), file.path.c_str());
  if (errors == 0) return {};
  return Error{Code::kInvalid, "the YARA rules cannot be used: " + texts.errors};
}

Result<void> YaraCompiler::add_compiled(const Place& file, const std::string& bytes) {
  LoadedRules rules;
  int error = load_yara_rules(bytes, rules);
  if (error == ERROR_UNSUPPORTED_FILE_VERSION)
    return wrong(file.path, "they were compiled by another version than " YR_VERSION ": give their text");
  if (error != ERROR_SUCCESS) return wrong(file.path, "they were compiled, and are damaged");
  rules_ += rules->num_rules;
  append(bytes);
  return {};
}

void YaraCompiler::append(const std::string& set) {
  const uint64_t size = set.size();
  compiled_.append(reinterpret_cast<const char*>(&size), sizeof(size)).append(set);
}

}  // namespace rebus
