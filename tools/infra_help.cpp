#include "tools/infra_help.h"

namespace rebus {

std::string infra_page() {
  return R"(rebus_infra - a master and stages of agents as processes, from one file

SYNOPSIS
    rebus_infra CONFIG.yaml
    rebus_infra --check CONFIG.yaml

DESCRIPTION
    Starts rebus_master, then stage after stage of rebus_agent processes, keeps
    them running, and shows on a terminal what they do. The next stage begins
    when everything is handled; consumers and printing agents of earlier stages
    stay. Without `master` the agents join a master that runs; without `agents`
    only the master runs. When every agent has ended by itself, so does it.

    Everything is checked before anything is started; all mistakes are told, with
    line and column. --check does only that.

    SIGINT or SIGTERM stops what injects, then consumers, printing agents, and
    the master, each with ten seconds' time. A second signal kills all of them;
    so does the death of rebus_infra. Nothing acknowledged is lost by that.

OPTIONS
    --check       tell all mistakes, start nothing
    --version     print the version
    -h, --help    print this page

FILE
    master:
      busaddr: ipc:///srv/rebus/run/bus      # default: the usual one of this user
      storage: rocksdb                       # or ram
      storage_options: {path: /srv/rebus/store}
      profile: server                        # server, local or strict
      logfile: /srv/rebus/master.log         # default: shown by rebus_infra
      verbose_level: 1                       # 0 warnings, 1 what happens, 2 everything
      insecure_tcp: false                    # true allows a busaddr tcp://...
      bus: zmq                               # may be left out
    agents:
      busaddr: ipc:///srv/rebus/run/bus      # default: the master's
      modules: rebus_demo.agents             # may be left out
      sandbox: required                      # or strict, or none: see docs/security.md
      stages:
        - agents:
            - unarchive
            - hasher: --algorithms md5,sha256
            - inject:
                params: [--recursive, /srv/evidence]     # or one line
                domain: default
                verbose_level: 0
                instances: 1                 # processes; consumers only
                jobs: 1                      # threads of each; consumers only
                environment: {TMPDIR: /var/tmp}
                restart: on-failure          # always, on-failure, never
                stdout: /srv/rebus/inject.out
        - agents:
            - return: --short md5_hash

    restart on-failure: after death by a signal, and exit codes but 0 to 3, which
    are answers. It waits 1, 2, 4 ... 60 s; that is forgotten after a minute of
    health. The master is started again always, unless it refuses to start.

EXIT STATUS
    0    stopped by SIGINT or SIGTERM while serving, or every agent ended well
    1    an agent could not read an input
    2    a mistake in the file, or wrong usage; or an agent refused its options
    3    incomplete: an agent failed on something or ended for good by a signal,
         or had to be killed at the end
    75   the storage or the bus failed, or somebody else has the store or the
         address; trying again is safe
    130  stopped before the stages were done, or by a second signal
)";
}

}  // namespace rebus
