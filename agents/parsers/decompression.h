// Decompression: what is inside all compressions around a value.
#pragma once

#include "agents/parsers/container.h"
#include "agents/parsers/gzip_stream.h"

namespace rebus {

class Decompression final : public ByteStream {
 public:
  explicit Decompression(Value value);

  Result<Bytes> next() override;
  // Of all compressions, the innermost first.
  Result<Bytes> rest() override;
  // Compressions found; 0: the bytes are those of the value.
  int layers() const { return layers_; }
  // Every byte came, but a checksum or length of gzip tells of others.
  bool check_failed() const;
  // rest() gave something else than zeros, which fill up tapes and disks.
  bool has_trailing() const { return has_trailing_; }
  // Its first bytes, at most four.
  const std::string& begin() const { return begin_; }

 private:
  void take_off_gzip();
  bool take_off_others();

  void push(std::unique_ptr<ByteStream> stream) {
    streams_.push_back(stream.get());
    stream_ = std::move(stream);
  }

  std::unique_ptr<ByteStream> stream_;
  std::vector<ByteStream*> streams_;      // in stream_, each around the one before
  std::vector<const GzipStream*> gzips_;  // among them
  bool has_trailing_ = false;
  std::string begin_;
  int layers_ = 0;
};

}  // namespace rebus
