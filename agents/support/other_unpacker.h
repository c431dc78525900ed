// OtherUnpacker: archives that libarchive cannot take apart, by 7-Zip or The Unarchiver in a cell.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "descriptor/value.h"

namespace rebus {

// A program of others that knows more of one kind of archives than libarchive: encrypted 7z and RAR, methods
// like Deflate64, ARJ. It may unpack into memory only, so much as this allows (bytes, also of the archive).
inline constexpr uint64_t kMostUnpackedElsewhere = 2ULL << 30;
// Nothing is heard of an agent meanwhile: shorter than AgentSpec::claim_life.
inline constexpr std::chrono::seconds kMostTimeElsewhere{240};

class OtherUnpacker {
 public:
  // For archives under this type path; nothing where there is no better program.
  static std::optional<OtherUnpacker> for_path(const std::string& path);

  // Whether to turn to it when libarchive says this of an archive, or of a member. The Unarchiver is asked
  // about any fault: libarchive 3.6 takes some sound RAR archives for damaged.
  bool can_help(const std::string& message) const;

  struct Answer {
    enum class How : uint8_t {
      kWhole,
      kPartly,     // something of it was damaged
      kEncrypted,  // no password opens all of it, or it is damaged
      kNothing,    // it does not know it either
      kMissing,    // it is not installed, or there is no cell for it
      kNoTime,     // its time was over
      kNoMemory,   // it wanted more memory than a program may have
      kNoRoom,     // more came out than it may
    };
    How how = How::kNothing;
    std::optional<Value> tar;  // kWhole, kPartly: what came out, by name
    std::string reason;        // for people; never with a password
  };
  // What may be used: of time, and of bytes that come out.
  struct Allowance {
    std::chrono::milliseconds time;
    uint64_t bytes = 0;
  };
  // Passwords are tried in their order, each with all of it. They stand in no command line. An Error is of
  // the value, of the writer or of this host.
  Result<Answer> unpack(const Value& archive, const std::vector<std::string>& passwords,
                        const Allowance& allowance, ValueWriter& writer) const;

 private:
  enum class Which : uint8_t { kSevenZip, kUnarchiver };
  explicit OtherUnpacker(Which which) : which_(which) {}

  Which which_;
};

}  // namespace rebus
