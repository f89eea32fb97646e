#!/usr/bin/env bash
# sanitize.sh [address|thread]: the parallel program under sanitizers. By hand; building takes a quarter of an hour of 2
# cores each.
# address (default): address and undefined behaviour over the MPI tests and samples of the fault tests, without kills,
# after which a sanitizer has nothing to say.
# thread: over what has threads: children, claims of runs, reading ahead.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
case ${1:-address} in
  address) preset=asan-mpi; targets=(comap_mpi mpi_tests injected_errors); tests='^(mpi\.|faults\.(agreement_points|damaged_files|injected_errors)$)' ;;
  thread) preset=tsan; targets=(comap_mpi unit_core unit_acquire)
          tests='^(unit\.core|unit\.acquire|integration\.(ranks|two_runs))$' ;;
  *) echo "usage: sanitize.sh [address|thread]" >&2; exit 2 ;;
esac
scripts/install_dependencies.sh
cmake --preset $preset >/dev/null
cmake --build --preset $preset -j "$(nproc)" --target "${targets[@]}"
ctest --test-dir build/$preset -R "$tests" --output-on-failure
