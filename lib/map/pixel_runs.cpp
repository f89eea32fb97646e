#include "map/pixel_runs.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "core/error.hpp"

namespace comap {

namespace {

/// The good samples of one offset.
struct GoodSamples {
  std::vector<std::int32_t> pixel;  ///< local
  std::vector<float> tod_K;
  std::vector<float> airmass;
  std::vector<float> map_factor;
  std::vector<float> solver_factor;
  std::size_t size = 0;

  explicit GoodSamples(std::size_t n)
      : pixel(n), tod_K(n), airmass(n, 0.0F), map_factor(n, 1.0F), solver_factor(n, 1.0F) {}
};

bool has_data(const DestriperSegment& segment) {
  return std::isfinite(segment.weight_per_K2) && segment.weight_per_K2 > 0.0;
}

void check_lengths(const DestriperData& data) {
  const std::size_t n_samples = data.pixel.size();
  const auto fits = [&](std::size_t length) { return length == 0 || length == n_samples; };
  if (data.tod_K.size() != n_samples || !fits(data.weight_factor.size()) || !fits(data.solver_factor.size())) {
    throw Bug("the sample arrays of the destriper differ in length");
  }
  for (const DestriperSegment& segment : data.segments) {
    const bool inside = segment.start >= 0 && segment.n_samples >= 0 &&
                        segment.start + segment.n_samples <= static_cast<std::int64_t>(n_samples);
    const bool airmass_fits =
        segment.airmass.empty() || segment.airmass.size() == static_cast<std::size_t>(segment.n_samples);
    if (!inside || !airmass_fits) throw Bug("a segment of the destriper does not fit its samples");
  }
}

/// Builds runs and sums offset after offset.
class RunMaker {
 public:
  RunMaker(const DestriperData& data, const PixelNumbering& numbering, PixelRuns& runs, SampleSums& sums)
      : data_(data),
        numbering_(numbering),
        runs_(runs),
        sums_(sums),
        max_length_(std::uint32_t{0xFFFFFFFF} >> runs.pixel_bits),
        has_airmass_(std::ranges::any_of(data.segments, [](const auto& segment) { return !segment.airmass.empty(); })) {
  }

  void make() {
    allocate();
    std::size_t longest = 0;
    for (const DestriperSegment& segment : data_.segments) {
      longest = std::max(longest, static_cast<std::size_t>(segment.n_samples));
    }
    GoodSamples good(std::min(longest, static_cast<std::size_t>(runs_.layout.offset_length)));
    for (std::size_t segment = 0; segment < data_.segments.size(); ++segment) {
      runs_.first_run.push_back(runs_.run.size());
      add_segment(segment, good);
    }
    runs_.first_run.push_back(runs_.run.size());
  }

 private:
  void allocate() {
    const std::size_t n_offsets = runs_.layout.n_offsets();
    const auto n_pixels = static_cast<std::size_t>(runs_.n_pixels);
    const std::size_t n_segments = data_.segments.size();
    for (auto* map : {&sums_.map_weighted_tod, &sums_.map_weight, &sums_.hits}) map->assign(n_pixels, 0.0);
    if (!data_.solver_factor.empty()) {
      sums_.solver_weighted_tod.assign(n_pixels, 0.0);
      sums_.solver_weight.assign(n_pixels, 0.0);
    }
    runs_.n_runs.reserve(n_offsets);
    runs_.run.reserve(count_runs());
    for (auto* sum : {&sums_.offset_weight, &sums_.offset_weighted_tod}) sum->assign(n_offsets, 0.0);
    if (has_airmass_) {
      runs_.airmass_deviation.reserve(runs_.run.capacity());
      sums_.mean_airmass.assign(n_offsets, 0.0);
      sums_.airmass_rounding.assign(n_offsets, 0.0);
    }
    if (!data_.weight_factor.empty()) runs_.map_factor.reserve(runs_.run.capacity());
    if (!data_.solver_factor.empty()) runs_.solver_factor.reserve(runs_.run.capacity());
    for (auto* sum : {&sums_.airmass_square, &sums_.airmass_total_square, &sums_.airmass_weighted_tod}) {
      sum->assign(n_segments, 0.0);
    }
  }

  /// Close to the number of runs; they may be a few more where weights change within a pixel.
  std::size_t count_runs() const {
    std::size_t changes = runs_.layout.n_offsets();
    for (const DestriperSegment& segment : data_.segments) {
      const std::int32_t* pixel = data_.pixel.data() + segment.start;
      for (std::int64_t i = 1; i < segment.n_samples; ++i) changes += pixel[i] != pixel[i - 1];
    }
    return changes;
  }

