#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "bus/codec.h"
#include "descriptor/pack.h"
#include "tests/support/scratch_folder.h"

// docs/protocol.md against the code: each message and structure has its section, and each section has exactly
// the keys that fields() has, with their types.
namespace rebus::protocol_doc_test {
namespace {

std::string page() { return file_bytes(REBUS_SOURCE "/docs/protocol.md"); }

// A section's rows "| key | field | type | …": type by key. The first table only.
using Rows = std::map<uint64_t, std::string>;

std::vector<std::string> cells_of(const std::string& row) {
  std::vector<std::string> cells;
  std::istringstream in(row);
  for (std::string cell; std::getline(in, cell, '|');) {
    size_t first = cell.find_first_not_of(' '), last = cell.find_last_not_of(' ');
    cells.push_back(first == std::string::npos ? "" : cell.substr(first, last - first + 1));
  }
  return cells;
}

std::optional<Rows> documented(const std::string& heading) {
  const std::string text = page();
  size_t start = text.find("\n### " + heading + "\n");
  if (start == std::string::npos) return std::nullopt;
  std::istringstream in(text.substr(start + 1));
  Rows rows;
  std::string line;
  std::getline(in, line);
  for (bool in_table = false; std::getline(in, line) && !line.starts_with('#');) {
    if (in_table && !line.starts_with('|')) break;
    if (line.starts_with("| key |")) in_table = true;
    if (!in_table || !isdigit(line[2])) continue;
    auto cells = cells_of(line);
    rows[std::stoull(cells[1])] = cells[3];
  }
  return rows;
}

// Names of structures: a new one that is not here does not compile.
std::string name_of(const Descriptor&) { return "Descriptor"; }
std::string name_of(const FileType&) { return "FileType"; }
std::string name_of(const NewDescriptor&) { return "NewDescriptor"; }
std::string name_of(const OriginClaim&) { return "OriginClaim"; }
std::string name_of(const Record&) { return "Record"; }
std::string name_of(const PathCount&) { return "PathCount"; }
std::string name_of(const Origin&) { return "Origin"; }
std::string name_of(const NamedMark&) { return "NamedMark"; }
std::string name_of(const FailedTask&) { return "FailedTask"; }
std::string name_of(const PendingTask&) { return "PendingTask"; }
std::string name_of(const LabelledUuid&) { return "LabelledUuid"; }
std::string name_of(const AgentState&) { return "AgentState"; }
std::string name_of(const Consumer&) { return "Consumer"; }
std::string name_of(const ConsumerStatus&) { return "ConsumerStatus"; }
std::string name_of(const Submission&) { return "Submission"; }

// The word for a type in the tables.
template <class T>
std::string word_of(const T& v) {
  if constexpr (std::is_same_v<T, bool>) {
    return "bool";
  } else if constexpr (std::is_enum_v<T> || std::is_unsigned_v<T>) {
    return "uint";
  } else if constexpr (std::is_integral_v<T>) {
    return "int";
  } else if constexpr (packing::IsVector<T>::value) {
    return "list of " + word_of(typename T::value_type{});
  } else if constexpr (packing::IsOptional<T>::value) {
    return word_of(typename T::value_type{});
  } else {
    return name_of(v);
  }
}
template <>
std::string word_of(const std::string&) {
  return "bytes";
}
template <>
std::string word_of(const Domain&) {
  return "domain";
}
template <>
std::string word_of(const Selector&) {
  return "selector";
}
template <>
std::string word_of(const Digest&) {
  return "sha256";
}
template <>
std::string word_of(const Uuid&) {
  return "uuid";
}

// What fields() has: type by key. Compares the structures inside as well.
struct Collect {
  Rows rows;
  template <class T>
  void operator()(uint64_t key, T& v) {
    rows[key] = word_of(v);
    check_inside(v);
  }
  template <class T>
  void check_inside(const T&) {
    if constexpr (packing::IsVector<T>::value || packing::IsOptional<T>::value) {
      check_inside(typename T::value_type{});
    } else if constexpr (requires(T & s, Collect & c) { s.fields(c); }) {
      check_structure<T>(name_of(T{}));
    }
  }
  template <class T>
  static void check_structure(const std::string& heading) {
    T structure;
    Collect collect;
    structure.fields(collect);
    auto rows = documented(heading);
    ASSERT_TRUE(rows.has_value()) << "docs/protocol.md has no section '### " << heading << "'";
    rows->erase(kValuesKey);
    EXPECT_EQ(collect.rows, *rows) << heading;
  }
};

template <size_t I>
std::string check_message() {
  using M = std::variant_alternative_t<I, Bodies>;
  std::string name = message_name(M::kType);
  Collect::check_structure<M>(name + " (" + std::to_string(M::kType) + ")");
  return name;
}

template <size_t... I>
std::vector<std::string> check_messages(std::index_sequence<I...>) {
  return {check_message<I>()...};
}

std::string without_blanks(std::string text) {
  std::erase_if(text, [](char c) { return c == ' ' || c == '\n'; });
  return text;
}

void expect_documented(const Message& message) {
  std::string frame = *encode(message);
  seal_frame(frame, {7, 0x1122334455667788});
  EXPECT_NE(without_blanks(page()).find(to_hex(as_bytes(frame))), std::string::npos)
      << to_hex(as_bytes(frame));
}

TEST(ProtocolDoc, HasEveryMessageWithEveryField) {
  check_messages(std::make_index_sequence<std::variant_size_v<Bodies>>());
  Collect::check_structure<ValueHeader>("ValueHeader");
}

TEST(ProtocolDoc, HasTheTestVectorsOfFrames) {
  expect_documented({5, Heartbeat{}});
  expect_documented({6, Read{300, 0, 65'536}});
}

TEST(ProtocolDoc, HasTheLimits) {
  const std::string text = page();
  auto has = [&](uint64_t number) {
    std::string digits = std::to_string(number);
    for (size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
    return text.find(digits) != std::string::npos;
  };
  EXPECT_TRUE(has(kMaxFrameBody));
  EXPECT_TRUE(has(kMaxMessageValues));
  EXPECT_TRUE(has(kMaxInlineValue));
  EXPECT_TRUE(has(kMaxText));
  EXPECT_TRUE(has(kMaxPackedElements));
  EXPECT_TRUE(has(kMaxPrecursors));
  EXPECT_NE(text.find("version: **" + std::to_string(kProtocolVersion) + "**"), std::string::npos);
}

TEST(ProtocolDoc, HasEveryErrorCode) {
  for (int code = 1; code <= static_cast<int>(Code::kProtocol); code++) {
    std::string row = "| " + std::to_string(code) + " | " + code_name(static_cast<Code>(code)) + " |";
    EXPECT_NE(page().find(row), std::string::npos) << row;
  }
}

}  // namespace
}  // namespace rebus::protocol_doc_test
