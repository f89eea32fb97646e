#include <algorithm>

#include "config/bind_config.hpp"

namespace comap {
namespace {

constexpr Limits kFrequency_GHz{kAboveZero, 100};
constexpr double kMaxVelocity_km_s = 1e5;

void bind_stack(Binder& binder, std::vector<double>& stack) {
  std::vector<std::vector<double>> rows;
  if (!stack.empty()) rows.push_back(stack);
  binder.number_rows("stack", rows, 0, "further rest frequencies, averaged with the first in velocity [GHz]");
  stack = rows.empty() ? std::vector<double>{} : rows.front();
  const auto is_wrong = [](double value) { return !(value > kFrequency_GHz.min && value <= kFrequency_GHz.max); };
  if (std::ranges::any_of(stack, is_wrong)) binder.reject("stack", "expected frequencies above 0, at most 100 GHz");
}

}  // namespace

void bind_linemap(Binder& binder, LinemapConfig& config) {
  constexpr double kMaxChannels = 65536;
  constexpr double kMaxOrder = 10;
  binder.text("name", config.name, "stem of the file names");
  binder.path("output_dir", config.output_dir, "where cubes go");
  binder.number("line_frequency_GHz", config.line_frequency_GHz, kFrequency_GHz, "of the line at rest [GHz]");
  binder.integer_as("segment_width", config.segment_width, {4, kMaxChannels}, "channels of the cube");
  binder.choice("gain_filter", config.gain_filter, {"line"}, "takes gain, atmosphere and continuum out");
  binder.integer_as("baseline_order", config.baseline_order, {-1, kMaxOrder},
                    "polynomial over the channels outside line_window_km_s; -1 = none");
  bind_stack(binder, config.stack);
  binder.number_array("line_window_km_s", config.line_window_km_s, {-kMaxVelocity_km_s, kMaxVelocity_km_s},
                      "velocities where the line may be, in spectral_frame [km/s]");
  binder.choice_as("spectral_frame", config.spectral_frame,
                   {{"lsrk", SpectralFrame::lsrk}, {"topocentric", SpectralFrame::topocentric}},
                   "of the frequency axis");
}

}  // namespace comap
