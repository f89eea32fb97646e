#!/usr/bin/env bash
# platform_tests.sh NAME LABEL...: builds this tree, runs the tests of these labels, and leaves files for other platforms in
# build/travel/NAME; lines that begin with PLATFORM are for scripts/platform_table.py. Called by scripts/test_platforms.sh
# inside of a platform.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
platform=$1
shift
jobs=$(nproc)
export CCACHE_DIR=$PWD/build/ccache CCACHE_NOHASHDIR=1 CCACHE_BASEDIR=$PWD

report() { echo "PLATFORM $*"; }

. /etc/os-release
report name "$PRETTY_NAME"
report compiler "$(g++ -dumpfullversion)"
report cmake "$(cmake --version | sed -n '1s/.* //p')"
start=$SECONDS
cmake --preset release -DCOMAP_WERROR=ON 2>&1 | tee build.log
sed -n 's/^--   \([a-z0-9]*\) *\([^ ].*\)/PLATFORM library \1 \2/p' build.log
if ! cmake --build --preset release -j "$jobs" -- -k 0; then
  report build failed
  exit 1
fi
report build "$((SECONDS - start)) s"
status=0
for label in "$@"; do
  start=$SECONDS
  ctest --preset release -L "^$label\$" -j "$jobs" --output-junit "$PWD/build/$label.xml" || status=1
  report tests "$label" "$(grep -c '<testcase ' "build/$label.xml")" \
    "$(grep -c 'status="fail"' "build/$label.xml")" "$(grep -cE 'status="(notrun|disabled)"' "build/$label.xml")" \
    "$((SECONDS - start))"
  sed -n 's/.*testcase name="\([^"]*\)".*status="fail".*/PLATFORM failed '"$label"' \1/p' "build/$label.xml"
done
scripts/files_travel.py write build/travel "$platform" || { report failed "files written for others"; status=1; }
exit $status
