#pragma once
/// \file
/// Destriping: offsets by conjugate gradients, then the binned map. See docs/mapmaking.md for the equations.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/communicator.hpp"

namespace comap {

/// Samples of one feed and scan: offsets start afresh here.
struct DestriperSegment {
  std::int64_t start = 0;  ///< first sample in the arrays of this rank
  std::int64_t n_samples = 0;
  double weight_per_K2 = 0.0;  ///< 1/variance of a good sample, map and solver alike; 0 or NaN = no data
  /// Airmass minus its mean [sample of the segment], empty when no amplitude is solved for this segment.
  std::vector<float> airmass;
  /// Prior variance [K^2] of the cosine modes of this segment's offsets (offset_prior.hpp); empty = none.
  std::vector<double> prior_variance_K2 = {};
};

/// The data of one rank; segments are never divided between ranks. A sample whose pixel is negative, whose TOD or
/// airmass is not finite, or whose factor is not positive takes no part.
struct DestriperData {
  std::vector<DestriperSegment> segments;
  std::vector<std::int32_t> pixel;  ///< [sample] index in the map, row after row; -1 = no weight
  std::vector<float> tod_K;         ///< [sample]
  /// [sample] factor on the solver's weight only (bright sky), 0 allowed; empty = 1 everywhere.
  std::vector<float> solver_factor;
  /// [sample] factor on the segment's weight in solver and map; empty = 1 everywhere.
  std::vector<float> weight_factor;
  /// [sample] structure inside pixels [K], taken out of the TOD for the solve, not for the map; empty = none.
  std::vector<float> subpixel_K;
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
  double relative_residual = 0.0;
  double residual_in_noise = 0.0;  ///< sqrt(mean(r^2 / diag)): residual in units of an offset's noise
  bool converged = false;
  StopReason reason = StopReason::nothing_to_solve;
  std::int64_t n_offsets = 0;
  std::int64_t n_offsets_without_data = 0;
  std::int64_t n_components = 0;  ///< connected components of the graph of offsets and pixels
  double seconds = 0.0;           ///< everything, from data in memory to map
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
};

struct DestriperResult {
  SolverReport report;
  std::vector<double> offsets_K;  ///< [offset] of this rank, segment after segment
  std::vector<double> airmass_K;  ///< [segment] amplitude; 0 where none was solved
  MapPiece map;
};

/// Solves for offsets and airmass amplitudes and bins the map. Collective. Same ranks, same bits. Ranks without
/// segments take part. Without regularisation, offsets without data are 0, and the level of each connected component
/// of offsets and pixels is that of the segment means. Not converging is a result, not an error.
/// Throws Bug when lengths, ranges of samples or pixel indices do not fit together.
DestriperResult destripe(const DestriperData& data, const DestriperSettings& settings, const Communicator& ranks);

/// The same; the arrays of `data` are released before the iterations start, which halves the memory.
DestriperResult destripe(DestriperData&& data, const DestriperSettings& settings, const Communicator& ranks);

/// "threshold reached" and so on, for the log and the map header.
std::string to_text(StopReason reason);

}  // namespace comap
