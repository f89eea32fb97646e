#pragma once
/// \file
/// method = "line" on the scans of one feed.

#include <vector>

#include "stages/gain_filter/gain_filter_worker.hpp"
#include "stages/gain_filter/template_sums.hpp"

namespace comap {

/// Takes gain, atmosphere and continuum out of the channels of each band (line_filter.hpp) and averages what is left
/// over sub-bands, with weights 1/m^2. Cubes need the channels: filter_line_band() has them. Of the stored numbers,
/// effective_tsys is that of the unfiltered data, white_variance that of the filtered; there is no prior.
class LineWorker final : public GainFilterWorker {
 public:
  using GainFilterWorker::GainFilterWorker;

 protected:
  void begin_scan() override;
  void add_sub_band(const SubBandRows& rows) override;
  void finish_scan() override;
  void finish_feed() override {}

 private:
  struct SubBand {
    TemplateSums fit;            ///< of the channels outside line_mask
    ChannelMoments all;          ///< of all good channels
    std::vector<double> sum_sy;  ///< sum s y over all good channels [sample]; empty = no data
  };

  void finish_band(std::size_t band);
  void store(std::size_t sub_band, const ChannelMoments& fit, const std::array<std::vector<double>, 3>& continuum);

  std::vector<SubBand> sub_bands_;
};

}  // namespace comap
