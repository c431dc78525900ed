#include "tools/settings_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "descriptor/escape.h"
#include "tools/yaml_tree.h"

namespace rebus {

Result<std::string> read_settings(const std::string& file) {
  int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  std::string text(kMaxYamlBytes + 1, '\0');
  size_t size = 0;
  ssize_t got = fd < 0 ? -1 : 1;
  while (got > 0 && size < text.size()) {
    got = read(fd, text.data() + size, text.size() - size);
    if (got > 0) size += static_cast<size_t>(got);
  }
  const int error = errno;
  if (fd >= 0) close(fd);
  if (got < 0) return Error{Code::kInvalid, escape(file) + ": " + std::strerror(error)};
  text.resize(size);
  return text;
}

}  // namespace rebus
