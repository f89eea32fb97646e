#include "destripe/run_maker.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "destripe/good_samples.hpp"

namespace comap {
namespace {

/// Builds runs and sums part after part, offset after offset.
template <std::size_t kLanes>
class RunMaker {
 public:
  RunMaker(const DestriperData& data, std::span<const DestriperStream> streams, const PixelNumbering& numbering,
           PixelRuns& runs, SampleSums& sums)
      : data_(data),
        streams_(streams),
        numbering_(numbering),
        runs_(runs),
        sums_(sums),
        max_length_(std::uint32_t{0xFFFFFFFF} >> runs.pixel_bits),
        has_airmass_(std::ranges::any_of(data.segments, &DestriperSegment::fits_airmass)),
        good_(longest_offset(), kLanes) {}

  void make() {
    allocate();
    for (std::size_t segment = 0; segment < data_.segments.size(); ++segment) add_segment(segment);
    for (const PixelSums& pixel : pixel_sums_) {
      for (std::size_t l = 0; l < kLanes; ++l) {
        sums_.map_weighted_tod.push_back(pixel.map_weighted_tod[l]);
        sums_.map_weight.push_back(pixel.map_weight[l]);
        sums_.hits.push_back(pixel.hits[l]);
      }
    }
  }

 private:
  /// The sums of one pixel, together in memory.
  struct alignas(32) PixelSums {
    std::array<double, kLanes> map_weighted_tod{};
    std::array<double, kLanes> map_weight{};
    std::array<double, kLanes> hits{};
  };

  /// The streams that share runs, and their weights.
  struct Part {
    std::size_t segment = 0;
    std::uint8_t lanes = 0;  ///< one bit for each
    std::array<double, kLanes> weight_per_K2{};

    bool holds(std::size_t lane) const { return (lanes >> lane & 1U) != 0; }
  };

  std::size_t longest_offset() const {
    std::int64_t longest = 0;
    for (const DestriperSegment& segment : data_.segments) longest = std::max(longest, segment.n_samples);
    return std::min<std::int64_t>(longest, runs_.layout.offset_length);
  }

  void allocate() {
    const std::size_t n_offsets = runs_.layout.n_offsets();
    pixel_sums_.resize(runs_.n_pixels);
    const std::size_t n_numbers = pixel_sums_.size() * kLanes;
    for (auto* map : {&sums_.map_weighted_tod, &sums_.map_weight, &sums_.hits}) map->reserve(n_numbers);
    if (!data_.solver_factor.empty()) sums_.solver_weight.assign(n_numbers, 0.0);
    if (solver_differs()) sums_.solver_weighted_tod.assign(n_numbers, 0.0);
    for (auto* array : {&runs_.airmass_deviation, &runs_.map_factor, &runs_.solver_factor}) {
      *array = LargeVector<float>(data_.pixel.get_allocator());
    }
    for (auto* array : {&runs_.run, &runs_.n_runs}) *array = LargeVector<std::uint32_t>(data_.pixel.get_allocator());
    runs_.n_runs.reserve(n_offsets);
    runs_.run.reserve(count_runs());
    for (auto* sum : {&sums_.offset_weight, &sums_.offset_weighted_tod}) sum->assign(n_offsets * kLanes, 0.0);
    if (has_airmass_) {
      runs_.airmass_deviation.reserve(runs_.run.capacity());
      sums_.mean_airmass.assign(n_offsets * kLanes, 0.0);
      sums_.airmass_rounding.assign(n_offsets * kLanes, 0.0);
    }
    if (!data_.weight_factor.empty()) runs_.map_factor.reserve(runs_.run.capacity());
    if (!data_.solver_factor.empty()) runs_.solver_factor.reserve(runs_.run.capacity());
    for (auto* sum : {&sums_.airmass_square, &sums_.airmass_total_square, &sums_.airmass_weighted_tod}) {
      sum->assign(data_.segments.size() * kLanes, 0.0);
    }
  }

  /// The solver has other weights or other data than the map.
  bool solver_differs() const {
    return !data_.solver_factor.empty() ||
           std::ranges::any_of(streams_, [](const auto& stream) { return !stream.subpixel_K.empty(); });
  }
  bool has_factors() const { return !data_.weight_factor.empty() || !data_.solver_factor.empty(); }

  /// Close to the number of runs; they may be a few more where weights change within a pixel or streams differ.
  std::size_t count_runs() const {
    std::size_t changes = runs_.layout.n_offsets();
    for (const DestriperSegment& segment : data_.segments) {
      const std::int32_t* pixel = data_.pixel.data() + segment.start;
      for (std::int64_t i = 1; i < segment.n_samples; ++i) changes += pixel[i] != pixel[i - 1];
      passed_over(data_.pixel, segment.n_samples);
    }
    return changes;
  }

