#include "mpi/io_benchmark.hpp"

#include <fcntl.h>
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <exception>
#include <optional>
#include <span>

#include "core/error.hpp"
#include "core/file_descriptor.hpp"
#include "data/level2_datasets.hpp"
#include "io/hdf5/h5.hpp"
#include "level2/tod_reader.hpp"
#include "mpi/observation_queue.hpp"
#include "mpi/parallel_file.hpp"

namespace comap::mpi {
namespace {

constexpr double kMegabyte = 1e6;
constexpr std::uint64_t kPieceBytes = 64'000'000;  // of a read in the order of the file
constexpr const char* kTod = "spectrometer/tod";

double now_s() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// Stretches of time of one feed row.
std::vector<h5::Slab> slices(const h5::DatasetInfo& info, std::uint64_t row, std::uint64_t n_samples) {
  std::vector<h5::Slab> slabs;
  for (std::uint64_t start = 0; start < info.extent.back(); start += n_samples) {
    h5::Slab slab = h5::Slab::all(info.extent);
    slab.start.front() = row;
    slab.count.front() = 1;
    slab.start.back() = start;
    slab.count.back() = std::min(n_samples, info.extent.back() - start);
    slabs.push_back(std::move(slab));
  }
  return slabs;
}

/// Pieces of one feed row that lie together in a contiguous dataset, from `axis` on within `slab`.
void add_pieces(const h5::DatasetInfo& info, h5::Slab slab, std::size_t axis, std::vector<h5::Slab>& pieces) {
  std::uint64_t below = info.element_bytes;  // bytes of one step along this axis
  for (std::size_t inner = axis + 1; inner < info.extent.size(); ++inner) below *= info.extent[inner];
  const std::uint64_t step = std::max<std::uint64_t>(1, kPieceBytes / below);
  for (std::uint64_t start = 0; start < info.extent[axis]; start += step) {
    slab.start[axis] = start;
    slab.count[axis] = std::min(step, info.extent[axis] - start);
    if (below <= kPieceBytes || axis + 1 == info.extent.size()) {
      pieces.push_back(slab);
    } else {
      add_pieces(info, slab, axis + 1, pieces);
    }
  }
}

std::vector<h5::Slab> slabs_of_row(const h5::DatasetInfo& info, std::uint64_t row, IoAccess access,
                                   std::int64_t slice_samples) {
  if (access == IoAccess::slices) return slices(info, row, static_cast<std::uint64_t>(slice_samples));
  h5::Slab whole = h5::Slab::all(info.extent);
  whole.start.front() = row;
  whole.count.front() = 1;
  std::vector<h5::Slab> pieces;
  add_pieces(info, std::move(whole), 1, pieces);
  return pieces;
}

/// Takes the clean pages of a file out of the cache of this node.
void drop_from_cache(const std::string& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open() || ::posix_fadvise(file.number(), 0, 0, POSIX_FADV_DONTNEED) != 0) {
    throw IoError(path + ": cannot be dropped from the page cache");
  }
}

/// A file opened by its readers, read by slabs: TOD in stretches of time as level2 does it, stored chunks of gzip
/// included.
class MeasuredFile {
 public:
  MeasuredFile(const MpiCommunicator& team, const IoSetting& setting, const std::string& path,
               const std::string& dataset) {
    const ParallelFiles files(team, setting.hints);
    h5::DatasetInfo info;
    team.run_agreed("look into the file", [&] { info = h5::File::open_read(path).info(dataset); });
    const bool by_time = dataset == kTod && setting.access == IoAccess::slices;
    file_.emplace(files.open_read(path, !(by_time && TodReader::reads_raw_chunks(info))));
    if (by_time) {
      tod_.emplace(*file_);
    } else {
      dataset_.emplace(file_->open(dataset));
    }
  }

  const h5::DatasetInfo& info() const { return tod_ ? tod_->info() : dataset_->info(); }

  /// Collective over the team, which a rank without a share joins with nullptr.
  void read(const h5::Slab* slab, std::vector<float>& values) {
    const h5::Slab chosen = slab == nullptr ? h5::Slab::none(info().extent.size()) : *slab;
    values.resize(std::max<std::size_t>(values.size(), chosen.size()));
    const std::span<float> out(values.data(), chosen.size());
    if (!tod_) {
      dataset_->read(chosen, out);
    } else if (slab == nullptr) {
      tod_->read({}, out);
    } else {
      const auto i = [](std::uint64_t value) { return static_cast<std::int64_t>(value); };
      tod_->read(
          {static_cast<int>(slab->start[0]), 0, static_cast<int>(slab->count[1]), i(slab->start[3]), i(slab->count[3])},
          out);
    }
  }

