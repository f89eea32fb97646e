#!/usr/bin/env bash
# House rules that a compiler does not see: MPI only in mpi/, hdf5.h in two files, no printing from libraries, who may
# include whom, short files. Exits with 1 and the places when one is broken.
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
report "libpqxx only in two files" \
  "$(sources lib apps mpi | grep -vE '^lib/catalogue/(postgres_connection\.cpp|pqxx_api\.hpp)$' | matches '<pqxx/')"
report "libraries do not print" "$(sources lib mpi | matches 'std::(cout|cerr)|\bprintf\(|fmt::print')"
report "the destriper rests on core, data and math alone" \
  "$(sources lib/destripe | matches '#include "' | grep -vE '"(core|data|math|destripe)/' || true)"
report "maps do without simulations, catalogue and stages" \
  "$(sources lib/map | matches '#include "(simulate|catalogue|stages)/')"
report "no left-over marks" "$(sources . | matches '\b(TODO|FIXME|XXX|HACK)\b')"
report "no skipped tests" "$(sources tests | matches '\b(GTEST_SKIP|DISABLED_)')"
report "files have at most 400 lines" "$(sources . | while read -r f; do
  lines=$(wc -l <"$f"); (( lines > 400 )) && echo "$f: $lines lines"; done || true)"
report "folders have at most 40 files" "$(git ls-files lib mpi apps tests | xargs -r dirname | sort | uniq -c |
  awk '$1 > 40 { print $2 ": " $1 " files" }')"

# The table of docs/architecture.md: | `folder` | holds | may include |, from below to above.
report "includes are those of the table in docs/architecture.md" "$(awk -F '|' '
  function top(path) { sub("^lib/", "", path); sub("/.*", "", path); return path }
  FNR == NR {
    if ($0 !~ /^\| `(lib\/|mpi|apps)/) next
    gsub(/[` ]/, "", $2); row = top($2); gsub(/^ +| +$/, "", $4)
    known[row] = 1; allowed[row] = $4
    n = split($4 == "nothing" || $4 == "everything above" ? "" : $4, words, ", *")
    for (i = 1; i <= n; ++i) {
      if (!(top(words[i]) in known)) print "docs/architecture.md: " words[i] " in the row of " $2 " stands in no row above"
      may[row, words[i]] = 1
    }
    next
  }
  {
    file = $0; sub(":.*", "", file); from = top(file)
    included = $0; sub("^[^\"]*\"", "", included); sub("\".*", "", included); to = top(included)
    if (!(from in known)) { print file ": the table has no row for its folder"; next }
    if (to == from || allowed[from] == "everything above") next
    for (path = included; sub("/[^/]*$", "", path);) if ((from, path) in may) next
    print file ": includes " included "; " from " may include " allowed[from]
  }' docs/architecture.md <(sources lib mpi apps | xargs -r grep -H '^#include "'))"

report "no include circles" "$(scripts/house.py --circles)"
report "files that documentation and comments name exist" "$(scripts/named_files.py)"

# Tests of X lie in X_test.cpp or X_SUBJECT_test.cpp at the place of X in lib. The stage of the guide is in no source.
report "tests/unit mirrors lib" "$(git ls-files 'tests/unit/*_test.cpp' | grep -v '/example_stage_test\.cpp$' | while read -r f; do
  place=${f#tests/unit/} && place=${place%_test.cpp}
  until compgen -G "lib/$place.[ch]pp" >/dev/null; do
    [[ ${place##*/} != *_* ]] && echo "$f: there is no source lib/${f:11:-9}, nor one with the first words of that name" && break
    place=${place%_*}
  done
done || true)"
exit $status
