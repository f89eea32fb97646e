#!/usr/bin/env bash
# Called by rattler-build: ERFA beside the sources, static, then comap_mpi. The channel's compilers set -march.
set -euo pipefail
libraries=$PWD/libraries
meson setup erfa/build erfa --prefix="$libraries" --libdir=lib --buildtype=release --default-library=static
meson install -C erfa/build
# shellcheck disable=SC2086
PKG_CONFIG_PATH=$libraries/lib/pkgconfig:$PREFIX/lib/pkgconfig \
  cmake -S comap_mpi -B build -G Ninja ${CMAKE_ARGS:-} -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX="$PREFIX" \
  -DCMAKE_PREFIX_PATH="$libraries;$PREFIX" -DHDF5_ROOT="$PREFIX" -DCOMAP_ARCH= -DCOMAP_BUILD_TESTS=OFF \
  -DCOMAP_BUILD_BENCHMARKS=OFF
cmake --build build -j "${CPU_COUNT:-2}"
cmake --install build
