#pragma once
/// \file
/// One feed of one observation: from TOD to the sums of cubes.

#include <cstdint>
#include <set>
#include <span>
#include <vector>

#include "linemap/cube_sums.hpp"
#include "linemap/line_plan.hpp"
#include "sky/wcs.hpp"
#include "stages/check_level1/sample_screen.hpp"

namespace comap {

/// What one feed adds to the cubes.
struct FeedLines {
  std::vector<CubeSums> sums;         ///< [line]
  std::vector<std::int64_t> samples;  ///< [line] samples on the grid
  std::vector<Exclusion> excluded;    ///< one for each (frequency_band, scan) that was selected and is no good
};

/// Reads the scans of one feed block by block, each sample once; filters the bands that have lines (line_filter.hpp)
/// and adds their channels to the cubes.
class FeedLineReader {
 public:
  /// `axes` [line], in the frame of the cubes.
  FeedLineReader(const LineContext& context, LineObservation& files, const MapObservation& offered, int feed,
                 const Wcs& wcs, const std::vector<SpectralAxis>& axes);

  /// Throws ObservationError, IoError when a file cannot be read.
  FeedLines read(const ScanSelection& selection);

 private:
  using Lines = std::vector<std::size_t>;  ///< indices of LineContext::lines

  struct Block {
    int scan = 0;
    std::int64_t start = 0;
    std::int64_t n_samples = 0;
    std::span<const std::int64_t> pixel;  ///< [sample]; -1 = left out
  };

  void read_scan(std::size_t scan, const Lines& lines);
  std::vector<std::int64_t> pixels_of(std::int64_t start, std::int64_t end) const;
  void leave_out_glitches(std::int64_t start, std::span<std::int64_t> pixel) const;
  std::set<int> add_block(const Block& block, const Lines& lines);
  /// Takes out what level2 has taken out, in `tod` and in `pixel`; returns the flags.
  std::vector<std::uint8_t> screen(const FeedBlock& block, float* tod, std::span<std::int64_t> pixel);
  bool add_band(const FeedBlock& block, const Block& where, const Lines& lines);
  void exclude(Exclusion reason, const Lines& lines);

  const LineContext& context_;
  LineObservation& files_;
  const MapObservation& offered_;
  int feed_;
  const Wcs& wcs_;
  const std::vector<SpectralAxis>& axes_;
  FeedPointing pointing_;
  std::vector<std::vector<float>> streams_;  ///< of the half bands, for the glitch search
  double white_variance_;
  SampleScreen screen_;
  FeedLines result_;
};

}  // namespace comap
