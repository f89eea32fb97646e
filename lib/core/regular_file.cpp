#include "core/regular_file.hpp"

#include <fmt/core.h>

#include <filesystem>

#include "core/error.hpp"

namespace comap {

std::string problem_of_kind(const std::string& path) {
  using std::filesystem::file_type;
  std::error_code ignored;
  switch (std::filesystem::status(path, ignored).type()) {
    case file_type::directory:
      return "is a directory, not a file";
    case file_type::fifo:
      return "is a named pipe, not a file";
    case file_type::socket:
      return "is a socket, not a file";
    case file_type::block:
    case file_type::character:
      return "is a device, not a file";
    default:
      return "";
  }
}

void require_regular_file(const std::string& path) {
  if (const std::string problem = problem_of_kind(path); !problem.empty()) {
    throw IoError(fmt::format("{}: {}", path, problem));
  }
}

}  // namespace comap
