#include "agents/support/file_list.h"

#include <poll.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace rebus {

void FileList::Close::operator()(FILE* file) const {
  if (file != stdin) fclose(file);
}

Result<FileList> FileList::open(const std::string& path) {
  FILE* file = path == "-" ? stdin : fopen(path.c_str(), "re");
  if (file == nullptr) return Error{Code::kUnreadable, std::generic_category().message(errno)};
  return FileList(file);
}

// What stdio has read already is not seen: a name more may be told as waited for.
bool FileList::is_waiting() const {
  pollfd waiting{fileno(file_.get()), POLLIN, 0};
  return poll(&waiting, 1, 0) == 0;
}

std::optional<std::string> FileList::next() {
  char* line = nullptr;
  size_t capacity = 0;
  std::optional<std::string> name;
  while (!name) {
    ssize_t length = getdelim(&line, &capacity, '\0', file_.get());
    if (length < 0) break;
    bool is_ended = line[length - 1] == '\0';
    size_t size = static_cast<size_t>(length) - (is_ended ? 1 : 0);
    if (size > 0) name.emplace(line, size);
  }
  free(line);
  return name;
}

}  // namespace rebus
