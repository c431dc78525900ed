#include "agents/support/sandbox/bubblewrap.h"

#include <filesystem>
#include <initializer_list>

#include "agents/support/child_program.h"

namespace rebus {
namespace {

using Words = std::vector<std::string>;

void append(Words& words, std::initializer_list<std::string> more) { words.insert(words.end(), more); }

// /bin and others: links into /usr, or folders of their own on hosts from before that.
void add_system(Words& words, const std::string& root) {
  namespace fs = std::filesystem;
  for (const char* folder : {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"}) {
    std::error_code error;
    fs::path target = fs::read_symlink(root + folder, error);
    if (!error) {
      append(words, {"--symlink", target.string(), folder});
    } else if (fs::is_directory(root + folder, error)) {
      append(words, {"--ro-bind", root + folder, folder});
    }
  }
  append(words, {"--dir", "/etc", "--ro-bind-try", root + "/etc/ld.so.cache", "/etc/ld.so.cache"});
}

}  // namespace

Words bubblewrap_words(const CellOrder& order, const BubblewrapFiles& files, const Words& init) {
  Words words = {"bwrap"};
  append(words, {"--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts",
                 "--unshare-cgroup-try", "--disable-userns", "--die-with-parent", "--new-session",
                 "--cap-drop", "ALL", "--hostname", "sandbox", "--as-pid-1", "--clearenv"});
  add_system(words, order.system);
  for (const std::string& folder : order.folders) append(words, {"--ro-bind-try", folder, folder});
  append(words, {"--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev"});
  append(words, {"--size", std::to_string(order.scratch), "--tmpfs", kCellScratch, "--chdir", kCellScratch});
  for (size_t i = 0; i < order.inputs.size(); i++) {
    append(words, {"--perms", "0555", "--file", std::to_string(kFirstCellInput + i),
                   std::string(kCellInputs) + "/" + order.inputs[i]});
  }
  append(words, {"--perms", "0555", "--file", std::to_string(files.init), "/rebus_init"});
  append(words, {"--remount-ro", "/", "--seccomp", std::to_string(files.filter)});
  for (const std::string& variable : order.variables) {
    size_t equals = variable.find('=');
    if (equals != variable.npos)
      append(words, {"--setenv", variable.substr(0, equals), variable.substr(equals + 1)});
  }
  append(words, {"--", "/rebus_init"});
  words.insert(words.end(), init.begin(), init.end());
  return words;
}

}  // namespace rebus
