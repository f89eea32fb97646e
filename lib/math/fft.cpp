#include "math/fft.hpp"

#include <fftw3.h>

#include <cmath>
#include <mutex>
#include <numbers>

#include "core/error.hpp"

namespace comap {
namespace {

// FFTW's planner shares tables between plans.
std::mutex& planner_mutex() {
  static std::mutex mutex;
  return mutex;
}

}  // namespace

/// Real values, their spectrum, and the plans between them.
struct FftPlans {
  FftPlans(std::size_t n_values, std::size_t n_modes)
      : values(fftw_alloc_real(n_values)), spectrum(fftw_alloc_complex(n_modes)) {}
  FftPlans(const FftPlans&) = delete;
  FftPlans& operator=(const FftPlans&) = delete;
  ~FftPlans() {
    const std::lock_guard lock(planner_mutex());
    fftw_destroy_plan(forward);
    fftw_destroy_plan(inverse);
    fftw_free(values);
    fftw_free(spectrum);
  }

  double* values;
  fftw_complex* spectrum;
  fftw_plan forward = nullptr;
  fftw_plan inverse = nullptr;
};

RealFft::RealFft(std::size_t n) {
  if (n == 0) throw Bug("Fourier transform of a series of length 0");
  plans_ = std::make_unique<FftPlans>(n, n / 2 + 1);
  samples_ = {plans_->values, n};
  // FFTW documents fftw_complex to have the layout of std::complex<double>.
  spectrum_ = {reinterpret_cast<std::complex<double>*>(plans_->spectrum), n / 2 + 1};
  const std::lock_guard lock(planner_mutex());
  const int length = static_cast<int>(n);
  plans_->forward = fftw_plan_dft_r2c_1d(length, plans_->values, plans_->spectrum, FFTW_ESTIMATE);
  plans_->inverse = fftw_plan_dft_c2r_1d(length, plans_->spectrum, plans_->values, FFTW_ESTIMATE);
}

RealFft::RealFft(RealFft&&) noexcept = default;
RealFft& RealFft::operator=(RealFft&&) noexcept = default;
RealFft::~RealFft() = default;

void RealFft::forward() { fftw_execute(plans_->forward); }

void RealFft::inverse() {
  fftw_execute(plans_->inverse);
  const double normalisation = 1.0 / static_cast<double>(samples_.size());
  for (double& sample : samples_) sample *= normalisation;
}

RealFft2d::RealFft2d(std::size_t n_x, std::size_t n_y) {
  if (n_x == 0 || n_y == 0) throw Bug("Fourier transform of an empty image");
  plans_ = std::make_unique<FftPlans>(n_x * n_y, (n_x / 2 + 1) * n_y);
  image_ = {plans_->values, n_x * n_y};
  spectrum_ = {reinterpret_cast<std::complex<double>*>(plans_->spectrum), (n_x / 2 + 1) * n_y};
  const std::lock_guard lock(planner_mutex());
  const int width = static_cast<int>(n_x), height = static_cast<int>(n_y);
  plans_->forward = fftw_plan_dft_r2c_2d(height, width, plans_->values, plans_->spectrum, FFTW_ESTIMATE);
  plans_->inverse = fftw_plan_dft_c2r_2d(height, width, plans_->spectrum, plans_->values, FFTW_ESTIMATE);
}

RealFft2d::RealFft2d(RealFft2d&&) noexcept = default;
RealFft2d& RealFft2d::operator=(RealFft2d&&) noexcept = default;
RealFft2d::~RealFft2d() = default;

void RealFft2d::forward() { fftw_execute(plans_->forward); }

void RealFft2d::inverse() {
  fftw_execute(plans_->inverse);
  const double normalisation = 1.0 / static_cast<double>(image_.size());
  for (double& pixel : image_) pixel *= normalisation;
}

namespace {

std::size_t checked_length(std::size_t n) {
  if (n == 0) throw Bug("cosine transform of a series of length 0");
  return n;
}

}  // namespace

CosineTransform::CosineTransform(std::size_t n) : fft_(checked_length(n)) {
  const auto length = static_cast<double>(n);
  for (std::size_t k = 0; k <= n / 2; ++k) {
    const double phase = -0.5 * std::numbers::pi * static_cast<double>(k) / length;
    turn_.push_back(std::polar(std::sqrt(2.0 / length), phase));
  }
}

// The even samples forwards, then the odd ones backwards, make a series whose Fourier transform, turned by half a
// sample, has the cosine modes k and n - k in its real and imaginary parts.
void CosineTransform::forward(std::span<double> values, std::size_t stride) {
  const std::size_t n = size();
  const std::span<double> series = fft_.samples();
  for (std::size_t j = 0; 2 * j < n; ++j) series[j] = values[2 * j * stride];
  for (std::size_t j = 0; 2 * j + 1 < n; ++j) series[n - 1 - j] = values[(2 * j + 1) * stride];
  fft_.forward();
  values[0] = fft_.spectrum()[0].real() / std::sqrt(static_cast<double>(n));
  for (std::size_t k = 1; k <= n / 2; ++k) {
    const std::complex<double> spectrum = fft_.spectrum()[k];
    const double real = turn_[k].real() * spectrum.real() - turn_[k].imag() * spectrum.imag();
    const double imaginary = turn_[k].real() * spectrum.imag() + turn_[k].imag() * spectrum.real();
    values[(n - k) * stride] = -imaginary;
    values[k * stride] = real;
  }
}

void CosineTransform::inverse(std::span<double> values, std::size_t stride) {
  const std::size_t n = size();
  const std::span<std::complex<double>> spectrum = fft_.spectrum();
  const double half = 0.5 * static_cast<double>(n);  // turn_ has sqrt(2/n) twice over
  spectrum[0] = values[0] * std::sqrt(static_cast<double>(n));
  for (std::size_t k = 1; k <= n / 2; ++k) {
    const double real = values[k * stride], imaginary = -values[(n - k) * stride];
    spectrum[k] = {half * (turn_[k].real() * real + turn_[k].imag() * imaginary),
                   half * (turn_[k].real() * imaginary - turn_[k].imag() * real)};
  }
  fft_.inverse();
  const std::span<const double> series = fft_.samples();
  for (std::size_t j = 0; 2 * j < n; ++j) values[2 * j * stride] = series[j];
  for (std::size_t j = 0; 2 * j + 1 < n; ++j) values[(2 * j + 1) * stride] = series[n - 1 - j];
}

}  // namespace comap
