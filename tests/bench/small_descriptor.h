// SmallDescriptor: what is pushed by the thousand, and the bytes that it is made of.
#pragma once

#include <string>
#include <string_view>

#include "bus/message.h"

namespace rebus {

// `size` bytes that do not compress well: others for the next 4,096 numbers. At most kMaxInlineValue.
std::string_view filler(size_t number, size_t size);

// An object of its own for each number, of `size` bytes: 16 to kMaxInlineValue.
Descriptor small_descriptor(const std::string& path, size_t number, size_t size);

}  // namespace rebus
