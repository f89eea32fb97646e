#pragma once
/// \file
/// Input and output of the destriper: samples and settings, report and map. Plain data.

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <tuple>
#include <vector>

#include "core/constants.hpp"
#include "data/large_vector.hpp"

namespace comap {

/// Whether a weight is one.
inline bool has_data(double weight_per_K2) { return std::isfinite(weight_per_K2) && weight_per_K2 > 0.0; }

/// Samples of one feed and scan: offsets start afresh here.
struct DestriperSegment {
  std::int64_t start = 0;  ///< first sample in the arrays of this rank
  std::int64_t n_samples = 0;
  bool fits_airmass = false;  ///< an amplitude is solved for this segment
};

/// One set of data on the pointing that all share, e.g. a frequency_band: it gets a map of its own.
struct DestriperStream {
  LargeVector<float> tod_K;           ///< [sample]; not finite = takes no part
  std::vector<double> weight_per_K2;  ///< [segment] 1/variance of a good sample, map and solver alike; 0 or NaN = none
  /// Prior variance [K^2] of the cosine modes of a segment's offsets (offset_prior.hpp) [segment]; empty = none.
  std::vector<std::vector<double>> prior_variance_K2 = {};
  /// [sample] structure inside pixels [K], taken out of the TOD for the solve, not for the map; empty = none.
  LargeVector<float> subpixel_K = {};
};

/// The data of one rank; the arrays may be on a scratch, where those of the solver are then, too. Segments are never
/// divided between ranks. A sample whose pixel is negative, whose airmass is not finite, or whose factor is not
/// positive takes no part.
struct DestriperData {
  std::vector<DestriperSegment> segments;
  LargeVector<std::int32_t> pixel;  ///< [sample] index in the map, row after row; -1 = no weight
  /// [sample] airmass minus its mean over the segment; empty when no segment fits it.
  LargeVector<float> airmass = {};
  /// [sample] factor on the solver's weight only (bright sky), 0 allowed; empty = 1 everywhere.
  LargeVector<float> solver_factor;
  /// [sample] factor on the segment's weight in solver and map; empty = 1 everywhere.
  LargeVector<float> weight_factor;
  std::vector<DestriperStream> streams;  ///< as many on every rank
};

struct DestriperSettings {
  std::int64_t n_pixels = 0;  ///< of the map; only hit pixels cost memory or communication
  int offset_length = 100;    ///< samples; the last offset of a segment may be shorter
  double lambda_ridge = 0.0;
  double alpha_grad = 0.0;
  double alpha_curv = 0.0;
  double threshold = 1e-6;  ///< relative residual
  int max_iterations = 1000;
  /// Pixels in a row of the map. It only serves to keep neighbouring pixels together in memory; 0 when pixels have no
  /// rows, e.g. HEALPix (use NESTED order there).
  std::int64_t n_columns = 0;
  /// When pixels of several maps follow each other: those of one. 0 = there is one map.
  std::int64_t n_pixels_of_map = 0;
  /// Pixels between the nodes of the coarse sky (coarse_sky.hpp), about a degree.
  int coarse_step = 60;
  /// The solve also ends where the residual is this small against the noise of the pixels, SolverReport's
  /// residual_in_noise; 0 = never. 1e-3 leaves an error of 1 % of the noise.
  double noise_threshold = 0.0;
};

/// Why the iterations ended.
enum class StopReason {
  threshold,         ///< the relative residual is reached
  max_iterations,    ///< it is not
  breakdown,         ///< rounding errors leave nothing to gain; the solution is the best so far
  nothing_to_solve,  ///< no data, or data without any signal
};

struct SolverReport {
  int iterations = 0;
  double relative_residual = 0.0;  ///< |r| / |b|, pixels weighted with their inverse weight
  double residual_in_noise = 0.0;  ///< sqrt(mean(r^2 / W)) over pixels with weight W: in units of their noise
  bool converged = false;
  StopReason reason = StopReason::nothing_to_solve;
  std::int64_t n_offsets = 0;
  std::int64_t n_offsets_without_data = 0;
  std::int64_t n_components = 0;  ///< connected components of the graph of offsets and pixels
  /// Pixels of the component that the median pixel is in: as large as parts are whose levels hang together.
  std::int64_t n_pixels_of_component = 0;
  /// Ratio of the power of data minus map to the prior, at low frequencies (residual_ratio.hpp); NaN without a prior.
  double residual_ratio = kNan;
  double seconds = 0.0;  ///< everything, from data in memory to map
  double seconds_per_iteration = 0.0;
  double solver_bytes_per_sample = 0.0;  ///< memory of this rank during the iterations, over its samples
};

/// Sums over all ranks for the pixels that this rank owns, in order of pixel index. Every hit pixel has one owner.
struct MapPiece {
  std::vector<std::int64_t> pixel;
  std::vector<double> destriped_K;
  std::vector<double> naive_K;
  std::vector<double> weight_per_K2;
  std::vector<double> hits;

  static auto members(auto& x) { return std::tie(x.pixel, x.destriped_K, x.naive_K, x.weight_per_K2, x.hits); }
};

/// Its values, column by column.
template <typename Piece>
auto value_columns(Piece& piece) {
  return std::array{&piece.destriped_K, &piece.naive_K, &piece.weight_per_K2, &piece.hits};
}

/// The solution of one stream.
struct DestriperResult {
  SolverReport report;
  std::vector<double> offsets_K;  ///< [offset] of this rank, segment after segment
  std::vector<double> airmass_K;  ///< [segment] amplitude; 0 where none was solved
  MapPiece map;
};

}  // namespace comap