  void add_segment(std::size_t index) {
    std::uint8_t left = 0;
    for (std::size_t l = 0; l < streams_.size(); ++l) {
      if (has_data(streams_[l].weight_per_K2[index])) left = static_cast<std::uint8_t>(left | 1U << l);
    }
    if (left == 0) return;
    find_good_lanes(data_, streams_, data_.segments[index], left, good_lanes_);
    while (left != 0) {
      const unsigned leader = std::countr_zero(left);
      const auto same = static_cast<std::uint8_t>(left & lanes_like(leader));
      add_part(index, same, leader);
      left = static_cast<std::uint8_t>(left & ~same);
    }
    passed_over(data_.pixel, (2 + 2 * streams_.size()) * data_.segments[index].n_samples);
  }

  /// The lanes that are good exactly where `leader` is.
  std::uint8_t lanes_like(unsigned leader) const {
    if constexpr (kLanes == 1) return 1;
    std::uint8_t differ = 0;
    for (const std::uint8_t lanes : good_lanes_) {
      const auto all = static_cast<std::uint8_t>(-(lanes >> leader & 1U));
      differ = static_cast<std::uint8_t>(differ | (lanes ^ all));
    }
    return static_cast<std::uint8_t>(~differ);
  }

  void add_part(std::size_t index, std::uint8_t lanes, unsigned leader) {
    Part part{index, lanes, {}};
    for (std::size_t l = 0; l < streams_.size(); ++l) {
      if (part.holds(l)) part.weight_per_K2[l] = streams_[l].weight_per_K2[index];
    }
    runs_.parts.push_back({index, runs_.n_runs.size(), runs_.run.size()});
    runs_.weight_per_K2.insert(runs_.weight_per_K2.end(), part.weight_per_K2.begin(), part.weight_per_K2.end());
    const DestriperSegment& segment = data_.segments[index];
    std::int64_t begin = 0;
    for (std::size_t offset = runs_.layout.first_offset[index]; offset < runs_.layout.first_offset[index + 1];
         ++offset) {
      const std::int64_t end = std::min(begin + runs_.layout.offset_length, segment.n_samples);
      collect(segment, begin, end, leader);
      sum_up_samples(part);
      const std::size_t before = runs_.run.size();
      if (sum_offset(part, offset)) add_runs(part, offset);
      runs_.n_runs.push_back(static_cast<std::uint32_t>(runs_.run.size() - before));
      begin = end;
    }
  }

  // Without a branch on single samples: which are good cannot be guessed by the processor where flags are scattered.
  void find_good(const DestriperSegment& segment, std::int64_t begin, std::int64_t end, unsigned leader) {
    const std::int32_t* pixel = data_.pixel.data() + segment.start;
    const std::uint8_t* lanes = good_lanes_.data();
    std::uint8_t in_all = 0xFF;
    for (std::int64_t i = begin; i < end; ++i) in_all &= lanes[i];
    if ((in_all >> leader & 1U) != 0) {
      good_.size = end - begin;
      std::iota(good_.sample.begin(), good_.sample.begin() + (end - begin), segment.start + begin);
      std::copy(pixel + begin, pixel + end, good_.pixel.begin());
      return;
    }
    std::size_t n = 0;
    for (std::int64_t i = begin; i < end; ++i) {
      good_.sample[n] = segment.start + i;
      good_.pixel[n] = pixel[i];
      n += lanes[i] >> leader & 1U;
    }
    good_.size = n;
  }

  void collect(const DestriperSegment& segment, std::int64_t begin, std::int64_t end, unsigned leader) {
    find_good(segment, begin, end, leader);
    const std::size_t n = good_.size;
    if (segment.fits_airmass) {
      for (std::size_t k = 0; k < n; ++k) {
        good_.airmass[k] = data_.airmass[good_.sample[k]];
      }
    }
    if (!data_.weight_factor.empty()) {
      for (std::size_t k = 0; k < n; ++k) {
        good_.map_factor[k] = data_.weight_factor[good_.sample[k]];
        good_.solver_factor[k] = good_.map_factor[k];
      }
    }
    if (data_.solver_factor.empty()) return;
    for (std::size_t k = 0; k < n; ++k) {
      good_.solver_factor[k] = good_.map_factor[k] * data_.solver_factor[good_.sample[k]];
    }
  }

  double subpixel_K(std::size_t lane, std::int64_t sample) const {
    const LargeVector<float>& structure_K = streams_[lane].subpixel_K;
    return structure_K.empty() ? 0.0 : structure_K[sample];
  }

