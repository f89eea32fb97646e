"""comap_mpi for Spack 1.0 and later; docs/install.md says how to use it."""

import pathlib

from spack_repo.builtin.build_systems.cmake import CMakePackage, generator

from spack.package import *


class ComapMpi(CMakePackage):
    """Level-2 reduction and destriping map maker of the COMAP telescope."""

    git = f"file://{pathlib.Path(__file__).resolve().parents[6]}"  # the clone that this file lies in
    license("GPL-3.0-or-later")
    version("main", branch="main")
    generator("ninja")

    depends_on("c", type="build")
    depends_on("cxx", type="build")
    depends_on("cmake@3.25:", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("mpi")
    depends_on("hdf5@1.10: +mpi")
    for library in ("ceres-solver", "cfitsio", "cli11", "eigen@3.4:", "erfa", "fftw@3 precision=double", "fmt@9:",
                    "healpix-cxx@3.80:", "libdeflate", "libpqxx", "nlohmann-json", "postgresql", "spdlog@1.10:", "sqlite",
                    "tomlplusplus", "wcslib"):
        depends_on(library)
    depends_on("gnuplot", type="run")
    conflicts("%gcc@:11", msg="C++20 as of GCC 12")

    def cmake_args(self):
        return [
            self.define("COMAP_ARCH", ""),  # Spack's own compiler wrapper sets -march
            self.define("COMAP_BUILD_TESTS", False),
            self.define("COMAP_BUILD_BENCHMARKS", False),
            self.define("MPI_C_COMPILER", self.spec["mpi"].mpicc),
            self.define("HDF5_ROOT", self.spec["hdf5"].prefix),
        ]
