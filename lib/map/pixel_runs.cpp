#include "map/pixel_runs.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "core/error.hpp"

namespace comap {

namespace {

/// The good samples of one offset, and room to find the runs among them.
struct GoodSamples {
  std::vector<std::int32_t> pixel;  ///< of the map
  std::vector<float> tod_K;
  std::vector<float> airmass;  ///< 0 where the segment has no template
  std::vector<float> map_factor;
  std::vector<float> solver_factor;
  std::vector<float> subpixel_K;
  std::size_t size = 0;
  std::vector<std::size_t> run_start;  ///< [stretch + 1]
  std::vector<std::int32_t> local;     ///< [stretch] local pixel
  std::vector<double> tod_before;      ///< [sample + 1] sum of the TOD before it
  std::vector<double> subpixel_before;

  explicit GoodSamples(std::size_t n)
      : pixel(n),
        tod_K(n),
        airmass(n, 0.0F),
        map_factor(n, 1.0F),
        solver_factor(n, 1.0F),
        subpixel_K(n, 0.0F),
        run_start(n + 1),
        local(n),
        tod_before(n + 1),
        subpixel_before(n + 1) {}
};

/// Sums of one pixel, in one cache line.
struct alignas(32) PixelSums {
  double map_weighted_tod = 0.0;
  double map_weight = 0.0;
  double hits = 0.0;
};

constexpr float kLargestFloat = std::numeric_limits<float>::max();

bool has_data(const DestriperSegment& segment) {
  return std::isfinite(segment.weight_per_K2) && segment.weight_per_K2 > 0.0;
}

void check_lengths(const DestriperData& data) {
  const std::size_t n_samples = data.pixel.size();
  const auto fits = [&](std::size_t length) { return length == 0 || length == n_samples; };
  if (data.tod_K.size() != n_samples || !fits(data.weight_factor.size()) || !fits(data.solver_factor.size()) ||
      !fits(data.subpixel_K.size())) {
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
      add_segment(segment, good);
    }
    for (const PixelSums& pixel : pixel_sums_) {
      sums_.map_weighted_tod.push_back(pixel.map_weighted_tod);
      sums_.map_weight.push_back(pixel.map_weight);
      sums_.hits.push_back(pixel.hits);
    }
  }

 private:
  void allocate() {
    const std::size_t n_offsets = runs_.layout.n_offsets();
    const auto n_pixels = static_cast<std::size_t>(runs_.n_pixels);
    const std::size_t n_segments = data_.segments.size();
    pixel_sums_.resize(n_pixels);
    for (auto* map : {&sums_.map_weighted_tod, &sums_.map_weight, &sums_.hits}) map->reserve(n_pixels);
    if (!data_.solver_factor.empty()) sums_.solver_weight.assign(n_pixels, 0.0);
    if (solver_differs()) sums_.solver_weighted_tod.assign(n_pixels, 0.0);
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

  /// The solver has other weights or other data than the map.
  bool solver_differs() const { return !data_.solver_factor.empty() || !data_.subpixel_K.empty(); }

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
    const bool plain = data_.weight_factor.empty() && !solver_differs() && !has_airmass_;
    plain ? collect_plain(segment.start + begin, segment.start + end, good) : collect_all(segment, begin, end, good);
  }

  // Without a branch: which samples are good cannot be guessed by the processor where flags are scattered.
  void collect_plain(std::int64_t begin, std::int64_t end, GoodSamples& good) const {
    const std::int32_t* pixel = data_.pixel.data();
    const float* tod_K = data_.tod_K.data();
    std::size_t n = 0;
    for (std::int64_t sample = begin; sample < end; ++sample) {
      good.pixel[n] = pixel[sample];
      good.tod_K[n] = tod_K[sample];
      n += static_cast<std::size_t>((pixel[sample] >= 0) & (std::abs(tod_K[sample]) <= kLargestFloat));
    }
    good.size = n;
  }

  void collect_all(const DestriperSegment& segment, std::int64_t begin, std::int64_t end, GoodSamples& good) const {
    std::size_t n = 0;
    for (std::int64_t i = begin; i < end; ++i) {
      const auto sample = static_cast<std::size_t>(segment.start + i);
      const float map_factor = data_.weight_factor.empty() ? 1.0F : data_.weight_factor[sample];
      const float solver_factor = data_.solver_factor.empty() ? 1.0F : data_.solver_factor[sample];
      good.pixel[n] = data_.pixel[sample];
      good.tod_K[n] = data_.tod_K[sample];
      good.airmass[n] = segment.airmass.empty() ? 0.0F : segment.airmass[static_cast<std::size_t>(i)];
      good.map_factor[n] = map_factor;
      good.solver_factor[n] = map_factor * solver_factor;
      good.subpixel_K[n] = data_.subpixel_K.empty() ? 0.0F : data_.subpixel_K[sample];
      n += static_cast<std::size_t>((good.pixel[n] >= 0) & (std::abs(good.tod_K[n]) <= kLargestFloat) &
                                    (std::abs(good.airmass[n]) <= kLargestFloat) & (map_factor > 0.0F) &
                                    (map_factor <= kLargestFloat) & (solver_factor >= 0.0F) &
                                    (solver_factor <= kLargestFloat));
    }
    good.size = n;
  }

