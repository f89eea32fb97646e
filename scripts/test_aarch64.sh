#!/usr/bin/env bash
# test_aarch64.sh [TESTS...]: compiles lib and its unit tests for 64-bit ARM, on x86, with Debian 12's cross compiler and arm64
# packages, and runs them under qemu-user: all of them, or those that match. Without MPI: that nothing of lib assumes x86
# is the question. By hand: needs root, mmdebstrap and network; emulated tests take about ten times as long.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/roots.sh
root=$directory/bookworm-aarch64/root
mkdir -p "${root%/*}"
libraries=(libceres-dev libcfitsio-dev libdeflate-dev liberfa-dev libfftw3-dev libfmt-dev libgtest-dev libhdf5-dev
  libhealpix-cxx-dev libpq-dev libpqxx-dev libspdlog-dev libsqlite3-dev libtomlplusplus-dev wcslib-dev)
programs=(ccache cmake fitsverify g++ g++-aarch64-linux-gnu git gnuplot-nox iproute2 libeigen3-dev ninja-build nlohmann-json3-dev pkg-config
  postgresql python3-astropy python3-h5py python3-healpy python3-numpy python3-scipy qemu-user rsync sqlite3)
packages=$(IFS=,; echo "${libraries[*]/%/:arm64},${programs[*]}")
make_root bookworm "$root" --architectures=amd64,arm64 --include="$packages"
copy_tree "$root"
say "building"
# qemu looks for the loader of ARM where Debian puts it; programs that tests call are those of x86.
scripts/in_root.sh "$root" bash -ec '
  cd /comap
  export CCACHE_DIR=/comap/build/ccache PKG_CONFIG_LIBDIR=/usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig
  cmake --preset serial -DCOMAP_WERROR=ON -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 \
    -DCMAKE_C_COMPILER=aarch64-linux-gnu-gcc -DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++ \
    -DCMAKE_LIBRARY_ARCHITECTURE=aarch64-linux-gnu -DCMAKE_CROSSCOMPILING_EMULATOR=/usr/bin/qemu-aarch64
  nice cmake --build --preset serial -j "${1:-2}" -- -k 0
  nice ctest --preset serial -R "$2" -j "${1:-2}" --timeout 3600' - "$(nproc)" "${1:-.}"
