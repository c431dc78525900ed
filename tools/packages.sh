#!/bin/bash
# The one list of Debian packages that rebus needs, and how they are installed.
#
#   tools/packages.sh GROUP…    installs what is missing of: build, test, sanitizers, check, bench
#
# Needs root or sudo, and the network, only if something is missing.
set -euo pipefail

build=(cmake ninja-build ccache mold g++ pkg-config cppzmq-dev libzmq3-dev libmsgpack-cxx-dev libssl-dev libarchive-dev
       libmagic-dev librocksdb-dev libspdlog-dev libfmt-dev nlohmann-json3-dev libre2-dev zlib1g-dev libisal-dev libcli11-dev
       libyaml-cpp-dev libtlsh-dev libfuzzy-dev libseccomp-dev libclamav-dev libyara-dev libgmime-3.0-dev bubblewrap)
test=(libgtest-dev libgmock-dev
      graphviz file binutils iproute2 libarchive-tools zip 7zip xorriso cpio xz-utils zstd lz4 bzip2 gzip tar systemd
      ssdeep tlsh-tools pev python3-pefile nsis-common clamav clamav-daemon clamav-testfiles unar arj yara
      strace qemu-system-arm chromium fonts-dejavu-core)
sanitizers=(clang libclang-rt-dev llvm)
check=(clang-format clang-tidy git)
bench=(python3-magic libarchive-tools zip file time libbenchmark-dev gnuplot-nox)

wanted_packages() {
  local group
  for group in "$@"; do
    case $group in
      build) printf '%s\n' "${build[@]}" ;;
      test) printf '%s\n' "${test[@]}" ;;
      sanitizers) printf '%s\n' "${sanitizers[@]}" ;;
      check) printf '%s\n' "${check[@]}" ;;
      bench) printf '%s\n' "${bench[@]}" ;;
      *) echo "packages.sh: no group '$group': build, test, sanitizers, check, bench" >&2; return 2 ;;
    esac
  done
}

is_installed() {
  [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

as_root() {
  if [[ $EUID -eq 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "packages.sh: run this as root, or install sudo; it wants to run: $*" >&2
    return 1
  fi
}

main() {
  local wanted package missing=()
  wanted=$(wanted_packages "$@")
  for package in $wanted; do
    is_installed "$package" || missing+=("$package")
  done
  [[ ${#missing[@]} -eq 0 ]] && return 0
  echo "== installing ${#missing[@]} Debian packages: ${missing[*]}"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
}

main "$@"
