#include "agents/support/report_page.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "agents/support/rendering.h"
#include "agents/support/utc.h"
#include "descriptor/escape.h"

namespace rebus {
namespace {

using Json = nlohmann::json;

constexpr size_t kShownFiles = 2000;     // drawn; the JSON has all
constexpr size_t kShownReasons = 200;    // of a list
constexpr size_t kShownName = 300;       // bytes of a name that are shown
constexpr size_t kShownValue = 8 << 10;  // bytes of a result that are shown
// Characters, of structured results.
constexpr size_t kLineWidth = 100, kIndent = 2, kMostIndent = 32;

constexpr std::string_view kStyle = R"(
:root{color-scheme:light dark;--bg:#fff;--fg:#1a1c1f;--mute:#5b6169;--line:#d8dce1;--card:#f5f7f9;
--found:#b3261e;--incomplete:#8a5a00;--none:#5b6169;--clean:#1b6e3a}
@media(prefers-color-scheme:dark){:root{--bg:#15171a;--fg:#e8eaed;--mute:#9aa1a9;--line:#34383e;--card:#1e2126;
--found:#ff8a80;--incomplete:#ffc766;--none:#9aa1a9;--clean:#7ddc9c}}
*{box-sizing:border-box}body{margin:0 auto;max-width:62rem;padding:1rem;background:var(--bg);color:var(--fg);
font:1rem/1.45 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.35rem;margin:.2rem 0}h2{font-size:1.05rem;margin:1.6rem 0 .4rem}p{margin:.3rem 0}
.mute{color:var(--mute)}.box{border-left:.35rem solid;background:var(--card);padding:.6rem .9rem;margin:.8rem 0}
.found{color:var(--found)}.incomplete{color:var(--incomplete)}.none{color:var(--none)}.clean{color:var(--clean)}
.box>*{color:var(--fg)}.box>strong{color:inherit;font-size:1.15rem}
ul{margin:.3rem 0;padding-left:1.2rem}ul.tree{list-style:none;padding-left:.9rem;border-left:1px solid var(--line)}
body>ul.tree{padding-left:0;border:0}summary{cursor:pointer;padding:.15rem 0}
b.v{font-weight:600;font-size:.85rem;border:1px solid;border-radius:.25rem;padding:0 .35rem;white-space:nowrap}
table{border-collapse:collapse;width:100%;font-size:.92rem}td,th{text-align:left;vertical-align:top;padding:.15rem .6rem
.15rem 0;border-top:1px solid var(--line)}th{font-weight:500;color:var(--mute);width:7.5rem}
pre{white-space:pre-wrap;background:var(--card);padding:.5rem;margin:.3rem 0;font-size:.82rem;max-height:24rem;overflow:auto}
code{font-size:.88rem}.in{margin:.2rem 0 .8rem .9rem}
)";

std::string time_words(uint64_t microseconds) {
  char text[32];
  bool is_short = microseconds < 1'000'000;
  snprintf(text, sizeof text, is_short ? "%.1f ms" : "%.1f s",
           static_cast<double>(microseconds) / (is_short ? 1e3 : 1e6));
  return text;
}

// Of kStyle.
const char* style_of(Verdict verdict) {
  return verdict == Verdict::kNotExamined ? "none" : verdict_name(verdict);
}

std::string badge(Verdict verdict) {
  return std::string("<b class=\"v ") + style_of(verdict) + "\">" + verdict_name(verdict) + "</b>";
}

std::string row(const char* what, const std::string& html) {
  return std::string("<tr><th>") + what + "</th><td>" + html + "</td></tr>\n";
}

const char* headline(const Report& report) {
  bool is_examined = std::any_of(report.files.begin(), report.files.end(),
                                 [](const ReportedFile& f) { return f.is_examined; });
  switch (is_examined ? report.verdict : Verdict::kNotExamined) {
    case Verdict::kFound:
      return "Something was found";
    case Verdict::kIncomplete:
      return "Nothing was found, but not everything was looked at";
    case Verdict::kNotExamined:
      return "Nothing that looks for malware looked at it";
    case Verdict::kClean:
      return "Everything was looked at, and nothing was found";
  }
  return "";
}

// ASCII, for people; what fits stands on one line.
std::string json_lines(const Json& json, size_t indent = 0) {
  std::string line = json.dump(-1, ' ', true, Json::error_handler_t::replace);
  if (!json.is_structured() || line.size() + indent <= kLineWidth || indent > kMostIndent) return line;
  const bool is_object = json.is_object();
  std::string text;
  for (const auto& [key, value] : json.items()) {
    text += (text.empty() ? "\n" : ",\n") + std::string(indent + kIndent, ' ');
    if (is_object) text += Json(key).dump(-1, ' ', true, Json::error_handler_t::replace) + ": ";
    text += json_lines(value, indent + kIndent);
  }
  return (is_object ? "{" : "[") + text + "\n" + std::string(indent, ' ') + (is_object ? "}" : "]");
}

// Of text without anything that escape() changes.
std::string html_of(std::string_view text) {
  std::string html;
  for (char c : text) {
    switch (c) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      case '\'':
        html += "&#39;";
        break;
      default:
        html += c;
    }
  }
  return html;
}

class Page {
 public:
  explicit Page(const Report& report) : report_(report), is_drawn_(report.files.size()) {}

  std::string draw() {
    head();
    incomplete();
    found();
    not_run();
    sandboxes();
    files();
    agents();
    out_ += "</body></html>\n";
    return std::move(out_);
  }

 private:
  static std::string name_of(const ReportedFile& file) {
    return html_text(file.names.empty() ? file.record.descriptor.label : file.names.front(), kShownName);
  }
  static std::string link_to(size_t file, const std::string& html) {
    return "<a href=\"#f" + std::to_string(file) + "\">" + html + "</a>";
  }
  std::string linked_name(size_t file) const {
    std::string name = name_of(report_.files[file]);
    return file < kShownFiles ? link_to(file, name) : name;
  }

  void head() {
    const Descriptor& note = report_.note.descriptor;
    const std::string title = html_text(note.label, kShownName) + injected();
    out_ =
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n<meta name=\"verdict\" "
        "content=\"" +
        std::string(verdict_name(report_.verdict)) +
        "\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
        "'unsafe-inline'\">\n<meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"viewport\" "
        "content=\"width=device-width, initial-scale=1\">\n<title>" +
        title + "</title>\n<style>" + std::string(kStyle) + "</style></head><body>\n<h1>" + title +
        "</h1>\n<p class=\"mute\">submission " + std::to_string(report_.submission.id) + " of domain " +
        html_text(note.domain.str()) + ", " + utc_text(note.stored_at_ns) + "</p>\n";
    out_ += "<div class=\"box " + std::string(style_of(report_.verdict)) + "\"><strong>" + headline(report_) +
            "</strong><p>" + counts() + "</p></div>\n";
  }

  // The label is the name of the first of them, or of the folder.
  std::string injected() const {
    auto count = std::count_if(report_.files.begin(), report_.files.end(),
                               [](const ReportedFile& file) { return file.is_injected; });
    return count < 2 ? "" : " (" + std::to_string(count) + " files injected)";
  }

  std::string counts() const {
    std::string text = counted(report_.files.size() + report_.left_out, "file") + ": ";
    bool is_first = true;
    for (size_t i = 0; i < kVerdicts; i++) {
      if (report_.counts[i] == 0) continue;
      text += (is_first ? "" : ", ") + std::to_string(report_.counts[i]) + " " +
              verdict_name(static_cast<Verdict>(i));
      is_first = false;
    }
    if (report_.left_out > 0) text += ", " + std::to_string(report_.left_out) + " left out";
    return text;
  }

  void incomplete() {
    if (report_.is_complete()) return;
    out_ += "<h2>Not looked at</h2>\n<ul>";
    for (const auto& why : report_.incomplete) out_ += "<li>" + html_text(why) + "</li>\n";
    if (report_.left_out > 0)
      out_ += "<li>" + counted(report_.left_out, "file") + " above the limit of this report</li>\n";
    size_t told = 0;
    for (bool is_failure : {true, false}) incomplete_files(is_failure, told);
    if (told > kShownReasons) out_ += "<li>and " + std::to_string(told - kShownReasons) + " more</li>\n";
    out_ += "</ul>\n";
  }

  // Failures before limits: what ends a parser may have been made for that.
  void incomplete_files(bool is_failure, size_t& told) {
    for (size_t i = 0; i < report_.files.size(); i++) {
      const ReportedFile& file = report_.files[i];
      for (size_t j = 0; j < file.incomplete.size(); j++) {
        if ((j < file.failures) != is_failure || told++ >= kShownReasons) continue;
        out_ += "<li>" + linked_name(i) + ": " + html_text(file.incomplete[j], 1000) + "</li>\n";
      }
    }
  }

  void found() {
    size_t all = 0;
    std::string list;
    for (size_t i = 0; i < report_.files.size(); i++) {
      for (const auto& what : report_.files[i].found) {
        if (all++ < kShownReasons)
          list +=
              "<li>" + linked_name(i) + ": <span class=\"found\">" + html_text(what, 1000) + "</span></li>\n";
      }
    }
    if (all == 0) return;
    out_ += "<h2>Found</h2>\n<ul>" + list;
    if (all > kShownReasons) out_ += "<li>and " + std::to_string(all - kShownReasons) + " more</li>\n";
    out_ += "</ul>\n";
  }

  // Looking at a program is one thing, what it does another.
  void not_run() {
    const uint64_t programs = programs_not_run(report_);
    if (programs == 0) return;
    out_ += "<h2>Not run</h2>\n<p>" + counted(programs, "program") + " for Linux: nothing is known of what " +
            (programs == 1 ? "it does" : "they do") + " when somebody starts " +
            (programs == 1 ? "it" : "them") + ".</p>\n";
  }

  void sandboxes() {
    const auto less = less_sandbox(report_);
    if (less.empty()) return;
    out_ += "<h2>Looked at in less than the whole sandbox</h2>\n<ul>";
    for (size_t i = 0; i < std::min(less.size(), kShownReasons); i++)
      out_ += "<li>" + html_text(less[i], 1000) + "</li>\n";
    if (less.size() > kShownReasons)
      out_ += "<li>and " + std::to_string(less.size() - kShownReasons) + " more</li>\n";
    out_ += "</ul>\n";
  }

  void files() {
    out_ += "<h2>Files</h2>\n";
    if (report_.files.size() > kShownFiles)
      out_ += "<p>The first " + std::to_string(kShownFiles) + "; /report/json has all.</p>\n";
    out_ += "<ul class=\"tree\">\n";
    for (size_t i = 0; i < std::min(report_.files.size(), kShownFiles); i++) {
      if (report_.files[i].is_injected && !is_drawn_[i]) file(i, name_of(report_.files[i]));
    }
    out_ += "</ul>\n";
  }

  // Nesting is limited by whoever collected it.
  void file(size_t index, const std::string& name) {
    const ReportedFile& file = report_.files[index];
    is_drawn_[index] = true;
    bool is_open = file.with_members == Verdict::kFound || file.with_members == Verdict::kIncomplete;
    out_ += "<li id=\"f" + std::to_string(index) + "\"><details" + (is_open ? " open" : "") + "><summary>" +
            badge(file.with_members) + " " + name + " <span class=\"mute\">" +
            html_text(file.record.descriptor.selector.path()) + ", " + size_words(file.record.value_size) +
            "</span></summary>\n<div class=\"in\">";
    facts(file);
    results(file);
    out_ += "</div>";
    members(file);
    out_ += "</details></li>\n";
  }

  void facts(const ReportedFile& file) {
    const Descriptor& d = file.record.descriptor;
    out_ += "<table>\n";
    if (file.verdict != file.with_members) out_ += row("without contents", badge(file.verdict));
    for (const auto& what : file.found) out_ += row("found", html_text(what, 1000));
    for (const auto& why : file.incomplete) out_ += row("not looked at", html_text(why, 1000));
    out_ += row("type", html_text(d.file_type.words, 1000));
    out_ += row("size", std::to_string(file.record.value_size) + " bytes");
    out_ += row("SHA-256", "<code>" + file.record.value_digest.hex() + "</code>");
    for (size_t i = 1; i < file.names.size(); i++) out_ += row("also", html_text(file.names[i], kShownName));
    if (file.more_names > 0) out_ += row("also", counted(file.more_names, "more name"));
    std::string by;
    for (const auto& agent : file.agents) by += (by.empty() ? "" : ", ") + html_text(agent);
    if (!by.empty()) out_ += row("handled by", by);
    if (file.is_not_run) out_ += row("run", "no");
    for (const auto& result : file.results) {
      const Descriptor& of = result.record.descriptor;
      if (result.has_verdict) out_ += row(html_text(of.agent).c_str(), html_text(result.words, 1000));
      if (!result.has_verdict && is_short(result) && result.record.value_size > 0) {
        const std::string& path = of.selector.path();
        out_ += row(html_text(path.substr(path.rfind('/') + 1)).c_str(), "<code>" + value_of(of) + "</code>");
      }
    }
    out_ += "</table>\n";
  }

  static bool is_short(const ReportedResult& result) {
    return result.record.descriptor.kind == Kind::kText && result.record.value_size <= 200;
  }

  static std::string value_of(const Descriptor& d) {
    auto shown = excerpt(d, kShownValue);
    if (!shown) return html_text(shown.error().message);
    const Json json =
        d.kind == Kind::kStructured ? Json::parse(ascii_json(shown->bytes), nullptr, false) : Json();
    if (json.is_structured()) return html_of(json_lines(json));
    std::string text;
    for (size_t begin = 0; begin <= shown->bytes.size();) {  // line by line: html_text() escapes their ends
      size_t end = std::min(shown->bytes.find('\n', begin), shown->bytes.size());
      text += html_text(shown->bytes.substr(begin, end - begin), kShownValue) +
              (end < shown->bytes.size() ? "\n" : "");
      begin = end + 1;
    }
    return text + (shown->is_cut ? "…" : "");
  }

  void results(const ReportedFile& file) {
    for (const auto& result : file.results) {
      const Descriptor& d = result.record.descriptor;
      if (!result.has_verdict && is_short(result)) continue;
      if (d.selector.path().starts_with("/link/")) continue;
      out_ += "<details><summary><code>" + html_text(d.selector.path()) + "</code> <span class=\"mute\">" +
              html_text(d.agent) + ", " + size_words(result.record.value_size) + ", " +
              time_words(d.processing_time_us) + "</span></summary><pre>" + value_of(d) +
              "</pre></details>\n";
    }
  }

  void members(const ReportedFile& file) {
    if (file.members.empty()) return;
    out_ += "<ul class=\"tree\">\n";
    size_t unseen = 0;
    for (const auto& member : file.members) {
      if (member.file >= kShownFiles) {
        unseen++;
      } else if (is_drawn_[member.file]) {
        out_ += "<li>" + badge(report_.files[member.file].with_members) + " " +
                link_to(member.file, html_text(member.name, kShownName)) +
                " <span class=\"mute\">(shown above)</span></li>\n";
      } else {
        this->file(member.file, html_text(member.name, kShownName));
      }
    }
    if (unseen > 0) out_ += "<li class=\"mute\">" + counted(unseen, "more file") + ", in /report/json</li>\n";
    out_ += "</ul>";
  }

  void agents() {
    if (report_.agents.empty()) return;
    out_ += "<h2>Who worked on it</h2>\n<table><tr><th>agent</th><th>results</th><th>time</th></tr>\n";
    for (const auto& [agent, work] : report_.agents) {
      out_ += "<tr><td>" + html_text(agent) + "</td><td>" + std::to_string(work.results) + "</td><td>" +
              time_words(work.time_us) + "</td></tr>\n";
    }
    out_ += "</table>\n";
  }

  const Report& report_;
  std::vector<bool> is_drawn_;
  std::string out_;
};

}  // namespace

std::string html_text(std::string_view bytes, size_t most) {
  std::string cut;
  if (bytes.size() > most) {
    cut = std::string(bytes.substr(0, most / 2)) + " … " + std::string(bytes.substr(bytes.size() - most / 2));
    bytes = cut;
  }
  return html_of(escape(bytes));
}

std::string report_page(const Report& report) { return Page(report).draw(); }

}  // namespace rebus
