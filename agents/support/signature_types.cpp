#include "agents/support/signature_types.h"

#include <sstream>

#include "descriptor/escape.h"

namespace rebus {

Result<SignatureTypes> SignatureTypes::read(const Options& options, const std::string& agent) {
  std::vector<std::string> lists = options.list("types");
  if (lists.empty()) lists.push_back(kAll);
  SignatureTypes wanted;
  for (const std::string& list : lists) {
    std::istringstream names(list);
    for (std::string name; std::getline(names, name, ',');) {
      bool is_known = name == "imphash" || name == "ssdeep" || name == "tlsh";
      if (!is_known)
        return Error{Code::kInvalid, agent + " knows no type '" + escape(name) + "'; it knows " + kAll};
      wanted.imphash |= name == "imphash";
      wanted.ssdeep |= name == "ssdeep";
      wanted.tlsh |= name == "tlsh";
    }
  }
  return wanted;
}

OptionSpec signature_types_option() {
  return {.name = "--types",
          .metavar = "LIST",
          .help = "imphash, ssdeep, tlsh",
          .fallback = SignatureTypes::kAll,
          .list = true};
}

}  // namespace rebus
