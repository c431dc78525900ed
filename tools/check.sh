#!/bin/bash
# Checks that need no test program: format, include arrows, type names, clang-tidy, and that the commands of the
# documentation run.
#
#   tools/check.sh [format|includes|names|tidy|docs]…    default: all
set -euo pipefail
cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.."

folders=(descriptor storage bus master agents tools tests)
preset=release

# folder: the folders that its files may include; tests may include all (docs/index.md shows the arrows).
declare -A arrows=(
  [descriptor]="descriptor"
  [storage]="descriptor storage"
  [bus]="descriptor bus"
  [agents]="descriptor bus agents"
  [master]="descriptor bus storage master"
  [tools]="descriptor bus storage master agents tools"
)
# Headers that other folders may include; the rest is a folder's own business. descriptor/ is public as a whole.
public="bus/address.h bus/agent.h bus/bus.h bus/channel.h bus/submission_review.h bus/task_context.h bus/codec.h bus/dead_connections.h bus/frame.h bus/mailbox.h bus/message.h
        bus/runner.h bus/wake_event.h bus/zmq_channel.h agents/support/result_reading.h agents/support/sandbox/sandbox_level.h storage/storage.h master/master.h master/inproc_server.h
        master/router_server.h"

source_files() { find "${folders[@]}" -name '*.cpp' -o -name '*.h' | LC_ALL=C sort; }

check_format() {
  source_files | xargs clang-format --dry-run -Werror
}

# One line per include of ours: FILE FOLDER-OF-FILE HEADER FOLDER-OF-HEADER
our_includes() {
  source_files | xargs grep -HoE '^#include "[a-z_/]+\.h"' |
    sed -E 's,^(([a-z_]+)/[^:]*):#include "(([a-z_]+)/[^"]*)",\1 \2 \3 \4,'
}

check_includes() {
  local file folder header target wrong=0
  while read -r file folder header target; do
    [[ $folder == tests || $folder == "$target" ]] && continue
    if [[ " ${arrows[$folder]} " != *" $target "* ]]; then
      echo "$file: $folder/ must not include $header (may use: ${arrows[$folder]})"
      wrong=1
    elif [[ $target != descriptor && " ${public//$'\n'/ } " != *" $header "* ]]; then
      echo "$file: $header is a private header of $target/"
      wrong=1
    fi
  done < <(our_includes)
  return $wrong
}

# Two types of one name in namespace rebus (not in an unnamed one) are merged by the linker without a word.
check_names() {
  local twice
  twice=$(source_files | xargs awk '
    FNR == 1 || /^}  \/\/ namespace$/ { unnamed = 0 }
    /^namespace \{/ { unnamed = 1 }
    !unnamed && /^(class|struct|enum class) [A-Za-z0-9]+ .*\{/ { print ($2 == "class" ? $3 : $2), FILENAME }' |
    sort -u | awk '{ files[$1] = files[$1] " " $2; count[$1]++ }
                   END { for (name in files) if (count[name] > 1) print name " is defined in" files[name] }')
  [[ -z $twice ]] || { echo "$twice"; return 1; }
}

# What the compiler compiles: many files at once, and no headers that another compiler prepared.
check_tidy() {
  local found status
  cmake --preset "$preset" -B build/tidy -DBUILD_TESTING=OFF -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON || return
  found=$(sed -nE 's/^ *"file": "(.*)",?$/\1/p' build/tidy/compile_commands.json |
          xargs -P "$(nproc)" -n 1 timeout 1200 clang-tidy --quiet -p build/tidy \
            --extra-arg=-Wno-unknown-warning-option 2>&1)
  status=$?
  grep -vE '^[0-9]+ warnings? generated|^Suppressed |^Use -' <<<"$found"
  return $status
}

check_docs() {
  configure &&
    cmake --build --preset "$preset" --parallel "$(nproc)" --target programs tools_test &&
    ctest --preset "$preset" -R DocsCommands
}

configure() {
  cmake --preset "$preset" -DBUILD_TESTING=ON
}

main() {
  local check failed=()
  [[ $# -gt 0 ]] || set -- format includes names tidy docs
  tools/packages.sh build test check
  for check in "$@"; do
    echo "== check: $check"
    "check_$check" || failed+=("$check")
  done
  [[ ${#failed[@]} -eq 0 ]] || { echo "== checks failed: ${failed[*]}"; return 1; }
  echo "== all checks passed"
}

main "$@"
