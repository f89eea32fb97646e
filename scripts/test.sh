#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test: format, house rules, unit tests with MPI and,
# under the sanitizers, without it, MPI tests with 1 to 4 ranks, and the integration tests. Works from any directory, twice in a row.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/install_dependencies.sh
jobs=$(nproc)

step() { printf '\n== %s (%s s)\n' "$1" "$SECONDS"; }

step "format and house rules"
git ls-files '*.cpp' '*.hpp' | xargs clang-format --dry-run --Werror
scripts/check_rules.sh

step "build: release"
cmake --preset release >/dev/null
cmake --build --preset release -j "$jobs"

step "tests: release"
ctest --preset release -j "$jobs"

step "unit tests without MPI, under address and undefined-behaviour sanitizers"
cmake --preset asan >/dev/null
cmake --build --preset asan -j "$jobs"
ctest --preset asan -j "$jobs"

step "all tests passed"
