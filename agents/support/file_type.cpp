#include "agents/support/file_type.h"

#include <cstdlib>
#include <map>
#include <mutex>

#include "agents/support/sandbox/told_layers.h"
#include "agents/support/type_worker.h"

namespace rebus {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

}  // namespace

Result<FileType> identify(const Value& value) {
  auto worker = TypeWorker::take();
  if (!worker) return worker.error();
  (*worker)->begin(value);
  auto type = (*worker)->end();
  TypeWorker::give_back(*std::move(worker));
  return type;
}

// Once for all agents of a process, as long as the program and the database are looked for at the same
// places. This thread may be none that identifies: the worker does not stay.
Result<ToldLayers> check_file_type_database() {
  static std::mutex mutex;
  static std::map<std::string, ToldLayers> known;
  std::lock_guard lock(mutex);
  const std::string places = variable("MAGIC") + '\0' + variable("PATH");
  if (auto found = known.find(places); found != known.end()) return found->second;
  auto layers = told_cage(ParserProcess(worker_program("rebus_parser", "types"), kTypePatience));
  if (layers) known[places] = *layers;
  return layers;
}

}  // namespace rebus
