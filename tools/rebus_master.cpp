// rebus_master: a bus for agents in other processes.
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "descriptor/crash_point.h"
#include "descriptor/escape.h"
#include "master/router_server.h"
#include "tools/exit_status.h"
#include "tools/log.h"
#include "tools/master_options.h"
#include "tools/page.h"
#include "tools/process_limits.h"
#include "tools/program.h"
#include "tools/ready_notice.h"
#include "tools/signals.h"

namespace rebus {
namespace {

// Parents of the usual store need not exist yet in a new home.
void make_parents(const std::string& path) {
  std::error_code failed;  // opening the storage tells
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), failed);
}

Moment now() {
  auto utc = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::steady_clock::now(),
          std::chrono::duration_cast<std::chrono::nanoseconds>(utc).count()};
}

void say_ready(const MasterSetting& setting, const RouterServer& server, Storage& storage) {
  std::string place = setting.storage.kind == "ram" ? "memory" : escape(setting.storage.path);
  spdlog::info("listening on {}, storing in {}, bus {}, {} descriptors", escape(server.endpoint()), place,
               storage.bus_name(), storage.statistics().descriptors);
}

Result<void> serve(const MasterSetting& setting, int stop_fd) {
  if (std::string danger = danger_of(setting.address); !danger.empty()) spdlog::warn("{}", danger);
  if (setting.storage.kind != "ram") make_parents(setting.storage.path);
  auto storage = open_storage(setting.storage);
  if (!storage) return storage.error();
  MasterOptions options;
  options.limits = setting.limits;
  auto master = Master::start(**storage, options, now());
  if (!master) return master.error();
  auto server = RouterServer::listen(setting.address);
  if (!server) return server.error();
  say_ready(setting, **server, **storage);
  notify_ready();
  auto served = (*server)->serve(**master, stop_fd);
  crash_point("serving-ended");
  return served;
}

int run(const MasterSetting& setting) {
  set_process_limits();
  auto log =
      set_up_log({"rebus_master", setting.verbosity, setting.log_file, setting.syslog, setting.log_format});
  if (!log) {
    std::fprintf(stderr, "rebus_master: %s\n", log.error().message.c_str());
    return ExitStatus::of(log.error().code);
  }
  const int stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  Signals signals([stop_fd] { return eventfd_write(stop_fd, 1) == 0; });
  auto served = serve(setting, stop_fd);
  crash_point("store-closed");
  if (served) {
    spdlog::info("stopped");
    return ExitStatus::kComplete;
  }
  spdlog::error("{}", served.error().message);
  return ExitStatus::of(served.error().code);
}

int end(const EarlyEnd& early) {
  if (early.exit_code == 0) return print_page(early.text);
  std::fputs(early.text.c_str(), stderr);
  return early.exit_code;
}

}  // namespace
}  // namespace rebus

int main(int argc, char** argv) {
  return rebus::run_program("rebus_master", [&] {
    auto read = rebus::read_master_options(argc, argv, REBUS_VERSION);
    if (const auto* early = std::get_if<rebus::EarlyEnd>(&read)) return rebus::end(*early);
    return rebus::run(std::get<rebus::MasterSetting>(read));
  });
}
