#!/bin/bash
# From a fresh Debian 12 to the first result: installs what is missing, builds, and runs the main job.
#
#   tools/quickstart.sh            on a sample archive made of programs of this machine
#   tools/quickstart.sh FILE…      on your files
set -euo pipefail

here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
source_dir=$(dirname -- "$here")
build_dir=$source_dir/build/release
sample_dir=$source_dir/build/sample  # stays, so that the command can be repeated

say() { printf '== %s\n' "$*" >&2; }

build() {
  local log=$build_dir/build.log
  mkdir -p "$build_dir"
  say "building rebus (the first time takes some minutes)"
  if ! (cd -- "$source_dir" && cmake --preset release -DBUILD_TESTING=OFF &&
        cmake --build --preset release --target programs) >"$log" 2>&1 </dev/null; then
    tail -n 40 "$log" >&2
    say "the build failed; all of it: $log"
    return 1
  fi
}

# Some programs of this machine, in an archive, in an archive.
make_sample() {
  mkdir -p "$sample_dir"
  local programs=(/usr/bin/{bash,cat,cp,find,grep,gzip,ls,mkdir,sed,sort,tar,uname})
  tar -C "$sample_dir" -czf "$sample_dir/inner.tgz" -C /usr/bin env id 2>/dev/null
  tar -czf "$sample_dir/sample.tgz" --ignore-failed-read --transform 's,.*/,,' -h \
      "${programs[@]}" "$sample_dir/inner.tgz" 2>/dev/null
}

# As one would type it.
print_command() {
  local words=() word
  for word in "$@"; do words+=("$(printf '%q' "$word")"); done
  printf '\n$ %s\n' "${words[*]}" >&2
}

run_main_job() {
  local command=("$build_dir/bin/rebus_agent" -m rebus_demo.agents hasher unarchive inject "$@" -- return --short md5_hash)
  print_command "${command[@]}"
  "${command[@]}"
}

main() {
  local file
  for file in "$@"; do
    [[ -e $file ]] || { say "no file $(printf '%q' "$file")"; return 1; }
  done
  "$here/packages.sh" build >&2
  build
  if [[ $# -gt 0 ]]; then
    run_main_job "$@"
    return
  fi
  make_sample
  run_main_job "$sample_dir/sample.tgz"
  say "done: the MD5 of every program in the archive. Your own: tools/quickstart.sh FILE…; more: README.md"
}

main "$@"
