#pragma once
/// \file
/// Transfer functions as table, TSV, JSON and picture.

#include <string>
#include <vector>

#include "transfer/transfer_function.hpp"

namespace comap {

struct BandTransfer {
  int frequency_band = 0;
  TransferFunction function;
};

/// The measured transfer and the settings it was measured with.
struct TransferReport {
  double rms_K = 0.0;  ///< of the injected sky at 30 GHz
  double slope = 0.0;  ///< of its power
  int n_realisations = 0;
  std::vector<std::int64_t> obsids;
  std::vector<BandTransfer> bands;
};

/// Aligned, for the terminal; the last line of each band is over all scales.
std::string table_of(const TransferReport& report);

/// Writes <stem>.tsv (one line for each band and bin), <stem>.json (the same with bins' limits, settings and
/// observations; `config_text` is the effective configuration) and <stem>.png. Throws IoError; a picture that cannot
/// be drawn is a warning.
void write_report(const TransferReport& report, const std::string& config_text, const std::string& stem);

}  // namespace comap
