#include "probe.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "catalogue/inspect_file.hpp"
#include "check/check_file.hpp"
#include "core/error.hpp"
#include "level2/provenance.hpp"

namespace comap {
namespace {

constexpr auto kCommand = "probe";
constexpr auto kHeaders = "headers";
constexpr auto kContents = "contents";
constexpr double kTimeout_s = 300.0;              // of one file, on a slow file system
constexpr ::rlim_t kMemory = ::rlim_t{16} << 30;  // bytes of address space; more only a damaged file asks for

void limit_process() {
  const ::rlimit memory{kMemory, kMemory}, no_core{0, 0};
  ::setrlimit(RLIMIT_AS, &memory);
  ::setrlimit(RLIMIT_CORE, &no_core);
}

// What is wrong with a file that can be read is found out again, and said, by who reads it.
void read_headers(const char* path) {
  const FileFinding finding = inspect_file(path, DataLevel::level1);
  if (finding.state == FileState::missing || finding.state == FileState::unreadable) return;
  try {
    read_stage_records(h5::File::open_read(path));
  } catch (const Error&) {
    return;
  }
}

}  // namespace

DeadlyFiles make_probe(ProbeDepth depth) {
  const FileProbe probe({"/proc/self/exe", kCommand, depth == ProbeDepth::headers ? kHeaders : kContents}, kTimeout_s);
  return [probe](const std::vector<std::string>& paths) { return probe.deadly_files(paths); };
}

bool is_probe(int argc, char** argv) { return argc > 2 && std::string_view(argv[1]) == kCommand; }

int run_probe(int argc, char** argv) {
  limit_process();
  const bool headers = std::string_view(argv[2]) == kHeaders;
  for (int i = 3; i < argc; ++i) {
    headers ? read_headers(argv[i]) : static_cast<void>(check_file(argv[i], Level2Config(), TodDepth::touch));
    std::fputs("read\n", stdout);
    std::fflush(stdout);
  }
  std::_Exit(0);
}

}  // namespace comap
