#include "simulate/red_noise.hpp"

#include <fftw3.h>

#include <cmath>
#include <complex>
#include <memory>

#include "math/random_stream.hpp"

namespace comap::simulate {
namespace {

constexpr double kReferenceFrequency_Hz = 0.1;

struct FreeFftw {
  void operator()(void* memory) const { fftw_free(memory); }
};
struct DestroyPlan {
  void operator()(fftw_plan plan) const { fftw_destroy_plan(plan); }
};
using Plan = std::unique_ptr<fftw_plan_s, DestroyPlan>;
template <typename T>
using FftwArray = std::unique_ptr<T[], FreeFftw>;

/// Smallest power of two times 1, 3 or 5 that is not below n.
std::int64_t fast_length(std::int64_t n) {
  std::int64_t best = 0;
  for (const std::int64_t odd : {1, 3, 5}) {
    std::int64_t length = 2 * odd;
    while (length < n) length *= 2;
    if (best == 0 || length < best) best = length;
  }
  return best;
}

/// Half-complex spectrum with E|X_k|^2 = length * P(f_k); 0 at f = 0.
void draw_spectrum(fftw_complex* spectrum, std::int64_t length, double sample_rate_Hz, PowerLaw law,
                   std::uint64_t key) {
  RandomStream random(key);
  const auto n = static_cast<double>(length);
  spectrum[0][0] = spectrum[0][1] = 0.0;
  for (std::int64_t k = 1; k <= length / 2; ++k) {
    const double frequency_Hz = static_cast<double>(k) * sample_rate_Hz / n;
    const double amplitude =
        law.sigma * std::pow(frequency_Hz / kReferenceFrequency_Hz, 0.5 * law.alpha) * std::sqrt(n);
    const bool is_nyquist = 2 * k == length;
    spectrum[k][0] = amplitude * random.normal() * (is_nyquist ? 1.0 : std::sqrt(0.5));
    spectrum[k][1] = is_nyquist ? 0.0 : amplitude * random.normal() * std::sqrt(0.5);
  }
}

}  // namespace

std::vector<double> red_noise(std::int64_t n_samples, double sample_rate_Hz, PowerLaw law, std::uint64_t key) {
  std::vector<double> series(n_samples, 0.0);
  if (law.sigma == 0.0) return series;
  const std::int64_t length = fast_length(2 * n_samples);
  const FftwArray<double> samples(fftw_alloc_real(length));
  const FftwArray<fftw_complex> spectrum(fftw_alloc_complex(length / 2 + 1));
  // FFTW_ESTIMATE: a measured plan could differ from run to run in the last bit.
  const Plan plan(fftw_plan_dft_c2r_1d(static_cast<int>(length), spectrum.get(), samples.get(), FFTW_ESTIMATE));
  draw_spectrum(spectrum.get(), length, sample_rate_Hz, law, key);
  fftw_execute(plan.get());
  for (std::size_t i = 0; i < series.size(); ++i) series[i] = samples[i] / static_cast<double>(length);
  return series;
}

}  // namespace comap::simulate
