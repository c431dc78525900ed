// MessageSizes: how long the messages of one small descriptor are on the wire, so that the bare broker sends
// as much.
#pragma once

#include <cstddef>

#include "bus/codec.h"
#include "tests/bench/measuring.h"

namespace rebus {

struct MessageSizes {
  size_t push = 0, answer = 0, task = 0, finish = 0;  // bytes
};

// Of `d`, as an injected file.
inline MessageSizes sizes_of(const Descriptor& d) {
  NewDescriptor item{d, OriginClaim(), 0};
  item.origin->name = d.label;
  Record record;
  record.seq = record.object = 1'000'000;
  record.descriptor = d;
  record.submission = 1;
  record.value_size = d.value.size();
  record.value_digest = d.value.digest();
  record.ancestry = {{d.selector.path(), 1}};
  Task task;
  task.record = record;
  Finish finish;
  finish.seq = finish.next = record.seq;
  auto size = [](Body body) { return must(encode({1, std::move(body)})).size(); };
  return {size(Push{item, 1}), size(Pushed{record.seq, true}), size(task), size(finish)};
}

}  // namespace rebus
