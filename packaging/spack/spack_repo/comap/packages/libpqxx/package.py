"""libpqxx, which Spack's own packages lack."""

from spack_repo.builtin.build_systems.cmake import CMakePackage

from spack.package import *


class Libpqxx(CMakePackage):
    """The C++ interface of PostgreSQL."""

    homepage = "https://pqxx.org"
    git = "https://github.com/jtv/libpqxx.git"
    license("BSD-3-Clause")
    version("7.10.0", tag="7.10.0")

    depends_on("c", type="build")
    depends_on("cxx", type="build")
    depends_on("postgresql")

    def cmake_args(self):
        return [
            self.define("BUILD_SHARED_LIBS", True),
            self.define("SKIP_BUILD_TEST", True),
            self.define("PostgreSQL_ROOT", self.spec["postgresql"].prefix),
        ]
