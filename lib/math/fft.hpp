#pragma once
/// \file
/// Fourier transforms of real series, by FFTW.

#include <complex>
#include <cstddef>
#include <memory>
#include <span>

namespace comap {

/// Transform of real series of one length, with its own aligned buffers.
///
/// forward: spectrum[k] = sum_t samples[t] exp(-2 pi i k t / n), k = 0 .. n/2, not normalised;
/// inverse: samples = the series with that spectrum, exact inverse of forward; it destroys the contents of `spectrum`.
/// Plans are estimated, not measured, so that two runs give the same bits. Objects may be made in any thread, one
/// object used by one thread at a time.
class RealFft {
 public:
  /// Throws Bug for n = 0.
  explicit RealFft(std::size_t n);
  RealFft(RealFft&&) noexcept;
  RealFft& operator=(RealFft&&) noexcept;
  ~RealFft();

  std::size_t size() const { return samples_.size(); }
  std::span<double> samples() { return samples_; }                  ///< [n]
  std::span<std::complex<double>> spectrum() { return spectrum_; }  ///< [n / 2 + 1]
  void forward();
  void inverse();

 private:
  struct Plans;
  std::unique_ptr<Plans> plans_;
  std::span<double> samples_;
  std::span<std::complex<double>> spectrum_;
};

}  // namespace comap
