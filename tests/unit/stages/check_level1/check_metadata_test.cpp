// What the metadata of a good file (of the Python simulator) contradict once one of them is changed.

#include "stages/check_level1/check_metadata.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "io/level1/sample_times.hpp"
#include "stages/check_level1/check_level1.hpp"
#include "stages/check_level1/check_positions.hpp"
#include "stages/check_level1/clock_jumps.hpp"
#include "stages/check_level1/copied_counts.hpp"
#include "stages/check_level1/feed_places.hpp"

namespace comap {
namespace {

const std::string kFile = std::string(COMAP_TEST_DATA) + "/comap-0030011-2022-09-20-003020.hd5";
const CheckLevel1Config kConfig;

Level1Metadata good_file() { return read_level1_metadata(kFile, 0); }

/// The only trouble: its kind and a part of its text.
void expect_trouble(const MetadataVerdict& verdict, TroubleKind kind, const std::string& part) {
  ASSERT_TRUE(verdict.refusals.empty()) << verdict.refusals[0].what;
  ASSERT_EQ(verdict.troubles.size(), 1U);
  EXPECT_EQ(verdict.troubles[0].kind, kind);
  EXPECT_NE(describe(verdict.troubles[0]).find(part), std::string::npos) << describe(verdict.troubles[0]);
}

void expect_refusal(const MetadataVerdict& verdict, const std::string& part) {
  ASSERT_FALSE(verdict.refusals.empty()) << part;
  EXPECT_NE(verdict.refusals[0].what.find(part), std::string::npos) << verdict.refusals[0].what;
  EXPECT_FALSE(verdict.refusals[0].remedy.empty());
}

void delay(std::vector<double>& mjd, std::size_t from, double by_s) {
  for (std::size_t i = from; i < mjd.size(); ++i) mjd[i] += by_s / kSecondsPerDay;
}

MetadataVerdict positions_of(const Level1Metadata& level1) {
  return check_positions(level1, read_stated_positions(level1, {{0, level1.n_samples}}), kConfig, Observer());
}

TEST(CheckMetadata, AGoodFileIsGood) {
  Level1Metadata level1 = good_file();
  const std::vector<double> mjd = level1.mjd;
  const MetadataVerdict verdict = judge_metadata(level1, kConfig);
  EXPECT_TRUE(level1.troubles.empty() && verdict.troubles.empty() && verdict.refusals.empty());
  EXPECT_EQ(level1.mjd, mjd);
}

TEST(CheckMetadata, TimesThatAreNoMjdOfOurDays) {
  struct Clock {
    double (*change)(double);
    const char* part;
  };
  for (const auto& [change, part] : {Clock{[](double mjd) { return mjd + 2400000.5; }, "Julian date"},
                                     Clock{[](double mjd) { return (mjd - 40587.0) * 86400.0; }, "seconds since 1970"},
                                     Clock{[](double mjd) { return mjd - 51544.5; }, "since J2000"},
                                     Clock{[](double mjd) { return mjd / 1000.0; }, "outside MJD"}}) {
    Level1Metadata level1 = good_file();
    std::ranges::transform(level1.mjd, level1.mjd.begin(), change);
    expect_refusal(check_metadata(level1, kConfig), part);
  }
}

TEST(CheckMetadata, PausesAreSaid) {
  Level1Metadata level1 = good_file();
  delay(level1.mjd, 4000, 60.0);
  level1.sample_time_s = sample_time_s(level1.mjd);
  EXPECT_NEAR(level1.sample_time_s, 0.02, 1e-7);
  expect_trouble(check_metadata(level1, kConfig), TroubleKind::recording_gap, "more than 1 s: 1, the longest 60.0 s");
}

TEST(CheckMetadata, SampleTimeAgainstTheStatedOne) {
  Level1Metadata level1 = good_file();
  level1.attributes["tsamp"] = 0.01;  // somebody has averaged pairs of samples
  expect_trouble(check_metadata(level1, kConfig), TroubleKind::time_step,
                 "0.02 s, but the attribute tsamp states 0.01");
  level1.attributes["tsamp"] = 20.0;  // milliseconds, perhaps: nothing to compare with
  EXPECT_TRUE(check_metadata(level1, kConfig).troubles.empty());
  level1.attributes["tsamp"] = std::string(" 0.0201 ");
  EXPECT_TRUE(check_metadata(level1, kConfig).troubles.empty());
}

TEST(CheckMetadata, AClockOfTheWrongRateIsRefused) {
  Level1Metadata level1 = good_file();
  for (double& time : level1.mjd) time = level1.mjd.front() + 1.3 * (time - level1.mjd.front());
  level1.sample_time_s = sample_time_s(level1.mjd);
  expect_refusal(check_metadata(level1, kConfig), "hk/antenna0/vane/utc");
}

TEST(CheckMetadata, IrregularSteps) {
  Level1Metadata level1 = good_file();
  for (std::size_t i = 1; i < level1.mjd.size(); i += 4) level1.mjd[i] += 0.015 / kSecondsPerDay;
  expect_trouble(check_metadata(level1, kConfig), TroubleKind::time_step, "of the steps");
}

TEST(CheckMetadata, Frequencies) {
  const auto with = [](std::size_t channel, double GHz) {
    Level1Metadata level1 = good_file();
    level1.frequency_GHz[channel] = GHz;
    return check_metadata(level1, kConfig);
  };
  expect_refusal(with(7, 45.0), "45 is outside 20 to 40 GHz");
  expect_refusal(with(7, std::nan("")), "nan is outside");
  expect_refusal(with(7, 27.9), "band 0 do not run one way");
  expect_refusal(with(63, 30.5), "bands 1 and 2 overlap at 30.0");
  Level1Metadata twice = good_file();
  std::copy_n(twice.frequency_GHz.begin() + twice.n_channels, twice.n_channels, twice.frequency_GHz.begin());
  expect_refusal(check_metadata(twice, kConfig), "overlap");
}

TEST(CheckPositions, ClocksThatAreOff) {
  const auto shifted = [](double by_s) {
    Level1Metadata level1 = good_file();
    delay(level1.mjd, 0, by_s);
    return positions_of(level1);
  };
  EXPECT_TRUE(shifted(0.5).troubles.empty()) << "7 arcsec";
  expect_trouble(shifted(5.0), TroubleKind::clock,
                 "75 arcsec from what az, el and MJD give, as if MJD were 5.0 s late");
  expect_refusal(shifted(37.0),
                 "556 arcsec from what az, el and MJD give, as if MJD were 37.0 s late (TAI instead of UTC)");
  expect_refusal(shifted(18.0), "GPS time instead of UTC");
  expect_refusal(shifted(69.184), "TT instead of UTC");
  expect_refusal(shifted(-7.0 * 3600.0), "early (local time instead of UTC)");
  Level1Metadata half = good_file();
  delay(half.mjd, half.mjd.size() / 2, 37.0);
  expect_refusal(positions_of(half), "556 arcsec");
}

/// The file has positions of declination 0; at 70 degrees the same clock moves a third as far.
TEST(CheckPositions, TaiIsFoundNearThePole) {
  EXPECT_GT(556.0 * std::cos(70.0 * kDegree_rad), 2.0 * kConfig.warn_position_error_arcsec);
}

TEST(CheckPositions, OtherUnitsAndEquinoxesAreHarmless) {
  const Level1Metadata level1 = good_file();
  const StatedPositions stated = read_stated_positions(level1, {{0, level1.n_samples}});
  const auto with = [&](const auto& change) {
    StatedPositions changed = stated;
    for (std::size_t i = 0; i < changed.ra.size(); ++i) change(changed.ra[i], changed.dec[i]);
    return check_positions(level1, changed, kConfig, Observer());
  };
  expect_trouble(with([](double& ra, double&) { ra /= 15.0; }), TroubleKind::clock, "in hours");
  expect_trouble(with([](double& ra, double& dec) { ra *= kDegree_rad, dec *= kDegree_rad; }), TroubleKind::clock,
                 "in radians");
  // Precession from 2000 to 2022.72 at this place, to first order: m + n sin(ra) tan(dec), n cos(ra).
  constexpr double kYears = 22.72, kM_deg = 46.1245 / 3600.0, kN_deg = 20.0426 / 3600.0;
  const auto precess = [&](double& ra, double& dec) {
    const double ra_rad = ra * kDegree_rad;
    ra += kYears * (kM_deg + kN_deg * std::sin(ra_rad) * std::tan(dec * kDegree_rad));
    dec += kYears * kN_deg * std::cos(ra_rad);
  };
  expect_trouble(with(precess), TroubleKind::clock, "of date, not J2000");
  expect_trouble(with([](double& ra, double& dec) { ra = dec = 0.0; }), TroubleKind::clock, "hold nothing");
  expect_trouble(with([](double& ra, double&) { ra = std::nan(""); }), TroubleKind::clock, "hold nothing");
  expect_refusal(with([](double&, double& dec) { dec += 1.0; }), "3600 arcsec from what az, el and MJD give");
}

TEST(CheckPositions, AFeedOfItsOwnIsLeftOut) {
  Level1Metadata level1 = good_file();
  const auto n = static_cast<std::ptrdiff_t>(level1.n_samples);
  for (auto value = level1.elevation_deg.begin(); value != level1.elevation_deg.begin() + n; ++value) *value += 0.05;
  const MetadataVerdict verdict = positions_of(level1);
  expect_trouble(verdict, TroubleKind::pointing_jump, "feed 1: az, el and MJD give places more than 120 arcsec");
  ASSERT_EQ(verdict.misplaced.size(), 1U);
  EXPECT_EQ(verdict.misplaced[0].row, 0U);
  EXPECT_LE(verdict.misplaced[0].first, 950);
  EXPECT_GE(verdict.misplaced[0].end, 7700);
}

/// The file has scans from 950 to 4250 and from 4400 to 7700.
TEST(CheckPositions, HalfAScanOfAllFeedsIsLeftOut) {
  Level1Metadata level1 = good_file();
  constexpr std::int64_t kFrom = 6100, kTo = 7700, kMostBeside = 250;
  for (std::size_t row = 0; row < 3; ++row) {
    const auto start = level1.azimuth_deg.begin() + static_cast<std::ptrdiff_t>(row) * level1.n_samples;
    for (auto value = start + kFrom; value != start + kTo; ++value) *value += 0.5;
  }
  const MetadataVerdict verdict = positions_of(level1);
  EXPECT_TRUE(verdict.refusals.empty());
  ASSERT_EQ(verdict.misplaced.size(), 2U);
  for (const RowStretch& stretch : verdict.misplaced) {
    EXPECT_LE(stretch.first, kFrom);
    EXPECT_GT(stretch.first, kFrom - kMostBeside);
    EXPECT_GE(stretch.end, kTo);
  }
}

TEST(FeedPlaces, FeedsThatCoincideOrAreExchangedAreSaid) {
  EXPECT_TRUE(check_feed_places(good_file()).empty());
  const auto n = static_cast<std::ptrdiff_t>(good_file().n_samples);
  Level1Metadata level1 = good_file();
  for (std::vector<double>* angles : {&level1.azimuth_deg, &level1.elevation_deg}) {
    std::copy_n(angles->begin(), n, angles->begin() + n);
  }
  ASSERT_EQ(check_feed_places(level1).size(), 1U);
  EXPECT_EQ(check_feed_places(level1)[0].feeds, (std::vector<int>{1, 2}));
}

TEST(CheckPositions, ADropOutDoesNotDecide) {
  Level1Metadata level1 = good_file();
  std::fill_n(level1.azimuth_deg.begin() + 3000, 600, 0.0);
  EXPECT_TRUE(positions_of(level1).troubles.empty());
}

/// Times in steps of the truth.
double largest_error_s(const std::vector<double>& mjd, const std::vector<double>& truth) {
  double largest_s = 0.0;
  for (std::size_t i = 0; i < mjd.size(); ++i) {
    largest_s = std::max(largest_s, std::abs(mjd[i] - truth[i]) * kSecondsPerDay);
  }
  return largest_s;
}

TEST(ClockJumps, AreTakenOutWhenTwoWitnessesSaySo) {
  const std::vector<double> truth = good_file().mjd;
  Level1Metadata level1 = good_file();
  delay(level1.mjd, 3000, 59.0);
  delay(level1.mjd, 6000, 20.0);
  const MetadataVerdict verdict = judge_metadata(level1, kConfig);
  EXPECT_TRUE(verdict.refusals.empty());
  ASSERT_EQ(verdict.troubles.size(), 2U);
  EXPECT_EQ(verdict.troubles[0].kind, TroubleKind::recording_gap);
  EXPECT_NE(verdict.troubles[1].what.find("jumps by 59.0, 20.0 s"), std::string::npos) << verdict.troubles[1].what;
  EXPECT_LT(largest_error_s(level1.mjd, truth), 1e-3);
  EXPECT_NEAR(level1.sample_time_s, 0.02, 1e-6);
}

TEST(ClockJumps, OneWitnessIsNotEnough) {
  Level1Metadata level1 = good_file();
  delay(level1.mjd, 3000, 59.0);
  for (double& time : level1.vane.utc_mjd) time += 59.0 / kSecondsPerDay;  // the housekeeping goes on as long
  const std::vector<double> stated = level1.mjd;
  const MetadataVerdict verdict = judge_metadata(level1, kConfig);
  EXPECT_EQ(level1.mjd, stated);
  expect_refusal(verdict, "arcsec from what az, el and MJD give");
}

TEST(ClockJumps, RealPausesAreLeftAlone) {
  Level1Metadata level1 = good_file();
  delay(level1.mjd, 3000, 59.0);
  const std::vector<double> stated = level1.mjd;
  StatedPositions positions = read_stated_positions(level1, stretches_between_gaps(level1, 1.0));
  for (std::size_t i = 0; i < positions.ra.size(); ++i) {  // the sky has turned meanwhile
    if (positions.samples[i % positions.samples.size()] >= 3000) positions.ra[i] += 59.0 * 360.98564736629 / 86400.0;
  }
  EXPECT_FALSE(mend_clock_jumps(level1, positions, kConfig, Observer()));
  EXPECT_EQ(level1.mjd, stated);
}

TEST(CheckLevel1Stage, RefusesWithFileDatasetAndRemedy) {
  ObservationContext observation;
  observation.level1 = good_file();
  delay(observation.level1.mjd, 0, 37.0);
  try {
    CheckLevel1(kConfig).prepare(observation);
    FAIL() << "TAI passes";
  } catch (const ObservationError& error) {
    for (const char* part : {kFile.c_str(), "pixel_ra", "TAI", "max_position_error_arcsec"}) {
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    }
  }
  CheckLevel1Config lenient;
  lenient.max_position_error_arcsec = 1000.0;
  CheckLevel1(lenient).prepare(observation);
  ASSERT_EQ(observation.troubles.size(), 1U);
  EXPECT_EQ(observation.troubles[0].kind, TroubleKind::clock);
}

/// Signatures [scan][band] of two scans.
ProductTable with_signatures(std::vector<std::int64_t> signatures) {
  ProductTable products;
  products.set(kCountSignatures, {shape_of(signatures.size() / kBands, kBands), std::vector(signatures)});
  return products;
}

TEST(CopiedCounts, BandsScansAndFeedsAreToldApart) {
  const auto found = [](std::vector<std::int64_t> first, std::vector<std::int64_t> second) {
    std::string all;
    const auto troubles =
        find_copied_counts({1, 4}, {with_signatures(std::move(first)), with_signatures(std::move(second))});
    for (const Trouble& trouble : troubles) all += trouble.what + "; ";
    return all;
  };
  EXPECT_EQ(found({1, 2, 3, 4, 5, 6, 7, 8}, {11, 12, 13, 14, 0, 0, 0, 0}), "");
  EXPECT_EQ(found({1, 2, 1, 4, 5, 6, 5, 8}, {11, 12, 13, 14, 0, 0, 0, 0}), "band 2 holds the counts of band 0; ");
  EXPECT_EQ(found({1, 2, 3, 4, 1, 2, 3, 4}, {11, 12, 13, 14, 0, 0, 0, 0}),
            "scan 1 holds the counts of scan 0 (from 0); ");
  EXPECT_EQ(found({1, 2, 3, 4, 5, 6, 7, 8}, {1, 2, 3, 4, 5, 6, 7, 8}), "feeds 1 and 4 hold the same counts; ");
}

TEST(CopiedCounts, ConstantAndMissingCountsHaveNoSignature) {
  constexpr int kChannels = 4, kLength = 500;
  std::vector<float> counts(static_cast<std::size_t>(kChannels) * kLength, 1.0F);
  FeedBlock block;
  block.n_channels = kChannels;
  block.n_samples = block.stride = kLength;
  block.tod = counts.data();
  EXPECT_EQ(count_signature(block), 0);
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] = static_cast<float>(i);
  const std::int64_t signature = count_signature(block);
  EXPECT_NE(signature, 0);
  for (float& count : counts) count += 1.0F;
  EXPECT_NE(count_signature(block), signature);
  std::ranges::fill(counts, std::nanf(""));
  EXPECT_EQ(count_signature(block), 0);
}

}  // namespace
}  // namespace comap
