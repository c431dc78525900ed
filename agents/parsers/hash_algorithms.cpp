#include "agents/parsers/hash_algorithms.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>

namespace rebus {
namespace {

struct Algorithm {
  const char* name;
  const EVP_MD* (*method)();
};

constexpr Algorithm kAlgorithms[] = {
    {"md5", EVP_md5},
    {"sha1", EVP_sha1},
    {"sha224", EVP_sha224},
    {"sha256", EVP_sha256},
    {"sha384", EVP_sha384},
    {"sha512", EVP_sha512},
    {"sha512-256", EVP_sha512_256},
    {"sha3-224", EVP_sha3_224},
    {"sha3-256", EVP_sha3_256},
    {"sha3-384", EVP_sha3_384},
    {"sha3-512", EVP_sha3_512},
    {"blake2b512", EVP_blake2b512},
    {"blake2s256", EVP_blake2s256},
    {"ripemd160", EVP_ripemd160},
    {"sm3", EVP_sm3},
};

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

Context start(const EVP_MD* method) {
  Context context(EVP_MD_CTX_new());
  if (!context || EVP_DigestInit_ex(context.get(), method, nullptr) != 1) return nullptr;
  return context;
}

const EVP_MD* method_of(const std::string& name) {
  for (const Algorithm& algorithm : kAlgorithms) {
    if (algorithm.name == name) return algorithm.method();
  }
  return nullptr;
}

std::string finish(EVP_MD_CTX* context) {
  std::array<uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_DigestFinal_ex(context, digest.data(), &size);
  return to_hex(Bytes(digest).first(size));
}

}  // namespace

const std::vector<std::string>& hash_algorithms() {
  // The provider of this machine may leave some out.
  static const std::vector<std::string> names = [] {
    std::vector<std::string> found;
    for (const Algorithm& algorithm : kAlgorithms) {
      if (start(algorithm.method())) found.push_back(algorithm.name);
    }
    return found;
  }();
  return names;
}

bool is_hash_algorithm(const std::string& name) { return std::ranges::count(hash_algorithms(), name) > 0; }

Result<std::vector<std::string>> hash_value(const Value& value, const std::vector<std::string>& names) {
  std::vector<Context> contexts;
  for (const std::string& name : names) {
    bool known_already = name == "sha256";
    contexts.push_back(known_already ? nullptr : start(method_of(name)));
    if (!known_already && !contexts.back()) return Error{Code::kFailed, "OpenSSL does not start " + name};
  }
  bool all_known = std::ranges::all_of(contexts, [](const Context& context) { return context == nullptr; });
  auto read = all_known ? Result<void>() : value.for_each_chunk([&](Bytes chunk) -> Result<void> {
    for (const Context& context : contexts) {
      if (context) EVP_DigestUpdate(context.get(), chunk.data(), chunk.size());
    }
    return {};
  });
  if (!read) return read.error();
  std::vector<std::string> digests;
  for (const Context& context : contexts) {
    digests.push_back(context ? finish(context.get()) : value.digest().hex());
  }
  return digests;
}

}  // namespace rebus
