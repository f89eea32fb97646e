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

struct RealFft::Plans {
  explicit Plans(std::size_t n) : samples(fftw_alloc_real(n)), spectrum(fftw_alloc_complex(n / 2 + 1)) {
    const std::lock_guard lock(planner_mutex());
    const int length = static_cast<int>(n);
    forward = fftw_plan_dft_r2c_1d(length, samples, spectrum, FFTW_ESTIMATE);
    inverse = fftw_plan_dft_c2r_1d(length, spectrum, samples, FFTW_ESTIMATE);
  }
  Plans(const Plans&) = delete;
  Plans& operator=(const Plans&) = delete;
  ~Plans() {
    const std::lock_guard lock(planner_mutex());
    fftw_destroy_plan(forward);
    fftw_destroy_plan(inverse);
    fftw_free(samples);
    fftw_free(spectrum);
  }

  double* samples;
  fftw_complex* spectrum;
  fftw_plan forward = nullptr;
  fftw_plan inverse = nullptr;
};

RealFft::RealFft(std::size_t n) {
  if (n == 0) throw Bug("Fourier transform of a series of length 0");
  plans_ = std::make_unique<Plans>(n);
  samples_ = {plans_->samples, n};
  // FFTW documents fftw_complex to have the layout of std::complex<double>.
  spectrum_ = {reinterpret_cast<std::complex<double>*>(plans_->spectrum), n / 2 + 1};
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

struct CosineTransform::Plans {
  explicit Plans(std::size_t n) : values(fftw_alloc_real(n)) {
    const std::lock_guard lock(planner_mutex());
    const int length = static_cast<int>(n);
    forward = fftw_plan_r2r_1d(length, values, values, FFTW_REDFT10, FFTW_ESTIMATE);
    inverse = fftw_plan_r2r_1d(length, values, values, FFTW_REDFT01, FFTW_ESTIMATE);
  }
  Plans(const Plans&) = delete;
  Plans& operator=(const Plans&) = delete;
  ~Plans() {
    const std::lock_guard lock(planner_mutex());
    fftw_destroy_plan(forward);
    fftw_destroy_plan(inverse);
    fftw_free(values);
  }

  double* values;
  fftw_plan forward = nullptr;
  fftw_plan inverse = nullptr;
};

CosineTransform::CosineTransform(std::size_t n) {
  if (n == 0) throw Bug("cosine transform of a series of length 0");
  plans_ = std::make_unique<Plans>(n);
  values_ = {plans_->values, n};
}

CosineTransform::CosineTransform(CosineTransform&&) noexcept = default;
CosineTransform& CosineTransform::operator=(CosineTransform&&) noexcept = default;
CosineTransform::~CosineTransform() = default;

void CosineTransform::forward() {
  fftw_execute(plans_->forward);
  const double scale = std::sqrt(0.5 / static_cast<double>(values_.size()));
  for (double& value : values_) value *= scale;
  values_[0] *= std::numbers::sqrt2 / 2.0;
}

void CosineTransform::inverse() {
  const double scale = std::sqrt(0.5 / static_cast<double>(values_.size()));
  for (double& value : values_) value *= scale;
  values_[0] *= std::numbers::sqrt2;
  fftw_execute(plans_->inverse);
}

}  // namespace comap
