#include "io/map/product_config.hpp"

#include <fmt/core.h>

#include <filesystem>
#include <fstream>

#include "core/error.hpp"
#include "core/regular_file.hpp"
#include "io/hdf5/h5.hpp"

namespace comap {
bool begins_with(const std::string& path, std::string_view signature) {
  std::string begin(signature.size(), '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(begin.data(), std::ssize(begin));
  return begin == signature;
}

namespace {

std::string config_of_hdf5(const std::string& path) {
  const auto value = h5::File::open_read(path).attribute("/", std::string(kConfigAttribute));
  return value ? h5::to_text(*value) : "";
}

}  // namespace

std::optional<std::string> product_config(const std::string& path) {
  require_regular_file(path);
  if (!std::filesystem::exists(path)) throw IoError(fmt::format("{}: there is no such file", path));
  std::string text;
  if (begins_with(path, kHdf5Signature)) {
    text = config_of_hdf5(path);
  } else if (begins_with(path, "SIMPLE  =")) {
    text = config_of_fits(path);
  } else {
    return std::nullopt;
  }
  if (!text.empty()) return text;
  throw IoError(fmt::format(
      "{}: holds no configuration as a whole; versions before 0.3 wrote it into HISTORY, which diff can read; "
      "or it is cut off",
      path));
}

}  // namespace comap
