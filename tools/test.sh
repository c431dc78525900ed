#!/bin/bash
# Installs what is missing, builds, and runs every test.
#
#   tools/test.sh                  what is shipped (preset release)
#   tools/test.sh PRESET [CTEST-OPTION…]   another preset: dev, asan, tsan
set -euo pipefail
cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.."

preset=${1:-release}
shift || true

# libzmq and librocksdb of Debian are not instrumented: without this their locks are unseen and races reported that
# are none.
export TSAN_OPTIONS="ignore_noninstrumented_modules=1 halt_on_error=1 ${TSAN_OPTIONS:-}"
export UBSAN_OPTIONS="print_stacktrace=1 halt_on_error=1 ${UBSAN_OPTIONS:-}"

groups=(build test)
[[ $preset != asan && $preset != tsan ]] || groups+=(sanitizers)
tools/packages.sh "${groups[@]}"
tools/arm64_system.sh build/arm64
cmake --preset "$preset" -DBUILD_TESTING=ON
cmake --build --preset "$preset" --parallel "$(nproc)"
ctest --preset "$preset" --parallel "$(nproc)" "$@" </dev/null
