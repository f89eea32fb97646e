#!/usr/bin/env bash
# From nothing to a map: installs what is missing, builds, simulates a few observations, reduces them, makes a
# destriped map below ./demo of this tree, and shows how it compares with the simulated sky.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/install_dependencies.sh
if [[ ! -f build/demo/build.ninja ]]; then
  cmake -S . -B build/demo -G Ninja -DCMAKE_BUILD_TYPE=Release -DCOMAP_BUILD_TESTS=OFF -DCOMAP_BUILD_BENCHMARKS=OFF >/dev/null
fi
cmake --build build/demo --target comap_mpi
scripts/mpirun.sh "$(nproc)" build/demo/comap_mpi run configs/quickstart.toml
echo
"$(scripts/find_python.sh)" scripts/map_metrics.py --truth demo/level1/*_truth.hdf5 -- demo/maps/quickstart_band0.fits
echo
echo "map:     $PWD/demo/maps/quickstart_band0.fits"
echo "picture: $PWD/demo/maps/quickstart_band0.png"
