#!/usr/bin/env bash
# coverage.sh [CTEST OPTIONS...]: which lines of lib/ and mpi/ the tests run: unit, MPI and integration tests (without a
# cluster) in a build that counts (preset `coverage`). Writes build/coverage/report/index.html and lines.txt, prints the
# percentages, and fails below 90 % of the lines of either. By hand: it takes about 20 minutes of 2 cores.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly LEAST_PERCENT=90
scripts/install_dependencies.sh gcovr
jobs=$(nproc)
build=build/coverage

cmake --preset coverage >/dev/null
cmake --build --preset coverage -j "$jobs"
find $build -name '*.gcda' -delete
ctest --preset coverage -j "$jobs" "$@"

mkdir -p $build/report
gcovr --root . --object-directory $build --filter lib/ --filter mpi/ -j "$jobs" --json $build/report/lines.json $build
gcovr --root . -a $build/report/lines.json --html-details $build/report/index.html --txt $build/report/lines.txt
status=0
for folder in lib mpi; do
  echo "$folder/:"
  gcovr --root . -a $build/report/lines.json --filter "$folder/" --print-summary --fail-under-line $LEAST_PERCENT \
    --output $build/report/$folder.txt | grep '^lines' || status=1
done
(( status == 0 )) || echo "fewer than $LEAST_PERCENT % of the lines are run; see $build/report/index.html"
exit $status
