#!/usr/bin/env bash
# tidy.sh [SOURCES...]: clang-tidy with the checks of .clang-tidy over lib/, mpi/ and apps/, or over the sources given.
# For developers; not part of scripts/test.sh, because it takes a quarter of an hour of processor time.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cmake --preset release -B build/tidy -DCOMAP_BATCH=1 -DCOMAP_BUILD_TESTS=OFF -DCOMAP_BUILD_BENCHMARKS=OFF >/dev/null
if [[ $# == 0 ]]; then
  mapfile -t sources < <(git ls-files 'lib/*.cpp' 'mpi/*.cpp' 'apps/*.cpp')
else
  sources=("$@")
fi
printf '%s\0' "${sources[@]}" | xargs -0 -n 1 -P "$(nproc)" nice clang-tidy -p build/tidy --quiet
echo "clang-tidy found nothing in ${#sources[@]} sources"
