#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "core/constants.hpp"
#include "core/text_file.hpp"
#include "map/null_test/null_test.hpp"

namespace comap {
namespace {

std::string number_or_dash(double value, int digits) {
  return std::isfinite(value) ? fmt::format("{:.{}f}", value, digits) : "-";
}

double per_dof(double chi_square, std::int64_t dof) { return dof > 0 ? chi_square / static_cast<double>(dof) : kNan; }

std::string table_line(const NullTest& test, NullScale scale) {
  const NullVerdict result = verdict(test, scale);
  const std::int64_t dof = result.chi_square.dof;
  const bool is_all = scale == NullScale::all;
  return fmt::format("{:<23} {:>4} {:<5} {:>10.1f} {:>8} {:>8} {:>9} {:>8} {:>9} {:>8} {:>8}", is_all ? test.split : "",
                     test.frequency_band, is_all ? "all" : "large", result.chi_square.chi_square, dof,
                     number_or_dash(per_dof(result.chi_square.chi_square, dof), 4), number_or_dash(result.pte_white, 4),
                     number_or_dash(per_dof(result.simulated_mean, dof), 4), number_or_dash(result.pte_simulated, 4),
                     is_all ? number_or_dash(test.data.rms_ratio, 4) : "",
                     is_all ? number_or_dash(rms_over_simulated(test), 4) : "");
}

void add_cards(const NullVerdict& result, const std::string& suffix, const std::string& what,
               std::vector<HeaderCard>& cards) {
  cards.push_back({"CHI2" + suffix, result.chi_square.chi_square, "chi-square " + what});
  cards.push_back({"DOF" + suffix, result.chi_square.dof, "its degrees of freedom"});
  cards.push_back({"PTEW" + suffix, result.pte_white, "probability to exceed, white noise"});
  cards.push_back({"SIMC" + suffix, result.simulated_mean, "mean chi-square of simulated noise"});
  cards.push_back({"PTE" + suffix, result.pte_simulated, "probability to exceed, simulated noise"});
}

}  // namespace

std::vector<HeaderCard> null_test_cards(const NullTest& test) {
  std::vector<HeaderCard> cards;
  cards.push_back({"NULLPIX", test.data.n_pixels, "pixels in the null test"});
  // The maps have levels of opposite sign.
  cards.push_back({"LEVEL", test.data.level_K.front(), "[K] level that the null test takes out of this map"});
  add_cards(verdict(test, NullScale::all), "", "of this map", cards);
  add_cards(verdict(test, NullScale::large), "LG", fmt::format("in blocks of {} pixels", kNullBlock), cards);
  cards.push_back({"RMSRATIO", test.data.rms_ratio, "rms over that of white noise"});
  cards.push_back({"RMSSIM", rms_over_simulated(test), "rms over that of simulated noise"});
  cards.push_back({"NULLSIM", std::ssize(test.simulated), "simulations of the noise"});
  return cards;
}

std::vector<std::string> null_test_lines(const std::vector<NullTest>& tests) {
  std::vector<std::string> lines = {fmt::format("{:<23} {:>4} {:<5} {:>10} {:>8} {:>8} {:>9} {:>8} {:>9} {:>8} {:>8}",
                                                "null test", "band", "scale", "chi2", "dof", "chi2/dof", "PTE white",
                                                "sim/dof", "PTE sim", "rms/w", "rms/sim")};
  for (const NullTest& test : tests) {
    for (const NullScale scale : {NullScale::all, NullScale::large}) lines.push_back(table_line(test, scale));
  }
  return lines;
}

void write_null_tests(const std::string& path, const std::vector<NullTest>& tests) {
  std::string text =
      "split\tlabels\tfrequency_band\tscale\tpixels\tchi2\tdof\tpte_white\tsimulations\tsimulated_chi2\t"
      "pte_simulated\trms_over_white\trms_over_simulated\n";
  for (const NullTest& test : tests) {
    for (const NullScale scale : {NullScale::all, NullScale::large}) {
      const NullVerdict result = verdict(test, scale);
      text +=
          fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n", test.split, fmt::join(test.labels, ","),
                      test.frequency_band, scale == NullScale::all ? "all" : "large", test.data.n_pixels,
                      result.chi_square.chi_square, result.chi_square.dof, result.pte_white, test.simulated.size(),
                      result.simulated_mean, result.pte_simulated, test.data.rms_ratio, rms_over_simulated(test));
    }
  }
  write_text_file(path, text);
}

}  // namespace comap
