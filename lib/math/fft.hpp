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

/// Orthonormal cosine transform (DCT-II and its inverse) of one length, in place:
/// c_k = s_k sum_j x_j cos(pi (j + 1/2) k / n), s_0 = sqrt(1/n), else sqrt(2/n). It nearly diagonalises the covariance
/// of a stretch of stationary noise, and unlike the Fourier transform does not join the end to the beginning. Mode k
/// has the frequency k / (2 n dt). Threads as for RealFft.
class CosineTransform {
 public:
  /// Throws Bug for n = 0.
  explicit CosineTransform(std::size_t n);
  CosineTransform(CosineTransform&&) noexcept;
  CosineTransform& operator=(CosineTransform&&) noexcept;
  ~CosineTransform();

  std::size_t size() const { return values_.size(); }
  std::span<double> values() { return values_; }  ///< [n] samples or modes
  void forward();
  void inverse();

 private:
  struct Plans;
  std::unique_ptr<Plans> plans_;
  std::span<double> values_;
};

}  // namespace comap
