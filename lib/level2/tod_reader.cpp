#include "level2/tod_reader.hpp"

#include <fmt/core.h>
#include <libdeflate.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <memory>
#include <numeric>

#include "core/error.hpp"
#include "data/array.hpp"

namespace comap {
namespace {

/// Inflated chunks kept: two chunks of the archive (1 x 4 x 1024 x 4000 float32), the one in hand and the one before.
constexpr std::size_t kChunkCacheBytes = 2 * std::size_t{4} * 1024 * 4000 * sizeof(float);

std::uint64_t product(const h5::Extent& extent) {
  return std::accumulate(extent.begin(), extent.end(), std::uint64_t{1}, std::multiplies<>());
}

/// HDF5's shuffle filter stores byte k of all elements together.
void unshuffle(std::span<const std::byte> shuffled, std::span<float> values) {
  const std::size_t n = values.size();
  auto* out = reinterpret_cast<std::byte*>(values.data());
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < sizeof(float); ++k) out[sizeof(float) * i + k] = shuffled[n * k + i];
  }
}

}  // namespace

TodReader::TodReader(const h5::File& file, const BandOrder& order)
    : dataset_(file.open("spectrometer/tod")), order_(order), where_(file.path() + ": spectrometer/tod") {
  if (dataset_.info().extent.size() != 4) throw ObservationError(where_ + ": must have 4 axes");
}

void TodReader::read(const TodSlab& slab, std::span<float> out) {
  if (order_.is_ours()) {
    read_stored(slab, out);
  } else {
    read_in_our_order(slab, out);
  }
  tod_bytes_read_ += out.size_bytes();
}

void TodReader::read_in_our_order(const TodSlab& slab, std::span<float> out) {
  const auto wanted = std::span(order_.stored_band).subspan(slab.first_band, slab.n_bands);
  TodSlab stored = slab;
  if (!wanted.empty()) {
    // One read of all that lies between: in a parallel file the number of reads must be that of the other ranks.
    const auto [first, last] = std::ranges::minmax(wanted);
    stored.first_band = first;
    stored.n_bands = last - first + 1;
  }
  const auto shape = shape_of(stored.n_bands, n_channels(), slab.n_samples);
  const View<float, 3> block(unordered_.of_size(n_elements(shape)).data(), shape);
  const View<float, 3> ours(out.data(), shape_of(slab.n_bands, n_channels(), slab.n_samples));
  read_stored(stored, block.flat());
  for (int band = 0; band < slab.n_bands; ++band) {
    const bool is_reversed = order_.is_reversed[slab.first_band + band];
    for (Index channel = 0; channel < n_channels(); ++channel) {
      const Index place = is_reversed ? n_channels() - 1 - channel : channel;
      std::ranges::copy(block.row(wanted[band] - stored.first_band, place), ours.row(band, channel).begin());
    }
  }
}

void TodReader::read_stored(const TodSlab& slab, std::span<float> out) {
  const bool empty = slab.n_samples == 0 || slab.n_bands == 0;
  if (reads_raw_chunks(dataset_.info())) {
    if (!empty) read_by_chunks(slab, out);
  } else if (empty) {
    dataset_.read(h5::Slab::none(4), std::span<float>());
  } else {
    dataset_.read({h5::extent_of(slab.feed_row, slab.first_band, 0, slab.start),
                   h5::extent_of(1, slab.n_bands, n_channels(), slab.n_samples)},
                  out);
    stored_bytes_read_ += out.size_bytes();
  }
}

