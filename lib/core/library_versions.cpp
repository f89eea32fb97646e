#include "core/library_versions.hpp"

#include <erfa.h>
#include <erfaextra.h>
#include <fftw3.h>
#include <fitsio.h>
#include <fmt/core.h>
#include <spdlog/version.h>
#include <sqlite3.h>
#include <toml++/toml.h>
#include <wcslib/wcs.h>

#include <Eigen/Core>
#include <array>
#include <nlohmann/json.hpp>

namespace comap {
namespace {

std::string dotted(int first, int second, int third) { return fmt::format("{}.{}.{}", first, second, third); }

/// fmt counts 10000 per major version and 100 per minor one.
std::string fmt_version() { return dotted(FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100); }

std::string cfitsio_version() { return fmt::format("{}.{}.{}", CFITSIO_MAJOR, CFITSIO_MINOR, CFITSIO_MICRO); }

std::string wcslib_version_text() {
  std::array<int, 3> parts{};
  return wcslib_version(parts.data());
}

}  // namespace

std::vector<std::pair<std::string, std::string>> library_versions() {
  return {
      {"CFITSIO", cfitsio_version()},
      {"Eigen", dotted(EIGEN_WORLD_VERSION, EIGEN_MAJOR_VERSION, EIGEN_MINOR_VERSION)},
      {"ERFA", eraVersion()},
      {"FFTW", fftw_version},
      {"fmt", fmt_version()},
      {"nlohmann/json", dotted(NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR, NLOHMANN_JSON_VERSION_PATCH)},
      {"spdlog", dotted(SPDLOG_VER_MAJOR, SPDLOG_VER_MINOR, SPDLOG_VER_PATCH)},
      {"SQLite", sqlite3_libversion()},
      {"toml++", dotted(TOML_LIB_MAJOR, TOML_LIB_MINOR, TOML_LIB_PATCH)},
      {"WCSLIB", wcslib_version_text()},
  };
}

}  // namespace comap
