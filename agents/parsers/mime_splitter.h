// MimeSplitter: the parts of a mail, as places in its bytes (RFC 2045, 2046).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agents/parsers/line_scanner.h"

namespace rebus {

// Multiparts in multiparts; deeper ones stay in one piece, which is told.
inline constexpr size_t kMostMimeLevels = 64;

// The header fields that begin a mail or a part.
class MimeHeader {
 public:
  struct Field {
    std::string name;   // as it stands there
    std::string value;  // unfolded, not decoded; any bytes
  };
  void add_line(std::string_view line);
  const std::vector<Field>& fields() const { return fields_; }
  // The first of that name, in any case; "" if there is none.
  std::string value(std::string_view name) const;
  // Whether another of that name says something else.
  bool is_ambiguous(std::string_view name) const;
  bool is_cut() const { return is_cut_; }

 private:
  std::vector<Field> fields_;
  size_t bytes_ = 0;
  bool is_cut_ = false;
};

struct MimeType {
  std::string type;      // "text/html", in small letters
  std::string boundary;  // of a multipart
};

// One pass; memory does not grow with the mail.
class MimeSplitter {
 public:
  // Tells of a Content-Type what it says.
  using TypeOf = MimeType (*)(const std::string& content_type);
  MimeSplitter(Value value, TypeOf type_of);

  struct Part {
    enum class Place : uint8_t { kBody, kPreamble, kEpilogue };
    Place place = Place::kBody;
    MimeHeader header;
    std::string type;
    uint64_t begin = 0, end = 0;  // of its bytes, as they are encoded
  };
  // The next part that is no multipart; nothing at the end. What stands before or behind the parts of a
  // multipart is one, too, if it is more than blanks.
  Result<std::optional<Part>> next();
  // Of the mail itself, once next() was called.
  const MimeHeader& header() const { return mail_header_; }
  // Whether a multipart has no end.
  bool ended_early() const { return ended_early_; }
  // What was wrong since the last call.
  std::string take_damage();

 private:
  enum class State : uint8_t { kHeader, kBody, kPreamble, kEpilogue, kEnd };
  Result<Part> read_header();
  Result<void> read_body(Part& part);
  void enter(Part& part);
  // Whether this is a boundary; then the state is what comes after it.
  bool take_boundary(const LineScanner::Line& line);
  void note(const char* damage);
  static bool is_blank(const std::string& text);

  Value value_;
  LineScanner lines_;
  TypeOf type_of_;
  State state_ = State::kHeader;
  std::vector<std::string> boundaries_;
  MimeHeader mail_header_;
  bool has_mail_header_ = false;
  bool ended_early_ = false;
  std::string damage_;
};

}  // namespace rebus
