#include "tests/support/random_message.h"

#include <algorithm>

#include "descriptor/pack.h"

namespace rebus {
namespace {

// A fields() archive that fills them.
struct Fill {
  std::mt19937_64& random;

  uint64_t below(uint64_t end) { return random() % end; }

  template <class T>
  void operator()(uint64_t, T& v) {
    fill(v);
  }

  template <class T>
  void fill(T& v) {
    if constexpr (std::is_same_v<T, bool>) {
      v = below(2) == 1;
    } else if constexpr (std::is_integral_v<T>) {
      v = static_cast<T>(random() >> below(64));
    } else if constexpr (packing::IsVector<T>::value) {
      v.resize(below(4));
      for (auto& element : v) fill(element);
    } else if constexpr (packing::IsOptional<T>::value) {
      if (below(2) == 1) fill(v.emplace());
    } else {
      v.fields(*this);
    }
  }
  void fill(std::string& v) {
    v.resize(below(20));
    for (char& c : v) c = static_cast<char>(random());
  }
  template <size_t N>
  void fill(std::array<uint8_t, N>& bytes) {
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  }
  void fill(Digest& v) { fill(v.bytes); }
  void fill(Uuid& v) { fill(v.bytes); }
  void fill(Domain& v) { v = *Domain::parse("d" + std::to_string(below(100))); }
  void fill(Selector& v) {
    Digest id;
    fill(id);
    v = Selector::of("/some/path-" + std::to_string(below(100)), id);
  }
  void fill(Descriptor& d) {
    d.fields(*this);
    std::string bytes;
    fill(bytes);
    d.value = Value::of(bytes);
  }
  void fill(Role& v) { pick(v, 1, 4); }
  void fill(By& v) { pick(v, 1, 11); }
  void fill(Kind& v) { pick(v, 0, 2); }
  void fill(PendingState& v) { pick(v, 0, 3); }
  void fill(Lane& v) { pick(v, 0, 2); }
  void fill(Outcome& v) { pick(v, 1, 5); }
  void fill(Mode& v) { pick(v, 1, 4); }
  void fill(Code& v) { pick(v, 1, 12); }
  template <class T>
  void pick(T& v, unsigned first, unsigned last) {
    v = static_cast<T>(first + below(last - first + 1));
  }
};

template <size_t... I>
Body make_body(size_t kind, Fill& fill, std::index_sequence<I...>) {
  Body body;
  (void)((I == kind && (fill.fill(body.emplace<I>()), true)) || ...);
  std::visit(
      [&](auto& message) {
        if constexpr (requires { message.bytes; }) fill.fill(message.bytes);
      },
      body);
  return body;
}

}  // namespace

Message RandomMessages::make(size_t kind) {
  Fill fill{random_};
  Body body = make_body(kind, fill, std::make_index_sequence<std::variant_size_v<Bodies>>());
  return {random_(), std::move(body)};
}

}  // namespace rebus
