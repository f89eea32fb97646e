#!/usr/bin/env bash
# build.sh [--json FILE] [COMMIT]: processor time from a clone to comap_mpi, of COMMIT (5500372) and of this tree at the
# same time, and the time until a change of one stage is in the program. Exits with 1 above the limits.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
json=/dev/null
if [[ ${1:-} == --json ]]; then
  json=$(realpath "$2")
  shift 2
fi
commit=${1:-5500372}
limit=0.4 limit_rebuild_s=20
half=$((($(nproc) + 1) / 2))
export CCACHE_DISABLE=1 TIMEFORMAT='%R %U %S'
scratch=$(mktemp -d)
trap 'git worktree remove --force "$scratch/then"; rm -rf "$scratch"' EXIT

timed() { # timed NAME COMMAND...: seconds that passed, of processors for the user and for the system, in a file NAME
  { time "${@:2}" >"$scratch/$1.log" 2>&1; } 2>"$scratch/$1" || { cat "$scratch/$1.log" >&2; exit 1; }
}
configure() { cmake -S "$scratch/$1" -B "$scratch/$1/build" --preset release -DCOMAP_CCACHE= -DCOMAP_BUILD_BENCHMARKS=OFF; }
build() { ninja -C "$scratch/$1/build" -j "$2" comap_mpi; }
from_nothing() { configure "$1" && build "$1" "$half"; }
rebuild() { # rebuild NAME FILE: after a change of a file of this tree
  touch "$scratch/now/$2"
  timed "$1" build now "$(nproc)"
}

git worktree add --quiet --detach "$scratch/then" "$commit"
mkdir "$scratch/now"
git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$scratch/now"
timed time_then from_nothing then &
timed time_now from_nothing now
wait $!
rebuild time_source lib/stages/noise_stats_level2.cpp
rebuild time_header lib/stages/noise_stats_level2.hpp

cd "$scratch"
awk -v commit="$commit" -v limit=$limit -v limit_s=$limit_rebuild_s -v json="$json" '
  { elapsed[FILENAME] = $1; processor[FILENAME] = $2 + $3 }
  END {
    ratio = processor["time_now"] / processor["time_then"]
    printf "%-34s %8.1f s\n", "processor time, " commit, processor["time_then"]
    printf "%-34s %8.1f s\n", "processor time, this tree", processor["time_now"]
    printf "%-34s %8.3f    (limit %.1f)\n", "ratio", ratio, limit
    printf "%-34s %8.1f s  (limit %d s)\n", "after a change of a stage", elapsed["time_source"], limit_s
    printf "%-34s %8.1f s  (limit %d s)\n", "after a change of its header", elapsed["time_header"], limit_s
    printf "{\"commit\": \"%s\", \"processor_then_s\": %.1f, \"processor_now_s\": %.1f, \"ratio\": %.3f, \"limit\": %.1f, " \
           "\"rebuild_source_s\": %.1f, \"rebuild_header_s\": %.1f, \"limit_rebuild_s\": %d}\n", commit,
           processor["time_then"], processor["time_now"], ratio, limit, elapsed["time_source"], elapsed["time_header"],
           limit_s >json
    exit ratio > limit || elapsed["time_source"] > limit_s || elapsed["time_header"] > limit_s
  }' time_then time_now time_source time_header