 private:
  std::optional<h5::File> file_;
  std::optional<TodReader> tod_;
  std::optional<h5::Dataset> dataset_;
};

/// Measured by one rank in one repetition.
struct Share {
  std::int64_t bytes = 0;
  double end_s = 0.0;
  double open_s = 0.0;
  double reading_s = 0.0;
  double longest_read_s = 0.0;
  std::int64_t n_reads = 0;
};

/// Rows go round-robin to the ranks of the team. Collective over it: a rank that cannot read goes on to the end, where
/// it throws.
Share read_share(const IoSubject& subject, const IoSetting& setting, const std::string& path,
                 const MpiCommunicator& team, std::vector<float>& values) {
  Share share;
  const double begin_s = now_s();
  MeasuredFile file(team, setting, path, subject.dataset);
  share.open_s = now_s() - begin_s;
  std::exception_ptr failure;
  const std::uint64_t n_rows = file.info().extent.front();
  const auto n_ranks = static_cast<std::uint64_t>(team.size());
  for (std::uint64_t first = 0; first < n_rows; first += n_ranks) {
    const std::uint64_t row = first + static_cast<std::uint64_t>(team.rank());
    for (const h5::Slab& slab : slabs_of_row(file.info(), row, setting.access, subject.slice_samples)) {
      const double read_begin_s = now_s();
      try {
        file.read(row < n_rows ? &slab : nullptr, values);
      } catch (const Error&) {
        if (!failure) failure = std::current_exception();
      }
      if (row >= n_rows) continue;
      const double spent_s = now_s() - read_begin_s;
      share.reading_s += spent_s;
      share.longest_read_s = std::max(share.longest_read_s, spent_s);
      ++share.n_reads;
      share.bytes += static_cast<std::int64_t>(slab.size() * file.info().element_bytes);
    }
  }
  if (failure) std::rethrow_exception(failure);
  share.end_s = now_s() - begin_s;
  return share;
}

IoMeasurement over_all(const IoSetting& setting, const Share& share, const Communicator& world) {
  std::array<double, 3> most = {share.end_s, share.open_s, share.longest_read_s};
  world.max(most);
  const double reading_s = world.sum(share.reading_s);
  const std::int64_t n_reads = world.sum(share.n_reads);
  return {
      setting, world.sum(share.bytes), most[0], most[1], n_reads > 0 ? reading_s / static_cast<double>(n_reads) : 0.0,
      most[2]};
}

}  // namespace

double IoMeasurement::MB_per_s() const { return static_cast<double>(bytes) / kMegabyte / seconds; }

std::string dataset_to_read(const IoSubject& subject) {
  std::string dataset = subject.dataset;
  for (const std::string& path : subject.files) {
    const h5::File file = h5::File::open_read(path);
    if (dataset.empty()) dataset = file.exists(kTod) ? kTod : std::string(level2::kBinnedFiltered);
    if (!file.exists(dataset)) {
      throw ObservationError(fmt::format("{}: has no {}; name another with --dataset", path, dataset));
    }
    const std::size_t n_axes = file.info(dataset).extent.size();
    if (n_axes < 2 || (dataset == kTod && n_axes != 4)) {
      throw ObservationError(fmt::format("{}: {}: must have more axes: feed first, sample last", path, dataset));
    }
  }
  return dataset;
}

IoMeasurement measure_reading(const IoSubject& subject, const IoSetting& setting, const MpiCommunicator& world) {
  const int n_reading = setting.n_readers * setting.ranks_per_file;
  if (n_reading > world.size()) throw Bug("more ranks are to read than there are");
  const bool reads = world.rank() < n_reading;
  const int reader = reads ? world.rank() / setting.ranks_per_file : setting.n_readers;
  const MpiCommunicator team = world.split(reader, world.rank());
  const std::string& path = subject.files[static_cast<std::size_t>(reader) % subject.files.size()];
  std::optional<IoMeasurement> best;
  std::vector<float> values;
  for (int repeat = 0; repeat < subject.repeats; ++repeat) {
    world.run_agreed("page cache", [&] {
      if (subject.cold && reads) drop_from_cache(path);
    });
    Share share;
    std::exception_ptr failure;
    try {
      if (reads) share = read_share(subject, setting, path, team, values);
    } catch (...) {
      failure = std::current_exception();
    }
    restful_barrier(world);  // ranks that do not read leave the processors alone
    world.run_agreed("reading", [&] {
      if (failure) std::rethrow_exception(failure);
    });
    const IoMeasurement measured = over_all(setting, share, world);
    if (!best || measured.seconds < best->seconds) best = measured;
  }
  return *best;
}

const IoMeasurement& fastest(const std::vector<IoMeasurement>& measurements) {
  if (measurements.empty()) throw Bug("nothing was measured");
  const bool any_slices = std::ranges::any_of(
      measurements, [](const IoMeasurement& measured) { return measured.setting.access == IoAccess::slices; });
  const auto rate = [&](const IoMeasurement& measured) {
    return any_slices && measured.setting.access != IoAccess::slices ? -1.0 : measured.MB_per_s();
  };
  return *std::ranges::max_element(measurements, {}, rate);
}

}  // namespace comap::mpi
