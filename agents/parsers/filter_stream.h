// FilterStream: what is inside the compressions that libarchive takes off.
#pragma once

#include <memory>
#include <optional>

#include "agents/parsers/byte_stream.h"

struct archive;

namespace rebus {

// bzip2, xz, lzma, lzip, lz4, zstd, compress, the header of an rpm: what is built into libarchive (anything
// else it would start a program for), several over each other. Not gzip. Data without any of them comes as
// it is.
class FilterStream final : public ByteStream {
 public:
  explicit FilterStream(std::unique_ptr<ByteStream> below);
  ~FilterStream() override;
  FilterStream(const FilterStream&) = delete;
  FilterStream& operator=(const FilterStream&) = delete;

  Result<Bytes> next() override;
  Result<Bytes> rest() override;
  int compressions() const { return compressions_; }

 private:
  struct Input;
  void open();
  size_t unused() const;
  Error failure() const;

  std::unique_ptr<Input> input_;
  struct archive* archive_;
  int compressions_ = 0;
  bool ended_ = false;
  bool is_at_rest_ = false;
  std::optional<Error> error_;
};

}  // namespace rebus