  void add_segment(std::size_t index, GoodSamples& good) {
    const DestriperSegment& segment = data_.segments[index];
    std::int64_t begin = 0;
    for (std::size_t offset = runs_.layout.first_offset[index]; offset < runs_.layout.first_offset[index + 1];
         ++offset) {
      const std::int64_t end = std::min(begin + runs_.layout.offset_length, segment.n_samples);
      good.size = 0;
      if (has_data(segment)) collect(segment, begin, end, good);
      const std::size_t before = runs_.run.size();
      if (sum_offset(index, offset, good)) add_runs(index, offset, good);
      runs_.n_runs.push_back(static_cast<std::uint32_t>(runs_.run.size() - before));
      begin = end;
    }
  }

  void collect(const DestriperSegment& segment, std::int64_t begin, std::int64_t end, GoodSamples& good) const {
    std::int32_t last_pixel = -1;
    std::int32_t last_local = -1;
    for (std::int64_t i = begin; i < end; ++i) {
      const auto sample = static_cast<std::size_t>(segment.start + i);
      const std::int32_t pixel = data_.pixel[sample];
      if (pixel < 0 || !std::isfinite(data_.tod_K[sample])) continue;
      const std::size_t n = good.size;
      if (!data_.weight_factor.empty()) {
        good.map_factor[n] = data_.weight_factor[sample];
        if (!(good.map_factor[n] > 0.0F)) continue;
      }
      good.solver_factor[n] = good.map_factor[n];
      if (!data_.solver_factor.empty()) {
        good.solver_factor[n] *= data_.solver_factor[sample];
        if (!(good.solver_factor[n] >= 0.0F)) continue;
      }
      if (!segment.airmass.empty()) {
        good.airmass[n] = segment.airmass[static_cast<std::size_t>(i)];
        if (!std::isfinite(good.airmass[n])) continue;
      }
      if (pixel != last_pixel) {
        last_pixel = pixel;
        last_local = numbering_.local(pixel);
      }
      good.pixel[n] = last_local;
      good.tod_K[n] = data_.tod_K[sample];
      ++good.size;
    }
  }

  /// F^T N^-1 of data and airmass; leaves the deviation from the mean airmass in `good`. False when the offset has no
  /// weight in the solver: its level stays unknown, so its samples may not enter the map either.
  bool sum_offset(std::size_t segment, std::size_t offset, GoodSamples& good) {
    double factor_sum = 0.0;
    double tod_sum = 0.0;
    for (std::size_t i = 0; i < good.size; ++i) {
      factor_sum += good.solver_factor[i];
      tod_sum += double{good.solver_factor[i]} * good.tod_K[i];
    }
    if (!(factor_sum > 0.0)) return false;
    const double weight = data_.segments[segment].weight_per_K2;
    sums_.offset_weight[offset] = weight * factor_sum;
    sums_.offset_weighted_tod[offset] = weight * tod_sum;
    if (!data_.segments[segment].airmass.empty()) sum_airmass(segment, offset, factor_sum, good);
    return true;
  }

  void sum_airmass(std::size_t segment, std::size_t offset, double factor_sum, GoodSamples& good) {
    double airmass_sum = 0.0;
    for (std::size_t i = 0; i < good.size; ++i) airmass_sum += double{good.solver_factor[i]} * good.airmass[i];
    const double mean = airmass_sum / factor_sum;
    double total_square = 0.0;
    double product = 0.0;
    for (std::size_t i = 0; i < good.size; ++i) {
      const double airmass = good.airmass[i];
      const double deviation = airmass - mean;
      total_square += good.solver_factor[i] * airmass * airmass;
      product += good.solver_factor[i] * deviation * good.tod_K[i];
      good.airmass[i] = static_cast<float>(deviation);
    }
    const double weight = data_.segments[segment].weight_per_K2;
    sums_.mean_airmass[offset] = mean;
    sums_.airmass_total_square[segment] += weight * total_square;
    sums_.airmass_weighted_tod[segment] += weight * product;
  }

  void add_runs(std::size_t segment, std::size_t offset, const GoodSamples& good) {
    const double weight = data_.segments[segment].weight_per_K2;
    for (std::size_t begin = 0; begin < good.size;) {
      std::size_t end = begin;
      double tod_sum = 0.0;
      double airmass_sum = 0.0;
      while (end < good.size && end - begin < max_length_ && good.pixel[end] == good.pixel[begin] &&
             good.map_factor[end] == good.map_factor[begin] && good.solver_factor[end] == good.solver_factor[begin]) {
        tod_sum += good.tod_K[end];
        airmass_sum += good.airmass[end];
        ++end;
      }
      add_run(weight, good, begin, end - begin, tod_sum);
      if (has_airmass_) add_airmass(weight, segment, offset, good, begin, end, airmass_sum);
      begin = end;
    }
  }

