#pragma once
/// \file
/// [calibrate].

#include <string>

namespace comap {

/// [calibrate]
struct CalibrateConfig {
  std::string source = "TauA";
  std::string model_type = "polynomial";  ///< polynomial | nearest | mean
  int poly_degree = 2;
  double chi2_max = 10.0;
  double gain_min = 0.3;
  double gain_max = 3.0;
  int min_observations = 10;
};

}  // namespace comap
