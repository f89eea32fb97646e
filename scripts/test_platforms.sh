#!/usr/bin/env bash
# test_platforms.sh [SUITE[:MPI]...]: builds this tree on other releases of Debian, with -Werror, runs its tests there, and
# lets each read the files of every other; prints a table, and keeps it with the logs. Without arguments: bookworm
# bookworm:mpich trixie forky, and files of earlier runs (travel/) are not read.
#
# Roots of the suites, from the mirror of this machine, and compiled objects are kept in COMAP_PLATFORMS_DIR
# (/var/tmp/comap_platforms) between runs. COMAP_PLATFORM_LABELS chooses tests ("unit mpi integration faults"). Needs root,
# mmdebstrap and network; tests run in a network of their own.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/roots.sh
read -ra labels <<<"${COMAP_PLATFORM_LABELS:-unit mpi integration faults}"
platforms=("$@")
[[ $# -gt 0 ]] || platforms=(bookworm bookworm:mpich trixie forky)

receive_files() { # receive_files ROOT: of the other platforms
  mkdir -p "$directory/travel" "$1/comap/build"
  rsync -a --delete "$directory/travel" "$1/comap/build/"
}

run_platform() { # run_platform SUITE MPI
  local home=$directory/$1-$2 root=$directory/$1-$2/root label
  mkdir -p "$home"
  make_root "$1" "$root"
  copy_tree "$root"
  rm -rf "$directory/travel/$1-$2"
  receive_files "$root"
  COMAP_ROOT_NETWORK=shared scripts/in_root.sh "$root" bash /comap/scripts/install_dependencies.sh --mpi "$2" >&2
  scripts/in_root.sh "$root" bash /comap/scripts/platform_tests.sh "$1-$2" "${labels[@]}" >"$home/log" 2>&1 ||
    say "$1:$2: see $home/log"
  rsync -a "$root/comap/build/travel" "$directory/"
}

read_files_of_others() { # read_files_of_others SUITE MPI
  local home=$directory/$1-$2 root=$directory/$1-$2/root
  if [[ -d $directory/travel/$1-$2 ]]; then
    receive_files "$root"
    scripts/in_root.sh "$root" bash -c "cd /comap && scripts/files_travel.py read build/travel $1-$2" >>"$home/log" 2>&1 || true
  fi
  sed -n 's/^PLATFORM //p' "$home/log" >"$home/row"
}

[[ $# -gt 0 ]] || rm -rf "$directory/travel"
for i in "${!platforms[@]}"; do
  [[ ${platforms[i]} == *:* ]] || platforms[i]+=:openmpi
done
for platform in "${platforms[@]}"; do
  say "${platform/:/ with }"
  run_platform "${platform%:*}" "${platform#*:}"
done
rows=()
for platform in "${platforms[@]}"; do
  say "${platform/:/ with }: files of others"
  read_files_of_others "${platform%:*}" "${platform#*:}"
  rows+=("$directory/${platform/:/-}/row")
done

python3 scripts/platform_table.py "${labels[@]}" -- "${rows[@]}" | tee "$directory/table.md"
! grep -q "failed" "$directory/table.md"
