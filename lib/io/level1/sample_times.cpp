#include "io/level1/sample_times.hpp"

#include <algorithm>
#include <cmath>

#include "core/constants.hpp"
#include "math/median.hpp"

namespace comap {
namespace {

constexpr double kLongestPause_d = 1.0;      ///< no observation waits longer for its next sample
constexpr std::size_t kLongestRun = 50;      ///< wrong stamps in a row
constexpr double kMostMended = 0.01;         ///< of all stamps
constexpr double kMostPauses = 0.1;          ///< of all steps; more are no pauses but irregular times
constexpr double kStepTolerance = 0.5;       ///< median steps
constexpr std::size_t kStampsAtTheEnds = 4;  ///< that must agree before a first or last stamp is made from them

/// Median of the steps that go forward [d]; 0 when none does.
double median_step_d(std::span<const double> mjd) {
  std::vector<double> steps;
  steps.reserve(mjd.size());
  for (std::size_t i = 1; i < mjd.size(); ++i) {
    if (mjd[i] > mjd[i - 1] && std::isfinite(mjd[i] - mjd[i - 1])) steps.push_back(mjd[i] - mjd[i - 1]);
  }
  return steps.empty() ? 0.0 : upper_median(std::move(steps));
}

bool goes_forward(double before, double after) { return after > before && after - before < kLongestPause_d; }

/// Stamps of one recording in which some are wrong.
class StampMender {
 public:
  explicit StampMender(std::vector<double>& mjd) : mjd_(mjd), step_d_(median_step_d(mjd)) {}

  StampRepair run() {
    mend_first();
    const auto most = static_cast<std::size_t>(kMostMended * static_cast<double>(mjd_.size())) + 1;
    for (std::size_t i = 1; i < mjd_.size(); ++i) {
      if (goes_forward(mjd_[i - 1], mjd_[i])) continue;
      if (!(mend_around(i) || mend_last(i)) || repair_.mended.size() > most) {
        repair_.beyond_repair = i;
        break;
      }
    }
    return std::move(repair_);
  }

 private:
  bool in_step(std::size_t a, std::size_t b) const {
    return std::abs(mjd_[b] - mjd_[a] - static_cast<double>(b - a) * step_d_) <= kStepTolerance * step_d_;
  }

  void mend_first() {
    if (mjd_.size() <= kStampsAtTheEnds || goes_forward(mjd_[0], mjd_[1]) || !in_step(1, kStampsAtTheEnds)) return;
    mjd_[0] = mjd_[1] - step_d_;
    repair_.mended.push_back(0);
  }

  bool mend_last(std::size_t i) {
    const std::size_t n = mjd_.size();
    if (i + 1 != n || n <= kStampsAtTheEnds || !in_step(n - 1 - kStampsAtTheEnds, n - 2)) return false;
    mjd_[i] = mjd_[i - 1] + step_d_;
    repair_.mended.push_back(i);
    return true;
  }

  /// The shortest run of stamps around the step to `i` that can be replaced.
  bool mend_around(std::size_t i) {
    for (std::size_t width = 2; width <= kLongestRun + 1; ++width) {
      for (std::size_t a = i >= width ? i - width : 0; a < i; ++a) {
        if (replace_between(a, a + width)) return true;
      }
    }
    return false;
  }

  bool replace_between(std::size_t a, std::size_t b) {
    const bool is_last = b + 1 == mjd_.size();
    if (b >= mjd_.size() || !in_step(a, b) || !(is_last || goes_forward(mjd_[b], mjd_[b + 1]))) return false;
    const double step_d = (mjd_[b] - mjd_[a]) / static_cast<double>(b - a);
    for (std::size_t k = a + 1; k < b; ++k) {
      mjd_[k] = mjd_[a] + static_cast<double>(k - a) * step_d;
      repair_.mended.push_back(k);
    }
    return true;
  }

  std::vector<double>& mjd_;
  double step_d_;
  StampRepair repair_;
};

}  // namespace

double sample_time_s(std::span<const double> mjd) {
  const double limit_d = kPauseSteps * median_step_d(mjd);
  double pauses_d = 0.0;
  std::size_t n_steps = mjd.size() - 1;
  for (std::size_t i = 1; i < mjd.size(); ++i) {
    const double step_d = mjd[i] - mjd[i - 1];
    if (!(step_d > limit_d)) continue;
    pauses_d += step_d;
    --n_steps;
  }
  const std::size_t n_all = mjd.size() - 1;
  if (static_cast<double>(n_all - n_steps) > kMostPauses * static_cast<double>(n_all)) {
    pauses_d = 0.0;
    n_steps = n_all;
  }
  return (mjd.back() - mjd.front() - pauses_d) * kSecondsPerDay / static_cast<double>(n_steps);
}

StampRepair repair_time_stamps(std::vector<double>& mjd) {
  bool is_good = std::isfinite(mjd.front());
  for (std::size_t i = 1; i < mjd.size() && is_good; ++i) is_good = goes_forward(mjd[i - 1], mjd[i]);
  return is_good ? StampRepair() : StampMender(mjd).run();
}

}  // namespace comap