  /// F^T N^-1 of data and airmass; leaves the deviation from the mean airmass in `good_`. False when the offset has no
  /// weight in the solver: its level stays unknown, so its samples may not enter the map either.
  bool sum_offset(const Part& part, std::size_t offset) {
    auto factor_sum = static_cast<double>(good_.size);
    if (has_factors()) {
      factor_sum = 0.0;
      for (std::size_t i = 0; i < good_.size; ++i) factor_sum += good_.solver_factor[i];
    }
    if (!(factor_sum > 0.0)) return false;
    for (std::size_t l = 0; l < streams_.size(); ++l) {
      if (!part.holds(l)) continue;
      sums_.offset_weight[offset * kLanes + l] = part.weight_per_K2[l] * factor_sum;
      sums_.offset_weighted_tod[offset * kLanes + l] = part.weight_per_K2[l] * weighted_tod(l);
    }
    if (data_.segments[part.segment].fits_airmass) sum_airmass(part, offset, factor_sum);
    return true;
  }

  double weighted_tod(std::size_t lane) const {
    const std::size_t all = good_.size * kLanes + lane;
    if (!has_factors()) return good_.tod_before[all] - good_.subpixel_before[all];
    const float* tod_K = streams_[lane].tod_K.data();
    double sum = 0.0;
    for (std::size_t i = 0; i < good_.size; ++i) {
      const std::int64_t sample = good_.sample[i];
      sum += good_.solver_factor[i] * (tod_K[sample] - subpixel_K(lane, sample));
    }
    return sum;
  }

  void sum_airmass(const Part& part, std::size_t offset, double factor_sum) {
    double airmass_sum = 0.0;
    for (std::size_t i = 0; i < good_.size; ++i) airmass_sum += double{good_.solver_factor[i]} * good_.airmass[i];
    const double mean = airmass_sum / factor_sum;
    double total_square = 0.0;
    std::array<double, kLanes> product{};
    for (std::size_t i = 0; i < good_.size; ++i) {
      const double airmass = good_.airmass[i];
      const double deviation = airmass - mean;
      total_square += good_.solver_factor[i] * airmass * airmass;
      for (std::size_t l = 0; l < streams_.size(); ++l) {
        if (!part.holds(l)) continue;
        const std::int64_t sample = good_.sample[i];
        product[l] += good_.solver_factor[i] * deviation * (double{streams_[l].tod_K[sample]} - subpixel_K(l, sample));
      }
      good_.airmass[i] = static_cast<float>(deviation);
    }
    for (std::size_t l = 0; l < streams_.size(); ++l) {
      if (!part.holds(l)) continue;
      sums_.mean_airmass[offset * kLanes + l] = mean;
      sums_.airmass_total_square[part.segment * kLanes + l] += part.weight_per_K2[l] * total_square;
      sums_.airmass_weighted_tod[part.segment * kLanes + l] += part.weight_per_K2[l] * product[l];
    }
  }

  void add_runs(const Part& part, std::size_t offset) {
    good_.find_runs(has_factors(), max_length_);
    find_pixels();
    add_to_pixels(part);
    if (solver_differs()) add_to_solver(part);
    append_runs();
    if (data_.segments[part.segment].fits_airmass) add_airmass(part, offset);
  }

  // All of an offset before the first sum, so that the sums are on their way from memory when they are needed.
  void find_pixels() {
    for (std::size_t run = 0; run < good_.n_runs; ++run) good_.run_pixel[run] = good_.pixel[good_.run_start[run]];
    numbering_.make_local(std::span(good_.run_pixel).first(good_.n_runs));
    for (std::size_t run = 0; run < good_.n_runs; ++run) {
      const auto* sums = reinterpret_cast<const char*>(&pixel_sums_[good_.run_pixel[run]]);
      for (std::size_t line = 0; line < sizeof(PixelSums); line += 64) __builtin_prefetch(sums + line, 1);
    }
  }

  void sum_up_samples(const Part& part) {
    for (std::size_t l = 0; l < streams_.size(); ++l) {
      if (!part.holds(l)) continue;
      good_.sum_up(streams_[l].tod_K.data(), kLanes, good_.tod_before.data() + l);
      if (streams_[l].subpixel_K.empty()) continue;
      good_.sum_up(streams_[l].subpixel_K.data(), kLanes, good_.subpixel_before.data() + l);
    }
  }

  void add_to_pixels(const Part& part) {
    std::array<double, kLanes> one{};
    for (std::size_t l = 0; l < kLanes; ++l) one[l] = part.holds(l) ? 1.0 : 0.0;
    const double* before = good_.tod_before.data();
    PixelSums* pixels = pixel_sums_.data();
    for (std::size_t run = 0; run < good_.n_runs; ++run) {
      const std::size_t begin = good_.run_start[run], end = good_.run_start[run + 1];
      const auto n = static_cast<double>(end - begin);
      const double factor = good_.map_factor[begin];
      PixelSums& sums = pixels[good_.run_pixel[run]];
      for (std::size_t l = 0; l < kLanes; ++l) {
        const double map_weight = part.weight_per_K2[l] * factor;
        sums.hits[l] += one[l] * n;
        sums.map_weight[l] += map_weight * n;
        sums.map_weighted_tod[l] += map_weight * (before[end * kLanes + l] - before[begin * kLanes + l]);
      }
    }
  }