void TodReader::read_by_chunks(const TodSlab& slab, std::span<float> out) {
  const h5::Extent& chunk = dataset_.info().chunk;
  const std::uint64_t n_samples = slab.n_samples, first = slab.start, feed = slab.feed_row, channels = n_channels();
  const std::uint64_t first_band = slab.first_band, last_band = first_band + slab.n_bands;
  const auto floor_to = [](std::uint64_t value, std::uint64_t step) { return value / step * step; };

  for (std::uint64_t time = floor_to(first, chunk[3]); time < first + n_samples; time += chunk[3]) {
    for (std::uint64_t band = floor_to(first_band, chunk[1]); band < last_band; band += chunk[1]) {
      for (std::uint64_t channel = 0; channel < channels; channel += chunk[2]) {
        const InflatedChunk& inflated = chunk_at({floor_to(feed, chunk[0]), band, channel, time});
        const std::uint64_t from = std::max(time, first);
        const std::uint64_t to = std::min(time + chunk[3], first + n_samples);
        for (std::uint64_t b = std::max(band, first_band); b < std::min(band + chunk[1], last_band); ++b) {
          for (std::uint64_t c = channel; c < std::min(channel + chunk[2], channels); ++c) {
            const std::uint64_t row = ((feed % chunk[0]) * chunk[1] + (b - band)) * chunk[2] + (c - channel);
            std::copy_n(inflated.values.data() + row * chunk[3] + (from - time), to - from,
                        out.data() + ((b - first_band) * channels + c) * n_samples + (from - first));
          }
        }
      }
    }
  }
}

TodReader::InflatedChunk& TodReader::chunk_to_replace() {
  const std::size_t n_values = product(dataset_.info().chunk);
  if (cache_.empty() || (cache_.size() + 1) * n_values * sizeof(float) <= kChunkCacheBytes) {
    return cache_.emplace_back();
  }
  // Passes go forward in time: what lies furthest back is not needed again, while a chunk at the end of the
  // observation, read for its vane event, will be.
  return *std::ranges::min_element(cache_, {}, [](const InflatedChunk& chunk) {
    return chunk.start.empty() ? std::pair<std::uint64_t, std::uint64_t>{0, 0}
                               : std::pair{chunk.start[0], chunk.start[3]};
  });
}

const TodReader::InflatedChunk& TodReader::chunk_at(const h5::Extent& start) {
  const auto found = std::ranges::find(cache_, start, &InflatedChunk::start);
  if (found != cache_.end()) return *found;
  InflatedChunk& chunk = chunk_to_replace();
  chunk.start.clear();  // a failed read must not leave a chunk that looks valid
  chunk.values = chunk.memory.of_size(product(dataset_.info().chunk));
  const std::uint32_t skipped = dataset_.read_raw_chunk(start, stored_);
  stored_bytes_read_ += stored_.size();
  inflate(stored_, skipped, chunk.values);
  chunk.start = start;
  return chunk;
}

void TodReader::inflate(const std::vector<std::byte>& stored, std::uint32_t skipped_filters, std::span<float> values) {
  if (stored.empty()) throw ObservationError(where_ + ": a chunk was never written; the file is incomplete");
  const bool shuffle = dataset_.info().shuffle;
  const bool shuffled = shuffle && (skipped_filters & 1U) == 0;
  const bool deflated = (skipped_filters & (shuffle ? 2U : 1U)) == 0;
  const std::span<float> target = shuffled ? shuffled_.of_size(values.size()) : values;
  if (deflated) {
    thread_local const std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)> inflater(
        libdeflate_alloc_decompressor(), &libdeflate_free_decompressor);
    if (libdeflate_zlib_decompress(inflater.get(), stored.data(), stored.size(), target.data(), values.size_bytes(),
                                   nullptr) != LIBDEFLATE_SUCCESS) {
      throw ObservationError(where_ + ": a chunk cannot be inflated; the file is damaged, fetch it again");
    }
  } else if (stored.size() == values.size_bytes()) {
    std::memcpy(target.data(), stored.data(), stored.size());
  } else {
    throw ObservationError(where_ + ": a chunk has the wrong size; the file is damaged, fetch it again");
  }
  if (shuffled) unshuffle(std::as_bytes(target), values);
}

}  // namespace comap
