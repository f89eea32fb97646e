#include "sky/healpix_grid.hpp"

#include <fmt/core.h>
#include <healpix_base.h>

#include <bit>
#include <cmath>
#include <numbers>

#include "core/error.hpp"
#include "sky/healpix_direction.hpp"

namespace comap {
namespace {

constexpr int kStepsOrder = 8;  // a pixel is divided into 2^8 x 2^8 to say where in it a position is
constexpr int kSteps = 1 << kStepsOrder;

/// -0.5 to 0.5, at the middle of a step.
float within(int fine_coordinate) {
  return (static_cast<float>(fine_coordinate % kSteps) + 0.5F) / static_cast<float>(kSteps) - 0.5F;
}

}  // namespace

/// The grid itself and the one of the steps within pixels.
struct HealpixGrid::Bases {
  explicit Bases(int nside)
      : pixels(nside, NEST, SET_NSIDE), steps(static_cast<int64>(nside) << kStepsOrder, NEST, SET_NSIDE) {}
  T_Healpix_Base<int64> pixels, steps;
};

std::string nside_problem(std::int64_t nside) {
  if (nside >= 1 && nside <= kMaxNside && std::has_single_bit(static_cast<std::uint64_t>(nside))) return "";
  return fmt::format("expected a power of two up to {} (pixel numbers have 32 bits); found {}", kMaxNside, nside);
}

HealpixGrid::HealpixGrid(const HealpixDefinition& definition) : definition_(definition) {
  if (const std::string problem = nside_problem(definition.nside); !problem.empty()) {
    throw ConfigError("HEALPix nside: " + problem);
  }
  bases_ = std::make_shared<const Bases>(definition.nside);
}

double HealpixGrid::pixel_size_deg() const {
  return std::sqrt(4.0 * std::numbers::pi / static_cast<double>(n_pixels())) / kDegree_rad;
}

void HealpixGrid::pixel_index(std::span<const double> longitude_deg, std::span<const double> latitude_deg,
                              std::span<std::int64_t> index, std::span<float> x_within,
                              std::span<float> y_within) const {
  for (std::size_t i = 0; i < index.size(); ++i) {
    const SkyPosition position{longitude_deg[i], latitude_deg[i]};
    if (!std::isfinite(position.longitude_deg) || !(std::abs(position.latitude_deg) <= kPoleLatitude_deg)) {
      index[i] = -1;
      continue;
    }
    const int64 step = bases_->steps.ang2pix(direction_of(position));
    index[i] = step >> (2 * kStepsOrder);
    if (x_within.empty()) continue;
    int x = 0, y = 0, face = 0;
    bases_->steps.pix2xyf(step, x, y, face);
    x_within[i] = within(x);
    y_within[i] = within(y);
  }
}

SkyPosition HealpixGrid::pixel_centre(std::int64_t pixel) const { return position_of(bases_->pixels.pix2ang(pixel)); }

std::array<std::int64_t, 8> HealpixGrid::neighbours(std::int64_t pixel) const {
  fix_arr<int64, 8> found;
  bases_->pixels.neighbors(pixel, found);
  std::array<std::int64_t, 8> result{};
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = found[i];
  return result;
}

}  // namespace comap