  void add_to_solver(const Part& part) {
    const double* before = good_.tod_before.data();
    const double* structure = good_.subpixel_before.data();
    for (std::size_t run = 0; run < good_.n_runs; ++run) {
      const std::size_t begin = good_.run_start[run], end = good_.run_start[run + 1];
      const std::size_t first = good_.run_pixel[run] * kLanes;
      for (std::size_t l = 0; l < kLanes; ++l) {
        const double weight = part.weight_per_K2[l] * good_.solver_factor[begin];
        const double tod_sum = before[end * kLanes + l] - before[begin * kLanes + l];
        const double structure_sum = structure[end * kLanes + l] - structure[begin * kLanes + l];
        sums_.solver_weighted_tod[first + l] += weight * (tod_sum - structure_sum);
        if (!sums_.solver_weight.empty()) sums_.solver_weight[first + l] += weight * static_cast<double>(end - begin);
      }
    }
  }

  void append_runs() {
    std::uint32_t* to = appended(runs_.run);
    for (std::size_t run = 0; run < good_.n_runs; ++run) {
      const std::uint32_t length = good_.run_start[run + 1] - good_.run_start[run];
      to[run] = length << runs_.pixel_bits | good_.run_pixel[run];
    }
    if (has_airmass_) appended(runs_.airmass_deviation);
    if (!data_.weight_factor.empty()) append_factors(good_.map_factor, runs_.map_factor);
    if (!data_.solver_factor.empty()) append_factors(good_.solver_factor, runs_.solver_factor);
  }

  void append_factors(const std::vector<float>& of_samples, LargeVector<float>& factors) const {
    float* to = appended(factors);
    for (std::size_t run = 0; run < good_.n_runs; ++run) to[run] = of_samples[good_.run_start[run]];
  }

  /// Room for the runs of the offset at the end of an array, filled with 0.
  template <typename T>
  T* appended(LargeVector<T>& array) const {
    array.resize(array.size() + good_.n_runs);
    return array.data() + array.size() - good_.n_runs;
  }

  /// A run stands for its mean deviation, as float32 has it; what the samples vary within it goes into the square.
  void add_airmass(const Part& part, std::size_t offset) {
    float* deviation = runs_.airmass_deviation.data() + runs_.airmass_deviation.size() - good_.n_runs;
    for (std::size_t run = 0; run < good_.n_runs; ++run) {
      const std::size_t begin = good_.run_start[run], end = good_.run_start[run + 1];
      double sum = 0.0;
      for (std::size_t i = begin; i < end; ++i) sum += good_.airmass[i];
      const auto length = static_cast<double>(end - begin);
      deviation[run] = static_cast<float>(sum / length);
      const double mean = deviation[run];
      double square = length * mean * mean;
      for (std::size_t i = begin; i < end; ++i) square += (good_.airmass[i] - mean) * (good_.airmass[i] - mean);
      for (std::size_t l = 0; l < kLanes; ++l) {
        const double run_weight = part.weight_per_K2[l] * good_.solver_factor[begin];
        sums_.airmass_rounding[offset * kLanes + l] += run_weight * length * mean;
        sums_.airmass_square[part.segment * kLanes + l] += run_weight * square;
      }
    }
  }

  const DestriperData& data_;
  std::span<const DestriperStream> streams_;
  const PixelNumbering& numbering_;
  PixelRuns& runs_;
  SampleSums& sums_;
  LargeVector<PixelSums> pixel_sums_;  ///< [local pixel]
  std::size_t max_length_;
  bool has_airmass_;
  GoodSamples good_;
  std::vector<std::uint8_t> good_lanes_;  ///< [sample of the segment] one bit for each lane
};

}  // namespace

PixelRuns make_pixel_runs(const DestriperData& data, std::span<const DestriperStream> streams,
                          const DestriperSettings& settings, const PixelNumbering& numbering, SampleSums& sums) {
  PixelRuns runs;
  runs.layout = make_offset_layout(data.segments, settings.offset_length);
  runs.n_lanes = lanes_for(streams.size());
  runs.n_pixels = numbering.size();
  const std::uint32_t last_pixel = std::max(numbering.size() - 1, 1);
  runs.pixel_bits = std::bit_width(last_pixel);
  with_lanes(runs.n_lanes, [&](auto lanes) { RunMaker<lanes>(data, streams, numbering, runs, sums).make(); });
  return runs;
}

}  // namespace comap
