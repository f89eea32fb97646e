#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test: format, house rules, unit tests with MPI and,
# under the sanitizers, without it, MPI tests with 1 to 4 ranks, also under the sanitizers, the integration tests and
# samples of the fault tests. Works from any directory, twice in a row. By hand: scripts/sanitize.sh, coverage.sh, fuzz.sh.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/install_dependencies.sh
jobs=$(nproc)
export CCACHE_NOHASHDIR=1 CCACHE_BASEDIR=$PWD  # what two builds, or two checkouts, compile alike is compiled once

step() { printf '\n== %s (%s s)\n' "$1" "$SECONDS"; }

step "format and house rules"
git ls-files '*.cpp' '*.hpp' | xargs clang-format --dry-run --Werror
scripts/check_rules.sh

step "build: release"
cmake --preset release -DCOMAP_WERROR=ON >/dev/null
cmake --build --preset release -j "$jobs"

step "tests: release"
ctest --preset release -j "$jobs"

step "unit tests without MPI, under address and undefined-behaviour sanitizers"
cmake --preset asan >/dev/null
cmake --build --preset asan -j "$jobs"
ctest --preset asan -j "$jobs"

step "MPI tests under the same sanitizers"
cmake --preset asan-mpi >/dev/null
cmake --build --preset asan-mpi -j "$jobs" --target mpi_tests
ctest --preset asan-mpi -j "$jobs"

step "all tests passed"
