// Decompression: what is inside all compressions around a value.
#pragma once

#include "agents/support/gzip_stream.h"

namespace rebus {

class Decompression final : public ByteStream {
 public:
  static constexpr int kMaxLayers = 25;  // as libarchive's own limit (MAX_NUMBER_FILTERS)

  explicit Decompression(Value value);

  Result<Bytes> next() override;
  // Compressions found; 0: the bytes are those of the value.
  int layers() const { return layers_; }
  // Every byte came, but a checksum or length of gzip tells of others.
  bool check_failed() const;
  // Behind gzip data stands something else, which is not given.
  bool has_trailing() const;

 private:
  void take_off_gzip();
  bool take_off_others();

  std::unique_ptr<ByteStream> stream_;
  std::vector<const GzipStream*> gzips_;  // in stream_
  int layers_ = 0;
};

}  // namespace rebus
