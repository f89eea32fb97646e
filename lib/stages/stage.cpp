#include "stages/stage.hpp"

#include "core/error.hpp"
#include "data/observation.hpp"

namespace comap {

std::string_view field_name(Field field) {
  switch (field) {
    case Field::level1_metadata:
      return "level1_metadata";
    case Field::level2_file:
      return "level2_file";
    case Field::vane_calibration:
      return "vane_calibration";
    case Field::scan_edges:
      return "scan_edges";
    case Field::level1_noise:
      return "level1_noise";
    case Field::atmosphere:
      return "atmosphere";
    case Field::binned_data:
      return "binned_data";
    case Field::noise_fit:
      return "noise_fit";
  }
  throw Bug("a Field without a name");
}

std::vector<CalibrationFlux> Stage::calibration_flux(const ObservationContext& /*observation*/, int /*feed*/,
                                                     const ProductTable& /*products*/) const {
  return {};
}

}  // namespace comap
