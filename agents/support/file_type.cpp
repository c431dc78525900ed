#include "agents/support/file_type.h"

#include "agents/support/sandbox/told_layers.h"
#include "agents/support/type_worker.h"

namespace rebus {

Result<FileType> identify(const Value& value) {
  auto worker = TypeWorker::take();
  if (!worker) return worker.error();
  (*worker)->begin(value);
  auto type = (*worker)->end(value);
  TypeWorker::give_back(*std::move(worker));
  return type;
}

// This thread may be none that identifies: the worker does not stay.
Result<ToldLayers> check_file_type_database() {
  return told_cage(ParserProcess(worker_program("rebus_parser", "types"), kTypePatience));
}

}  // namespace rebus