  /// F^T N^-1 of data and airmass; leaves the deviation from the mean airmass in `good`. False when the offset has no
  /// weight in the solver: its level stays unknown, so its samples may not enter the map either.
  bool sum_offset(std::size_t segment, std::size_t offset, GoodSamples& good) {
    double factor_sum = 0.0;
    double tod_sum = 0.0;
    for (std::size_t i = 0; i < good.size; ++i) {
      factor_sum += good.solver_factor[i];
      tod_sum += double{good.solver_factor[i]} * (double{good.tod_K[i]} - good.subpixel_K[i]);
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
      product += good.solver_factor[i] * deviation * (double{good.tod_K[i]} - good.subpixel_K[i]);
      good.airmass[i] = static_cast<float>(deviation);
    }
    const double weight = data_.segments[segment].weight_per_K2;
    sums_.mean_airmass[offset] = mean;
    sums_.airmass_total_square[segment] += weight * total_square;
    sums_.airmass_weighted_tod[segment] += weight * product;
  }

  void add_runs(std::size_t segment, std::size_t offset, GoodSamples& good) {
    const double weight = data_.segments[segment].weight_per_K2;
    const bool airmass = !data_.segments[segment].airmass.empty();
    const std::size_t n_stretches = find_stretches(good);
    find_pixels(n_stretches, good);
    for (std::size_t stretch = 0; stretch < n_stretches; ++stretch) {
      for (std::size_t begin = good.run_start[stretch]; begin < good.run_start[stretch + 1];) {
        const std::size_t end = std::min(begin + max_length_, good.run_start[stretch + 1]);
        add_run(weight, good.local[stretch], good, begin, end);
        if (airmass) add_airmass(weight, segment, offset, good, begin, end);
        begin = end;
      }
    }
  }

  /// Stretches of one pixel and one weight, of any length, and the running sums; returns their number.
  static std::size_t find_stretches(GoodSamples& good) {
    std::size_t last = 0;
    for (std::size_t i = 0; i < good.size; ++i) {
      good.tod_before[i + 1] = good.tod_before[i] + good.tod_K[i];
      good.subpixel_before[i + 1] = good.subpixel_before[i] + good.subpixel_K[i];
    }
    for (std::size_t i = 1; i < good.size; ++i) {
      good.run_start[last + 1] = i;
      last += static_cast<std::size_t>((good.pixel[i] != good.pixel[i - 1]) |
                                       (good.map_factor[i] != good.map_factor[i - 1]) |
                                       (good.solver_factor[i] != good.solver_factor[i - 1]));
    }
    good.run_start[last + 1] = good.size;
    return last + 1;
  }

  // All of an offset before the first sum, so that the sums are on their way from memory when they are needed.
  void find_pixels(std::size_t n_stretches, GoodSamples& good) const {
    for (std::size_t stretch = 0; stretch < n_stretches; ++stretch) {
      good.local[stretch] = numbering_.local(good.pixel[good.run_start[stretch]]);
      __builtin_prefetch(&pixel_sums_[static_cast<std::size_t>(good.local[stretch])], 1);
    }
  }

  void add_run(double weight, std::int32_t local, const GoodSamples& good, std::size_t begin, std::size_t end) {
    const auto pixel = static_cast<std::size_t>(local);
    const auto n = static_cast<double>(end - begin);
    const double tod_sum = good.tod_before[end] - good.tod_before[begin];
    const double map_weight = weight * good.map_factor[begin];
    runs_.run.push_back((static_cast<std::uint32_t>(end - begin) << runs_.pixel_bits) |
                        static_cast<std::uint32_t>(local));
    PixelSums& sums = pixel_sums_[pixel];
    sums.hits += n;
    sums.map_weight += map_weight * n;
    sums.map_weighted_tod += map_weight * tod_sum;
    if (has_airmass_) runs_.airmass_deviation.push_back(0.0F);
    if (!data_.weight_factor.empty()) runs_.map_factor.push_back(good.map_factor[begin]);
    if (!solver_differs()) return;
    const double solver_weight = weight * good.solver_factor[begin];
    sums_.solver_weighted_tod[pixel] +=
        solver_weight * (tod_sum - (good.subpixel_before[end] - good.subpixel_before[begin]));
    if (data_.solver_factor.empty()) return;
    runs_.solver_factor.push_back(good.solver_factor[begin]);
    sums_.solver_weight[pixel] += solver_weight * n;
  }

  /// The run stands for its mean deviation, as float32 has it; what the samples vary within it goes into the square.
  void add_airmass(double weight, std::size_t segment, std::size_t offset, const GoodSamples& good, std::size_t begin,
                   std::size_t end) {
    double sum = 0.0;
    for (std::size_t i = begin; i < end; ++i) sum += good.airmass[i];
    const auto length = static_cast<double>(end - begin);
    const double mean = static_cast<float>(sum / length);
    double square = length * mean * mean;
    for (std::size_t i = begin; i < end; ++i) square += (good.airmass[i] - mean) * (good.airmass[i] - mean);
    const double run_weight = weight * good.solver_factor[begin];
    runs_.airmass_deviation.back() = static_cast<float>(mean);
    sums_.airmass_rounding[offset] += run_weight * length * mean;
    sums_.airmass_square[segment] += run_weight * square;
  }

  const DestriperData& data_;
  const PixelNumbering& numbering_;
  PixelRuns& runs_;
  SampleSums& sums_;
  std::vector<PixelSums> pixel_sums_;  ///< [local pixel]
  std::size_t max_length_;
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
