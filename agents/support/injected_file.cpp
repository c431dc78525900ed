#include "agents/support/injected_file.h"

#include "agents/support/type_path.h"

namespace rebus {

Result<NewDescriptor> make_injected(InjectedFile file, FileType type) {
  auto path = file.path.empty() ? guess_path(type, file.value, file.label) : std::move(file.path);
  if (!path) return path.error();
  NewDescriptor item;
  item.origin = OriginClaim{{}, file.label.substr(0, kMaxLabel), file.ordinal};
  item.descriptor = make_object(file.domain, *path, item.origin->name, std::move(file.value),
                                std::move(file.agent), std::move(file.salt));
  item.descriptor.file_type = std::move(type);
  return item;
}

bool concerns_one_file(Code code) {
  return code == Code::kLimit || code == Code::kConflict || code == Code::kInvalid || code == Code::kLoop ||
         code == Code::kNotFound;
}

}  // namespace rebus