  void add_run(double weight, const GoodSamples& good, std::size_t begin, std::size_t length, double tod_sum) {
    const auto pixel = static_cast<std::size_t>(good.pixel[begin]);
    const auto n = static_cast<double>(length);
    runs_.run.push_back((static_cast<std::uint32_t>(length) << runs_.pixel_bits) | static_cast<std::uint32_t>(pixel));
    const double map_weight = weight * good.map_factor[begin];
    sums_.hits[pixel] += n;
    sums_.map_weight[pixel] += map_weight * n;
    sums_.map_weighted_tod[pixel] += map_weight * tod_sum;
    if (!data_.weight_factor.empty()) runs_.map_factor.push_back(good.map_factor[begin]);
    if (data_.solver_factor.empty()) return;
    runs_.solver_factor.push_back(good.solver_factor[begin]);
    const double solver_weight = weight * good.solver_factor[begin];
    sums_.solver_weight[pixel] += solver_weight * n;
    sums_.solver_weighted_tod[pixel] += solver_weight * tod_sum;
  }

  /// The run stands for its mean deviation, as float32 has it; what the samples vary within it goes into the square.
  void add_airmass(double weight, std::size_t segment, std::size_t offset, const GoodSamples& good, std::size_t begin,
                   std::size_t end, double airmass_sum) {
    const auto length = static_cast<double>(end - begin);
    const double mean = static_cast<float>(airmass_sum / length);
    double square = length * mean * mean;
    for (std::size_t i = begin; i < end; ++i) square += (good.airmass[i] - mean) * (good.airmass[i] - mean);
    const double run_weight = weight * good.solver_factor[begin];
    runs_.airmass_deviation.push_back(static_cast<float>(mean));
    sums_.airmass_rounding[offset] += run_weight * length * mean;
    sums_.airmass_square[segment] += run_weight * square;
  }

  const DestriperData& data_;
  const PixelNumbering& numbering_;
  PixelRuns& runs_;
  SampleSums& sums_;
  std::uint32_t max_length_;
  bool has_airmass_;
};

}  // namespace

OffsetLayout make_offset_layout(const std::vector<DestriperSegment>& segments, int offset_length) {
  if (offset_length < 1) throw Bug("offset_length must be at least 1");
  OffsetLayout layout;
  layout.offset_length = offset_length;
  for (const DestriperSegment& segment : segments) {
    const std::int64_t n_offsets = (segment.n_samples + offset_length - 1) / offset_length;
    layout.first_offset.push_back(layout.first_offset.back() + static_cast<std::size_t>(n_offsets));
  }
  return layout;
}

std::size_t PixelRuns::bytes() const {
  return run.capacity() * sizeof(std::uint32_t) + n_runs.capacity() * sizeof(std::uint32_t) +
         (airmass_deviation.capacity() + map_factor.capacity() + solver_factor.capacity()) * sizeof(float);
}

PixelNumbering number_pixels(const DestriperData& data, const DestriperSettings& settings) {
  check_lengths(data);
  PixelNumbering numbering(settings.n_pixels, settings.n_columns);
  for (const DestriperSegment& segment : data.segments) {
    if (!has_data(segment)) continue;
    std::int32_t last = -1;
    for (std::int64_t i = segment.start; i < segment.start + segment.n_samples; ++i) {
      const std::int32_t pixel = data.pixel[static_cast<std::size_t>(i)];
      if (pixel < 0 || pixel == last) continue;
      if (pixel >= settings.n_pixels) throw Bug("a pixel index of the destriper is outside the map");
      numbering.mark(pixel);
      last = pixel;
    }
  }
  numbering.finish();
  return numbering;
}

PixelRuns make_pixel_runs(const DestriperData& data, const DestriperSettings& settings, const PixelNumbering& numbering,
                          SampleSums& sums) {
  PixelRuns runs;
  runs.layout = make_offset_layout(data.segments, settings.offset_length);
  runs.n_pixels = numbering.size();
  const auto last_pixel = static_cast<std::uint32_t>(std::max(numbering.size() - 1, 1));
  runs.pixel_bits = static_cast<unsigned>(std::bit_width(last_pixel));
  for (const DestriperSegment& segment : data.segments) {
    runs.weight_per_K2.push_back(has_data(segment) ? segment.weight_per_K2 : 0.0);
  }
  RunMaker(data, numbering, runs, sums).make();
  return runs;
}

}  // namespace comap
