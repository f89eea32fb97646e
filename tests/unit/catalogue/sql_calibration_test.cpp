// The tables of calibration, on both databases.

#include <cmath>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "unit/catalogue/database_fixture.hpp"

namespace comap {
namespace {

class CalibrationTables : public test::OnBothDatabases {
 protected:
  CalibrationTables() {
    catalogue_->initialize();
    std::vector<Row> rows;
    for (std::int64_t obsid = 1; obsid <= 4; ++obsid) {
      rows.push_back({{"obsid", obsid}, {"source", "TauA"}, {"source_group", "Calibrator"}});
    }
    catalogue_->upsert_observations(rows, false);
  }

  static CalibrationFlux flux(int feed, int band, double measured_Jy, double frequency_GHz = 27.4) {
    return {0, feed, band, 1, 59842.25, "TauA", measured_Jy, 1.5, 6.25, 1.125, frequency_GHz};
  }
  void record(std::int64_t obsid, const std::vector<CalibrationFlux>& rows) {
    test::record(*catalogue_, {.obsid = obsid, .complete = true, .level2_path = "/data/x.hd5", .calibration = rows});
  }
};

INSTANTIATE_TEST_SUITE_P(Databases, CalibrationTables, testing::Values("sqlite", "postgresql"),
                         [](const auto& one) { return one.param; });

TEST_P(CalibrationTables, FluxesOfAnObservationAreReplaced) {
  record(2, {flux(1, 0, 300.0), flux(2, 3, kNan)});
  EXPECT_EQ(ask("SELECT obsid, feed, band, channel, mjd, source, measured_flux, flux_error, amplitude, chi2 "
                "FROM calibration_flux WHERE feed = 1"),
            GetParam() == "sqlite" ? "2|1|0|1|59842.25|TauA|300.0|1.5|6.25|1.125\n"
                                   : "2|1|0|1|59842.25|TauA|300|1.5|6.25|1.125\n");
  EXPECT_EQ(ask("SELECT feed, measured_flux FROM calibration_flux WHERE measured_flux IS NULL"), "2|NULL\n");
  record(2, {flux(1, 0, 301.0)});
  EXPECT_EQ(ask("SELECT count(*) FROM calibration_flux"), "1\n");
  record(2, {});  // a result without fluxes says nothing of them
  EXPECT_EQ(ask("SELECT count(*) FROM calibration_flux"), "1\n");
}

TEST_P(CalibrationTables, FluxesOfASourceInTheSelection) {
  record(3, {flux(2, 0, 300.0), flux(1, 2, 310.0, kNan)});
  record(1, {flux(1, 2, 320.0)});
  record(4, {flux(1, 2, 330.0)});
  ask("INSERT INTO calibration_flux (obsid, feed, band, channel, source) VALUES (2, 1, 0, 0, 'CasA')");
  SelectConfig selection;
  selection.max_obsid = 3;
  const auto rows = catalogue_->calibration_fluxes("taua", selection);
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].obsid, 1);
  EXPECT_EQ(rows[0].measured_flux_Jy, 320.0);
  EXPECT_EQ(rows[0].frequency_GHz, 27.4);
  EXPECT_EQ(rows[1].obsid, 3);
  EXPECT_TRUE(std::isnan(rows[1].frequency_GHz));
  EXPECT_EQ(rows[2].feed, 2);
  EXPECT_EQ(rows[2].mjd, 59842.25);
  EXPECT_EQ(rows[2].chi2, 1.125);
  const auto other = catalogue_->calibration_fluxes("CasA", {});
  ASSERT_EQ(other.size(), 1U);
  EXPECT_TRUE(std::isnan(other[0].measured_flux_Jy));
  EXPECT_TRUE(catalogue_->calibration_fluxes("Jupiter", {}).empty());
}

TEST_P(CalibrationTables, ModelsReplaceThoseThatWereThere) {
  const CalibrationModel polynomial = {3, 1, 0, "TauA", "polynomial", {1.5, -0.25, 0.125}, {}, {}, 0.01, 12, "now"};
  const CalibrationModel nearest = {1, 0, 1, "TauA", "nearest", {}, {59000.0, 59001.5}, {0.5, 1.25}, 0.0, 2, "now"};
  catalogue_->write_calibration_models({polynomial});
  catalogue_->write_calibration_models({polynomial, nearest});
  EXPECT_EQ(ask("SELECT feed, band, channel, source, model_type, poly_coeffs, nearest_mjds, nearest_gains, "
                "n_observations, updated_at FROM calibration_model_fit ORDER BY feed"),
            "1|0|1|TauA|nearest|NULL|[59000.0,59001.5]|[0.5,1.25]|2|now\n"
            "3|1|0|TauA|polynomial|[1.5,-0.25,0.125]|NULL|NULL|12|now\n");
  const auto models = catalogue_->calibration_models();
  ASSERT_EQ(models.size(), 2U);
  EXPECT_EQ(models[0].nearest_gains, nearest.nearest_gains);
  EXPECT_EQ(models[0].nearest_mjds, nearest.nearest_mjds);
  EXPECT_EQ(models[1].poly_coeffs, polynomial.poly_coeffs);
  EXPECT_EQ(models[1].fit_rms, 0.01);
  EXPECT_EQ(models[1].n_observations, 12);
}

TEST_P(CalibrationTables, ModelsThatAreNoNumbersAreAnError) {
  ask("INSERT INTO calibration_model_fit (feed, band, channel, poly_coeffs) VALUES (1, 0, 0, '[1.0, null]')");
  EXPECT_TRUE(std::isnan(catalogue_->calibration_models().at(0).poly_coeffs.at(1)));
  ask("UPDATE calibration_model_fit SET poly_coeffs = 'one'");
  EXPECT_THROW(catalogue_->calibration_models(), CatalogueError);
}

}  // namespace
}  // namespace comap
