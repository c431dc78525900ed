#include "agents/parsers/decompression.h"

#include "agents/parsers/filter_stream.h"

namespace rebus {
namespace {

// Looks at the first bytes of another stream and gives them once more.
class Peeked final : public ByteStream {
 public:
  explicit Peeked(std::unique_ptr<ByteStream> below) : below_(std::move(below)), first_(below_->next()) {}
  Bytes first() const { return first_ && *first_ ? **first_ : Bytes(); }
  Result<Bytes> rest() override { return below_->rest(); }
  Result<Bytes> next() override {
    if (!first_) return below_->next();
    auto first = *std::move(first_);
    first_.reset();
    return first;
  }

 private:
  std::unique_ptr<ByteStream> below_;
  std::optional<Result<Bytes>> first_;
};

class TooMany final : public ByteStream {
 public:
  Result<Bytes> next() override { return Error{Code::kLimit, "too many compressions over each other"}; }
};

}  // namespace

Decompression::Decompression(Value value) : stream_(std::make_unique<ValueStream>(std::move(value))) {
  do {
    take_off_gzip();
  } while (take_off_others());
  auto top = std::make_unique<Peeked>(std::move(stream_));
  begin_ = as_text(top->first().first(std::min<size_t>(top->first().size(), 4)));
  stream_ = std::move(top);
}

void Decompression::take_off_gzip() {
  while (layers_ <= kMaxCompressions) {
    auto peeked = std::make_unique<Peeked>(std::move(stream_));
    bool is_gzip = GzipStream::begins(peeked->first());
    stream_ = std::move(peeked);
    if (!is_gzip) return;
    auto gzip = std::make_unique<GzipStream>(std::move(stream_));
    gzips_.push_back(gzip.get());
    push(std::move(gzip));
    layers_++;
  }
}

// Whether there was one, and another may be inside.
bool Decompression::take_off_others() {
  if (layers_ <= kMaxCompressions) {
    auto others = std::make_unique<FilterStream>(std::move(stream_));
    int found = others->compressions();
    layers_ += found;
    push(std::move(others));
    if (found == 0) return false;
  }
  if (layers_ <= kMaxCompressions) return true;
  gzips_.clear();
  streams_.clear();
  stream_ = std::make_unique<TooMany>();
  return false;
}

Result<Bytes> Decompression::next() { return stream_->next(); }

bool Decompression::check_failed() const {
  return std::any_of(gzips_.begin(), gzips_.end(),
                     [](const GzipStream* gzip) { return gzip->check_failed(); });
}

Result<Bytes> Decompression::rest() {
  while (!streams_.empty()) {
    auto part = streams_.back()->rest();
    if (!part) return part;
    has_trailing_ = has_trailing_ || !all_zero(*part);
    if (!part->empty()) return part;
    streams_.pop_back();
  }
  return Bytes();
}

}  // namespace rebus
