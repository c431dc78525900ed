// Descriptor: one immutable piece of data on the bus, and how its identity is made.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "descriptor/selector.h"
#include "descriptor/uuid.h"
#include "descriptor/value.h"

namespace rebus {

// What the bytes of a value are. Numbers are on disk and wire.
enum class Kind : uint8_t {
  kRaw = 0,
  kText = 1,        // valid UTF-8
  kStructured = 2,  // JSON text: UTF-8, sorted keys, integers and strings
};

// What libmagic said of an object, asked once when it entered the bus. Hostile text: escape before showing.
struct FileType {
  std::string words;     // the very words of `file -b`
  std::string mime;      // e.g. "application/x-pie-executable"
  std::string encoding;  // e.g. "binary", "us-ascii"
  bool operator==(const FileType&) const = default;
  template <class A>
  void fields(A& a) {
    a(1, words), a(2, mime), a(3, encoding);
  }
};

// The longest label kept, in bytes; longer ones are cut by whoever makes them.
inline constexpr size_t kMaxLabel = 4096;
inline constexpr size_t kMaxPrecursors = 1024;
// Type path of the descriptor that stands for one injection; it is no analysed object.
inline constexpr std::string_view kSubmissionPath = "/submission";
// Type paths below it tell what was not examined, and why.
inline constexpr std::string_view kLimitPath = "/limit";

struct Descriptor {
  Domain domain;
  Selector selector;  // type path and identity
  std::string label;  // what a person calls it; any bytes
  Uuid uuid;
  std::string agent;                 // name of the producer
  std::vector<Selector> precursors;  // parents; none: an object
  uint32_t version = 0;
  Kind kind = Kind::kRaw;
  uint64_t processing_time_us = 0;
  std::string salt;  // of an object injected anew although its bytes are known; else empty
  FileType file_type;
  int64_t stored_at_ns = 0;      // UTC, since 1970, set by the master
  std::string producer_version;  // of the agent
  std::string host;              // of the producer
  // In which it looked at hostile bytes: its layers; "no landlock" for one that is missing, "none" alone
  // without any. Nothing: it says nothing of it. No part of the identity: hosts may differ.
  std::vector<std::string> sandbox;
  Value value;

  // Without parents and not the note of an injection: something to analyse.
  bool is_object() const { return precursors.empty() && selector.path() != kSubmissionPath; }

  template <class A>
  void fields(A& a) {  // everything but the value
    a(1, domain), a(2, selector), a(3, label), a(4, uuid), a(5, agent), a(6, precursors), a(7, version);
    a(8, kind), a(9, processing_time_us), a(10, salt), a(11, file_type), a(12, stored_at_ns);
    a(13, producer_version), a(14, host), a(15, sandbox);
  }
};

// Identities, byte by byte: docs/protocol.md, "Identities".
// Of an object: the SHA-256 of the value; with a salt, of a tag, the value's SHA-256 and the salt.
Digest object_id(const Digest& value, std::string_view salt);
// Of a result: over value, producing agent, its own type path and the parents' selectors, in order.
Digest result_id(std::string_view path, std::string_view agent, const std::vector<Selector>& precursors,
                 const Digest& value);
// The identity that `d` must have; the master compares.
Digest identity(const Descriptor& d);

// Each of these makes a descriptor with its identity computed. `path` must satisfy is_type_path().

// A file: no parents, its own uuid. A non-empty `salt` (16 random bytes) forces a new analysis of known
// bytes.
Descriptor make_object(const Domain& domain, std::string path, std::string label, Value value,
                       std::string agent, std::string salt = {});
// A result from `parent`, in its domain and uuid, with its label.
Descriptor make_child(const Descriptor& parent, std::string agent, std::string path, Value value,
                      Kind kind = Kind::kRaw);
// The next version of `old`, which came to be because of `parent`.
Descriptor make_new_version(const Descriptor& old, const Descriptor& parent, std::string agent, Value value);

struct LinkReason {
  std::string type;       // e.g. "unarchived"; a component of a type path
  std::string reason;     // words for people
  bool symmetric = true;  // else the first descriptor is the source, the second the target
};
// The pair /link/<agent>/<type>, one in each uuid.
std::pair<Descriptor, Descriptor> make_links(const Descriptor& from, const Descriptor& to,
                                             const std::string& agent, const LinkReason& reason);

// 16 bytes from the system's generator.
std::string random_salt();

}  // namespace rebus
