"""From observations of TauA to a calibrated map: fluxes, models with a known gain curve, what is said when there is
nothing to fit, and maps divided by the model."""
import json
import math
import sqlite3

import numpy as np
from astropy.io import fits

from program import run, scratch_directory, write_config

CONFIG = """
[simulate]
n_channels = 16
n_observations = 1
n_calibrators = 3
scan_duration_s = 40.0
calibrator_duration_s = 200.0
[catalogue]
url = "sqlite:comap.db"
[mapmake]
offset_length = 100
[calibrate]
min_observations = 3
"""
TAUA_30GHZ_JY = 336.7  # of the simulated sky
N_ELEMENTS = 3 * 8
FIELD = "select.source_group=['Galactic']"


def query(scratch, statement, *arguments):
    with sqlite3.connect(scratch / "comap.db") as database:
        return database.execute(statement, arguments).fetchall()


def fluxes_are_those_of_the_sky(scratch):
    rows = query(scratch, "SELECT f.band, f.channel, measured_flux, flux_error, chi2, frequency_ghz FROM "
                          "calibration_flux AS f NATURAL JOIN comap_calibration_frequency WHERE source = 'TauA'")
    assert len(rows) == 3 * N_ELEMENTS, len(rows)
    for band, channel, flux, error, chi2, frequency_ghz in rows:
        true = TAUA_30GHZ_JY * (frequency_ghz / 30.0)**-0.302
        assert abs(flux / true - 0.997) < 0.01, (band, channel, flux, true)
        assert 0 < error < 0.02 * flux and 0.02 < chi2 < 10, (error, chi2)
    summary = query(scratch, "SELECT calibrator_flux, pointing_offset_az, pointing_offset_el FROM observation_summary "
                             "WHERE calibrator_flux IS NOT NULL")
    assert len(summary) == 3
    assert all(abs(az) < 1e-3 and abs(el) < 1e-3 for _, az, el in summary), summary


def nothing_to_fit(scratch, config):
    text = run("calibrate", config, "--set", "calibrate.source=CasA", directory=scratch, expect=3)
    assert "no flux of CasA" in text, text
    text = run("calibrate", config, "--set", "calibrate.min_observations=4", directory=scratch, expect=3)
    assert "no element has min_observations = 4" in text, text
    run("calibrate", config, "--set", "calibrate.source=Venus", directory=scratch, expect=2)
    run("calibrate", config, "--dry-run", directory=scratch)
    assert query(scratch, "SELECT count(*) FROM calibration_model_fit") == [(0,)]
    text = run("mapmake", config, "--set", FIELD, "--set", "mapmake.calibration=catalogue", directory=scratch, expect=1)
    assert "comap_mpi calibrate" in text, text


def known_gain(feed, mjd):
    years = (mjd - 59000.0) / 365.25
    return (1.0 + 0.1 * feed) * (1.0 + 0.01 * years)


def gains_become_known(scratch, config):
    """Every measured flux times a known gain over what it came out at."""
    ratios = {(one["feed"], one["band"], one["channel"]): one for one in models_of(scratch, config, "mean")}
    for identity, feed, band, channel, mjd in query(scratch, "SELECT id, feed, band, channel, mjd FROM calibration_flux"):
        ratio = ratios[feed, band, channel]["values"][mjd]
        query(scratch, "UPDATE calibration_flux SET measured_flux = measured_flux * ? WHERE id = ?",
              known_gain(feed, mjd) / ratio, identity)


def models_of(scratch, config, model_type):
    """Models, with the ratios that `nearest` stores, by element."""
    run("calibrate", config, "--set", "calibrate.model_type=nearest", directory=scratch, ranks=2)
    nearest = query(scratch, "SELECT feed, band, channel, nearest_mjds, nearest_gains FROM calibration_model_fit")
    values = {row[:3]: dict(zip(json.loads(row[3]), json.loads(row[4]))) for row in nearest}
    run("calibrate", config, "--set", f"calibrate.model_type={model_type}", "--set", "calibrate.poly_degree=1", "--plot",
        "gains.png", directory=scratch, ranks=2)
    models = query(scratch, "SELECT feed, band, channel, poly_coeffs, fit_rms, n_observations FROM "
                            "calibration_model_fit")
    assert len(models) == N_ELEMENTS and len(values) == N_ELEMENTS
    assert (scratch / "gains.png").read_bytes().startswith(b"\x89PNG")
    return [{"feed": feed, "band": band, "channel": channel, "coefficients": json.loads(text), "rms": rms, "n": n,
             "values": values[feed, band, channel]} for feed, band, channel, text, rms, n in models]


