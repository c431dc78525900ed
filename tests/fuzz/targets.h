// What is fuzzed: each takes any bytes and aborts if a law is broken.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "agents/parsers/elf_imports.h"
#include "agents/parsers/pe_imports.h"
#include "agents/support/strace/trace_reader.h"
#include "agents/support/strace/trace_summary.h"
#include "bus/codec.h"
#include "descriptor/escape.h"
#include "descriptor/pack.h"
#include "descriptor/selector.h"

namespace rebus {

inline void must(bool law, const char* words) {
  if (law) return;
  std::fprintf(stderr, "broken: %s\n", words);
  std::abort();
}

// What was understood can be said, and is understood in the same way.
inline void check_message(const Message& message) {
  auto once = encode(message);
  if (!once) return;  // values that did not come along
  seal_frame(*once, {});
  auto frame = open_frame(*once);
  must(frame.ok(), "an encoded message is a frame");
  auto back = decode(*frame);
  must(back.ok(), back ? "" : back.error().message.c_str());
  auto twice = encode(*back);
  must(twice.ok(), "a decoded message can be encoded");
  seal_frame(*twice, {});
  must(*once == *twice, "a message stays what it is");
}

inline void fuzz_frame(std::string_view bytes) {
  auto frame = open_frame(bytes);
  if (!frame) return;
  auto message = decode(*frame);
  if (message) check_message(*message);
}

// As fuzz_frame, but lengths and checksum are put right: who attacks knows how to compute them.
inline void fuzz_message(std::string_view bytes) {
  auto header = peek_header(bytes);
  if (!header) return;
  std::string_view rest = bytes.substr(kFrameHeader);
  size_t body = std::min<size_t>(header->body_size, rest.size());
  header->version = kProtocolVersion;
  std::string frame = make_frame(*header, rest.substr(0, body), rest.substr(body));
  seal_frame(frame, header->session);
  fuzz_frame(frame);
}

template <class T>
void fuzz_pack_of(std::string_view bytes) {
  auto structure = unpack<T>(bytes);
  if (!structure) return;
  std::string packed = pack(*structure);
  auto back = unpack<T>(packed);
  must(back.ok(), "a packed structure can be unpacked");
  must(pack(*back) == packed, "a structure stays what it is");
}

inline void fuzz_pack(std::string_view bytes) {
  fuzz_pack_of<Record>(bytes);
  fuzz_pack_of<Origin>(bytes);
  fuzz_pack_of<Submission>(bytes);
  fuzz_pack_of<Consumer>(bytes);
  fuzz_pack_of<Hello>(bytes);
}

inline void fuzz_selector(std::string_view text) {
  (void)Domain::parse(text);
  (void)Uuid::parse(text);
  (void)Digest::parse(text);
  auto selector = Selector::parse(text);
  if (!selector) return;
  must(is_type_path(selector->path()), "a selector has a type path");
  auto again = Selector::parse(selector->str());
  must(again.ok() && *again == *selector, "the canonical text of a selector is that selector");
}

inline void fuzz_escape(std::string_view bytes) {
  std::string escaped = escape(bytes);
  must(is_utf8(escaped), "escaped text is UTF-8");
  must(escaped.find('\n') == std::string::npos && escaped.find('\x1b') == std::string::npos,
       "it is harmless");
  must(unescape(escaped) == bytes, "escaping is reversible");
  (void)unescape(bytes);
}

// Within the bounds of what was given, and of memory.
inline void fuzz_imports(std::string_view bytes) {
  Value value = Value::of(std::string(bytes));
  auto libraries = read_pe_imports(value);
  auto symbols = read_elf_imports(value);
  must(!libraries || !symbols || !*libraries || !*symbols, "no file is both PE and ELF");
}

// Everything that a trace tells, as text.
inline std::string told_of_trace(std::string_view trace, size_t piece) {
  std::string told;
  TraceSummary summary;
  TraceReader reader("/input/sample", [&](const TraceEvent& event) {
    summary.add(event);
    told += event.json() + "\n";
  });
  for (size_t at = 0; at < trace.size(); at += piece) reader.read(trace.substr(at, piece));
  reader.end();
  JsonObject object;
  summary.write_to(object);
  object.add("gaps", summary.gaps());
  return told + object.str();
}

inline void fuzz_trace(std::string_view trace) {
  std::string whole = told_of_trace(trace, std::max<size_t>(1, trace.size()));
  must(whole == told_of_trace(trace, 7), "it does not count in what pieces a trace comes");
  must(is_utf8(whole), "what is told is UTF-8");
  must(whole.find('\x1b') == whole.npos && whole.find('\0') == whole.npos, "it is harmless");
}

}  // namespace rebus
