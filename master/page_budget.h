// PageBudget: how much of an answer goes into one message. Labels and names can be long.
#pragma once

#include "bus/codec.h"

namespace rebus {

class PageBudget {
 public:
  // Whether the page takes this item, too; the first always.
  template <class Item>
  bool takes(const Item& item) {
    bytes_ += encoded_size(item);
    return std::exchange(is_first_, false) || bytes_ <= kPageBytes;
  }

 private:
  static constexpr size_t kPageBytes = kMaxFrameBody / 2;  // sizes are about
  size_t bytes_ = 0;
  bool is_first_ = true;
};

}  // namespace rebus
