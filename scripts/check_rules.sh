#!/usr/bin/env bash
# House rules that a compiler does not see: MPI only in mpi/, hdf5.h in two files, no printing from libraries, short
# files. Exits with 1 and the places when one is broken.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
status=0
report() { # report RULE PLACES
  [[ -z $2 ]] && return
  printf 'rule broken: %s\n%s\n' "$1" "$2"
  status=1
}
sources() { git ls-files "$@" | grep -E '\.(cpp|hpp)$' || true; }
matches() { xargs -r grep -nE "$1" || true; }

report "MPI only in mpi/ and tests" "$(sources lib apps | matches '\bMPI_[A-Z]|<mpi\.h>')"
report "hdf5.h only in lib/io/hdf5/h5*.cpp and mpi/parallel_file.cpp" \
  "$(sources lib apps mpi | grep -vE '^(lib/io/hdf5/h5[a-z_]*\.(cpp|hpp)|mpi/parallel_file\.cpp)$' | matches '<hdf5\.h>')"
report "libpqxx only in one file" \
  "$(sources lib apps mpi | grep -v '^lib/catalogue/postgres_connection\.cpp$' | matches '<pqxx/')"
report "libraries do not print" "$(sources lib mpi | matches 'std::(cout|cerr)|\bprintf\(|fmt::print')"
report "the destriper rests on core, data and math alone" \
  "$(sources lib/destripe | matches '#include "' | grep -vE '"(core|data|math|destripe)/' || true)"
report "maps do without simulations, catalogue and stages" \
  "$(sources lib/map | matches '#include "(simulate|catalogue|stages)/')"
report "no left-over marks" "$(sources . | matches '\b(TODO|FIXME|XXX|HACK)\b')"
report "no skipped tests" "$(sources tests | matches '\b(GTEST_SKIP|DISABLED_)')"
report "files have at most 400 lines" "$(sources . | while read -r f; do
  lines=$(wc -l <"$f"); (( lines > 400 )) && echo "$f: $lines lines"; done || true)"
exit $status