def models_follow_the_known_gain(scratch, config):
    gains_become_known(scratch, config)
    for model in models_of(scratch, config, "polynomial"):
        assert model["n"] == 3 and model["rms"] < 1e-6, model
        for mjd in (59700.0, 59842.0):
            years = (mjd - 59000.0) / 365.25
            value = model["coefficients"][0] + model["coefficients"][1] * years
            assert math.isclose(value, known_gain(model["feed"], mjd), rel_tol=1e-5), (model, value)


def maps_are_divided_by_the_gain(scratch, config):
    maps = {}
    for name, settings in {"raw": [], "calibrated": ["--set", "mapmake.calibration=catalogue"]}.items():
        text = run("mapmake", config, "--set", FIELD, "--set", f'mapmake.name="{name}"', "--set", "mapmake.feeds=[2]",
                   *settings, directory=scratch, ranks=2)
        maps[name] = fits.getdata(scratch / "maps" / f"{name}_band0.fits").astype(float)
    assert "models of 24 of 152 elements" in text, text
    start_mjd = query(scratch, "SELECT utc_start FROM comap_data WHERE source_group = 'Galactic'")
    assert len(start_mjd) == 1
    good = np.isfinite(maps["raw"])
    assert good.sum() > 100 and (good == np.isfinite(maps["calibrated"])).all()
    ratio = maps["raw"][good] @ maps["calibrated"][good] / (maps["calibrated"][good] @ maps["calibrated"][good])
    assert abs(ratio / known_gain(2, 59842.0) - 1) < 1e-3, ratio
    query(scratch, "UPDATE calibration_model_fit SET poly_coeffs = '[0.2]' WHERE feed = 2 AND band = 0")
    text = run("mapmake", config, "--set", FIELD, "--set", "mapmake.feeds=[2]", "--set", "mapmake.calibration=catalogue",
               directory=scratch, expect=1)
    assert "calibration factor not finite or below 0.3" in text, text


def fits_again_without_level1(scratch, config):
    """The fit needs no samples: Level-1 may be away, and the rows of the catalogue follow."""
    (scratch / "level1").rename(scratch / "tape")
    before = query(scratch, "SELECT avg(measured_flux) FROM calibration_flux")
    run("level2", config, "--set", "level2.calibrator_fit.fit_radius_deg=0.2", directory=scratch, ranks=2)
    after = query(scratch, "SELECT avg(measured_flux), count(*) FROM calibration_flux")
    assert after[0][1] == 3 * N_ELEMENTS and 0 < abs(after[0][0] / before[0][0] - 1) < 3e-3, (before, after)
    (scratch / "tape").rename(scratch / "level1")


def report_shows_the_fit(scratch, config):
    """A file that is no Level-2 file does not stop the pictures of the others."""
    (bad := scratch / "bad.hd5").write_text("no HDF5")
    good = query(scratch, "SELECT level2_path FROM comap_data WHERE source_group = 'Calibrator' AND level2_path IS NOT NULL")[0][0]
    text = run("report", config, "--file", bad, good, "--output-dir", "report", directory=scratch, ranks=2, expect=3)
    assert "bad.hd5" in text and not list(scratch.glob("report/bad/*")), text
    found = {path.name: path.stat().st_size for path in (scratch / "report").rglob("*.png")}
    assert {"calibrator.png", "calibration.png", "spectra.png", "tod.png"} <= found.keys(), found
    assert min(found.values()) > 10_000, found


def main():
    scratch = scratch_directory()
    config = write_config(scratch / "calibrate.toml", CONFIG)
    run("simulate", config, directory=scratch, ranks=2)
    run("catalogue", "scan", config, "--level1", "level1", directory=scratch)
    run("level2", config, directory=scratch, ranks=2)
    fluxes_are_those_of_the_sky(scratch)
    report_shows_the_fit(scratch, config)
    fits_again_without_level1(scratch, config)
    nothing_to_fit(scratch, config)
    models_follow_the_known_gain(scratch, config)
    maps_are_divided_by_the_gain(scratch, config)


main()
