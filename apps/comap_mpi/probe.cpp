#include "probe.hpp"

#include <fmt/core.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <new>
#include <nlohmann/json.hpp>
#include <string_view>

#include "catalogue/inspect_file.hpp"
#include "config/config_parser.hpp"
#include "core/constants.hpp"
#include "core/error.hpp"
#include "core/json_text.hpp"
#include "core/message.hpp"
#include "io/level2/level2_reader.hpp"
#include "io/map/map_reader.hpp"
#include "level2/provenance.hpp"
#include "sky/healpix_map.hpp"
#include "stages/stage_list.hpp"

namespace comap {
namespace {

constexpr auto kCommand = "probe";
constexpr auto kCheck = "check";
constexpr int kTookTooMuch = 1;                   // exit code
constexpr double kTimeout_s = 300.0;              // of one file, on a slow file system
constexpr double kDeepTimeout_s = 3600.0;         // where all TOD are read
constexpr ::rlim_t kMemory = ::rlim_t{16} << 30;  // bytes of address space; more only a damaged file asks for
constexpr std::array kDepths = {"headers", "contents", "map", "sky_map"};  // by ProbeDepth

/// A batch system signals every process of a job: that it is to stop says nothing of the file that is read here.
void ignore_stop_signals() {
  for (const int number : {SIGINT, SIGTERM, SIGUSR1}) std::signal(number, SIG_IGN);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // it ends with the one that asked
}

void limit_process() {
  const ::rlimit memory{kMemory, kMemory}, no_core{0, 0};
  ::setrlimit(RLIMIT_AS, &memory);
  ::setrlimit(RLIMIT_CORE, &no_core);
}

/// The fault of a file that can be read is found again, and said, by who reads it.
template <typename Work>
void unless_refused(const Work& work) {
  try {
    work();
  } catch (const Error&) {
  }
}

void read_stream_of_a_feed(const std::string& path, const std::string& dataset) {
  const Level2Reader file(path, dataset);
  for (int feed = 1; feed <= kScienceFeeds; ++feed) {
    if (!file.has_feed(feed)) continue;
    file.read_pointing(feed);
    file.read_stream(feed, 0);
    return;
  }
}

void read_headers(const std::string& path) {
  const FileFinding finding = inspect_file(path, DataLevel::level1);
  if (finding.state == FileState::missing || finding.state == FileState::unreadable) return;
  unless_refused([&] { read_stage_records(h5::File::open_read(path)); });
  for (const char* dataset : {"binned_filtered_data", "binned_data"}) {
    unless_refused([&] { read_stream_of_a_feed(path, dataset); });
  }
}

/// The line about a file.
std::string read_file(ProbeDepth depth, const std::string& path) {
  unless_refused([&] {
    if (depth == ProbeDepth::headers) read_headers(path);
    if (depth == ProbeDepth::contents) check_file(path, Level2Config(), TodDepth::touch);
    if (depth == ProbeDepth::map) read_map(path);
    if (depth == ProbeDepth::sky_map) const HealpixSky sky(path);
  });
  return "read";
}

std::string check_one(const Level2Config& config, TodDepth depth, const std::string& path) {
  const CheckedLevelFile checked = check_file(path, config, depth);
  nlohmann::json findings = nlohmann::json::array();
  for (const Finding& finding : checked.findings) findings.push_back({finding.dataset, finding.what, finding.remedy});
  return json_text({static_cast<int>(checked.kind), findings});
}

CheckedLevelFile checked_file(const std::string& path, const ProbedFile& probed) {
  CheckedLevelFile checked{path, FileKind::unknown, {}};
  if (!probed.deadly.empty()) {
    checked.findings.push_back({"", probed.deadly, "it is damaged: do not use it; fetch it, or make it, again"});
    return checked;
  }
  const auto json = nlohmann::json::parse(probed.line);
  checked.kind = static_cast<FileKind>(json.at(0).get<int>());
  for (const auto& finding : json.at(1)) checked.findings.push_back({finding.at(0), finding.at(1), finding.at(2)});
  return checked;
}

bool is_to_die_at(std::string_view path) {
  const char* part = std::getenv("COMAP_MPI_PROBE_DIES");
  return part != nullptr && *part != '\0' && path.find(part) != std::string_view::npos;
}

void say(const std::string& line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

}  // namespace

DeadlyFiles make_probe(ProbeDepth depth) {
  const FileProbe probe({"/proc/self/exe", kCommand, kDepths.at(static_cast<std::size_t>(depth))}, kTimeout_s);
  return [probe](const std::vector<std::string>& paths) { return probe.deadly_files(paths); };
}

std::map<std::string, std::string> deadly_files(const Communicator& world, const std::vector<std::string>& paths,
                                                ProbeDepth depth) {
  const auto all_paths = share(world, paths);
  std::vector<std::string> my_paths;
  const std::size_t n_ranks = world.size();
  for (std::size_t i = world.rank(); i < all_paths.size(); i += n_ranks) {
    if (!all_paths[i].empty()) my_paths.push_back(all_paths[i]);
  }
  std::map<std::string, std::string> mine, all;
  world.run_agreed("reading files in a process of its own", [&] { mine = make_probe(depth)(my_paths); });
  for (auto& of_rank : all_gather(world, mine)) all.merge(of_rank);
  return all;
}

void require_harmless(const std::string& path, ProbeDepth depth) {
  if (path.empty()) return;
  for (const auto& [deadly, reason] : make_probe(depth)({path})) {
    throw ObservationError(fmt::format("{}: {}", deadly, reason));
  }
}

std::vector<CheckedLevelFile> check_files(const std::vector<std::string>& paths, const Config& config, TodDepth depth) {
  const FileProbe probe({"/proc/self/exe", kCommand, kCheck, std::to_string(static_cast<int>(depth)),
                         config_of_product(config, Product::level2, all_stages())},
                        depth == TodDepth::all ? kDeepTimeout_s : kTimeout_s);
  const std::vector<ProbedFile> probed = probe.read(paths);
  std::vector<CheckedLevelFile> checked;
  for (std::size_t i = 0; i < paths.size(); ++i) checked.push_back(checked_file(paths[i], probed[i]));
  return checked;
}

bool is_probe(int argc, char** argv) { return argc > 2 && std::string_view(argv[1]) == kCommand; }

int run_probe(int argc, char** argv) {
  ignore_stop_signals();
  limit_process();
  const std::string_view depth = argv[2];
  std::function<std::string(const std::string&)> read;
  int first = 3;
  if (depth == kCheck && argc > 5) {
    first = 5;
    read = [level2 = parse_config(argv[4], "[level2]", {}, all_stages()).level2,
            tod = static_cast<TodDepth>(std::atoi(argv[3]))](const std::string& path) {
      return check_one(level2, tod, path);
    };
  } else {
    const auto found = std::ranges::find(kDepths, depth);
    if (found == kDepths.end()) throw ConfigError(fmt::format("probe: there is no depth '{}'", depth));
    read = [found](const std::string& path) {
      return read_file(static_cast<ProbeDepth>(found - kDepths.begin()), path);
    };
  }
  for (int i = first; i < argc; ++i) {
    if (is_to_die_at(argv[i])) std::raise(SIGKILL);
    try {
      say(read(argv[i]));
    } catch (const std::bad_alloc&) {
      fmt::print(stderr, "it asks for more than {} GB of memory\n", kMemory >> 30);
      std::_Exit(kTookTooMuch);
    }
  }
  std::_Exit(0);
}

}  // namespace comap
