// Runs kept inputs through a fuzz target where no libFuzzer is: replay TARGET's executable FILES OR DIRECTORIES...
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files_of(const fs::path& place) {
  if (!fs::is_directory(place)) return {place};
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(place)) files.push_back(entry.path());
  return files;
}

}  // namespace

int main(int n_arguments, char** arguments) {
  int n_inputs = 0;
  for (int i = 1; i < n_arguments; ++i) {
    for (const fs::path& path : files_of(arguments[i])) {
      std::ifstream file(path, std::ios::binary);
      const std::string bytes{std::istreambuf_iterator<char>(file), {}};
      std::fprintf(stderr, "%s\n", path.c_str());
      LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
      ++n_inputs;
    }
  }
  std::fprintf(stderr, "%d inputs\n", n_inputs);
  return n_inputs > 0 ? 0 : 1;
}
