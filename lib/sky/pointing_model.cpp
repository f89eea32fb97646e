#include <cmath>
#include <fstream>
#include <sstream>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "sky/coordinates.hpp"

namespace comap {
namespace {

constexpr std::size_t kPointingTerms = 7;

std::vector<double> numbers_of_line(const std::string& line, const std::string& where) {
  std::istringstream stream(line);
  std::vector<double> numbers;
  for (std::string word; stream >> word;) {
    std::size_t n_read = 0;
    double value = kNan;
    try {
      value = std::stod(word, &n_read);
    } catch (const std::exception&) {
      n_read = 0;
    }
    if (n_read != word.size() || !std::isfinite(value)) {
      throw ConfigError(fmt::format("{}: '{}' is no number", where, word));
    }
    numbers.push_back(value);
  }
  return numbers;
}

}  // namespace

std::vector<PointingModel> read_pointing_models(const std::string& file) {
  std::ifstream stream(file);
  if (!stream) throw ConfigError("cannot read the pointing corrections " + file + "; check mapmake.pointing_model");
  std::vector<PointingModel> models;
  int line_number = 0;
  for (std::string line; std::getline(stream, line);) {
    const std::string where = fmt::format("{} line {}", file, ++line_number);
    const auto numbers = numbers_of_line(line.substr(0, line.find('#')), where);
    if (numbers.empty()) continue;
    if (numbers.size() != kPointingTerms) {
      throw ConfigError(
          fmt::format("{}: {} numbers instead of 7 (IA IE NPAE AW AN CA phi, radians)", where, numbers.size()));
    }
    models.push_back({numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5], numbers[6]});
  }
  if (models.empty()) throw ConfigError(file + " holds no pointing corrections");
  return models;
}

Horizontal corrected(const PointingModel& model, Horizontal direction) {
  const double azimuth_rad = direction.azimuth_deg * kDegree_rad;
  const double elevation_rad = direction.elevation_deg * kDegree_rad;
  const double tan_elevation = std::tan(elevation_rad);
  const double cross_rad =
      model.ia + (model.npae + model.aw * std::cos(azimuth_rad) + model.an * std::sin(azimuth_rad)) * tan_elevation;
  const double up_rad = model.ie + model.ca * std::cos(elevation_rad) + model.aw * std::sin(azimuth_rad + model.phi) +
                        model.an * std::cos(azimuth_rad + model.phi);
  return {direction.azimuth_deg - cross_rad / std::cos(elevation_rad) / kDegree_rad,
          direction.elevation_deg - up_rad / kDegree_rad};
}

}  // namespace comap
