"""Kinds of observations and of calibration against the truth they were simulated with: sky dips calibrated by the
observation after them, Lissajous scans, a gain that drifts between two vane events, and the optional stages."""
import sqlite3

import h5py
import numpy as np

from level2_table import TABLE, check_described
from program import run, scratch_directory, write_config

CMB_K, ATMOSPHERE_K = 2.7255, 270.0
QUIET = """
n_feeds = 2
n_channels = 16
gain_sigma = 0.0
opacity_drift = 0.0
glitches_per_feed = 0
n_nan_samples = 0
n_nan_channels = 0
"""
DIP, FIELD, LISSAJOUS, BROKEN_LISSAJOUS = 40001, 40002, 40003, 40004
CONFIG = f"""
[simulate]
{QUIET}
n_sky_dips = 1
n_observations = 1
n_calibrators = 2
calibrator_pattern = "lissajous"
n_scans = 2
scan_duration_s = 30.0
calibrator_duration_s = 40.0
[catalogue]
url = "sqlite:comap.db"
"""
DRIFT = 0.1
DRIFT_CONFIG = f"""
[simulate]
{QUIET}
n_observations = 1
scan_type = "ces"
gain_drift = {DRIFT}
[catalogue]
url = "sqlite:drift.db"
"""


def file_of(directory, obsid, pattern="*.hd5"):
    return next(directory.rglob(f"*comap-{obsid:07d}{pattern}"))


def status(scratch, obsid, database="comap.db"):
    with sqlite3.connect(scratch / database) as connection:
        return connection.execute("SELECT processing_status, processing_error FROM observation_summary "
                                  "WHERE obsid = ?", (obsid,)).fetchone()


def airmass(level1, feed_row, scan):
    return 1 / np.sin(np.radians(level1["spectrometer/pixel_pointing/pixel_el"][feed_row, scan[0]:scan[1]]))


def temperature_K(level1, truth, feed_row, scan):
    """[band][channel][sample] at the receiver without the sky, from the equations of docs/simulate.md."""
    depth = (truth["tau_nu"][...][..., None] * truth["tau_t"][scan[0]:scan[1]] * airmass(level1, feed_row, scan))
    return truth["t_rx"][feed_row][..., None] + CMB_K * np.exp(-depth) + ATMOSPHERE_K * (1 - np.exp(-depth))


def sky_dip_needs_its_neighbour(scratch, config):
    text = run("level2", config, "--obsid", DIP, directory=scratch, expect=3)
    assert f"takes its calibration from observation {FIELD}" in text, text
    assert f"comap_mpi level2 --obsid {FIELD}" in text, text


def sky_dip_finds_tau(level1_dir, level2_dir):
    with h5py.File(file_of(level2_dir, DIP)) as dip, h5py.File(file_of(level2_dir, FIELD)) as field, \
            h5py.File(file_of(level1_dir, DIP)) as level1, h5py.File(file_of(level1_dir, DIP, "*_truth.hdf5")) as truth:
        for name in ("system_temperature", "gain", "event_mjd"):
            assert np.array_equal(dip[f"level2/vane/{name}"], field[f"level2/vane/{name}"], equal_nan=True), name
        assert "sky nod" in level1["comap"].attrs["comment"] and len(truth["vanes"]) == 0
        (scan,), (expected_scan,) = dip["level2/scan_edges"][...], truth["scans"][...]
        assert np.all(np.abs(scan - expected_scan) <= 5), (scan, expected_scan)  # housekeeping at 10 Hz
        worst = 0.0
        for row in range(2):
            gain = dip["level2/vane/gain"][0, row]
            scale = truth["gain"][row] / gain
            design = np.vstack([np.ones(scan[1] - scan[0]), airmass(level1, row, scan)]).T
            series = temperature_K(level1, truth, row, scan) * scale[..., None]
            offset, tau = np.linalg.lstsq(design, series.reshape(64, -1).T, rcond=None)[0]
            assert 5.0 < tau.mean() < 20.0, tau
            found = dip["level2/atmosphere/tau"][row][..., 0].ravel()
            worst = max(worst, np.abs(found / tau - 1).max())
            assert np.allclose(dip["level2/atmosphere/offsets"][row][..., 0].ravel(), offset, rtol=0.01)
        print(f"sky dip: tau within {100 * worst:.2f} % of the truth in every channel")
        assert worst < 0.01, worst


def sky_dip_follows_its_neighbour(scratch, config):
    text = run("level2", config, "--dry-run", directory=scratch)
    assert text.count("up to date") == 3, text
    changed = file_of(scratch / "level2", FIELD)
    run("level2", config, "--obsid", FIELD, "--set", "level2.system_temperature.vane_hot_margin_deg=3.5",
        directory=scratch)
    assert changed.exists()
    text = run("level2", config, "--dry-run", "--obsid", DIP, directory=scratch)
    assert "the Level-2 file of the next observation has changed" in text, text


def lissajous_scans_are_the_simulated(scratch):
    level1, level2 = scratch / "level1", scratch / "level2"
    with h5py.File(file_of(level2, LISSAJOUS)) as made, h5py.File(file_of(level1, LISSAJOUS, "*_truth.hdf5")) as truth:
        assert np.array_equal(made["level2/scan_edges"], truth["scans"]), made["level2/scan_edges"][...]
    state, reason = status(scratch, BROKEN_LISSAJOUS)
    assert state == "failed" and "lissajous_status" in reason, (state, reason)


def spoil_lissajous(path):
    """A tracker that never reports status 1."""
    with h5py.File(path, "r+") as file:
        values = file["hk/antenna0/deTracker/lissajous_status"][...]
        file["hk/antenna0/deTracker/lissajous_status"][...] = np.where(values == 1, 2, values)


def calibrated_over_true(scratch, event):
    """[scan] median temperature of all channels over the true one."""
    run("level2", "drift.toml", "--set", f"level2.system_temperature.event={event}", directory=scratch)
    with h5py.File(file_of(scratch / "level2", FIELD)) as made, h5py.File(file_of(scratch / "level1", FIELD)) as level1, \
            h5py.File(file_of(scratch / "level1", FIELD, "*_truth.hdf5")) as truth:
        ratios = []
        for index, scan in enumerate(truth["scans"][...]):
            found = made["level2/atmosphere/offsets"][0][..., index]
            ratios.append(np.median(found / np.median(temperature_K(level1, truth, 0, scan), axis=-1)))
        return np.array(ratios)


def interpolation_recovers_a_drift(scratch):
    first, interpolated, mean = (calibrated_over_true(scratch, event) for event in ("first", "interpolate", "mean"))
    print("temperature over truth by scan: first", first, "interpolate", interpolated, "mean", mean)
    assert np.ptp(interpolated) < 0.003 * interpolated.mean()
    assert np.all(np.diff(first) > 0) and np.ptp(first) > 0.4 * DRIFT
    assert abs(mean.mean() / interpolated.mean() - 1) < 0.003 < abs(first.mean() / interpolated.mean() - 1)


def whole_observation_fit(level1, gain, feed_row, vanes):
    """Offset and tau of band 1, channel 5, by numpy."""
    features = level1["spectrometer/features"][...]
    featured = np.flatnonzero((features > 0) & (features != 1 << 13))
    use = np.zeros(len(features), bool)
    use[featured[0]:featured[-1] + 1] = True
    for start, end in vanes:
        use[start:end] = False
    elevation = np.radians(level1["spectrometer/pixel_pointing/pixel_el"][feed_row])
    design = np.vstack([np.ones(use.sum()), 1 / np.sin(elevation[use])]).T
    values = level1["spectrometer/tod"][feed_row, 1, 5].astype(float)[use] / gain[1, 5]
    return np.linalg.lstsq(design, values, rcond=None)[0]


def files_are_described(level2):
    """Together the files have every dataset of the table but one, which needs sky = "power_law"."""
    found = set()
    for path in level2.rglob("*.hd5"):
        with h5py.File(path) as file:
            found |= check_described(file)
    assert TABLE.keys() - found == {"level2/gain_filter/gain_information_matrix"}, TABLE.keys() - found


def optional_stages(scratch, config):
    before = {}
    with h5py.File(file_of(scratch / "level2", FIELD)) as file:
        before = {name: file[f"level2/{name}"][...] for name in ("binned_data", "binned_filtered_data")}
    stages = ["check_level1", "create_level2", "system_temperature", "find_scans", "noise_stats_level1", "atmosphere",
              "atmosphere_vane", "gain_filter", "post_bin_cleaning", "noise_stats_level2", "finalize_metadata"]
    pipeline = "level2.pipeline=[" + ", ".join(f'"{stage}"' for stage in stages) + "]"
    window = "level2.post_bin_cleaning.medfilt_length"
    text = run("level2", config, "--obsid", FIELD, "--set", pipeline, "--set", f"{window}=301", ranks=2,
               directory=scratch)
    assert "post_bin_cleaning (has not run)" in text and "gain_filter (" not in text, text
    files_are_described(scratch / "level2")
    with h5py.File(file_of(scratch / "level2", FIELD)) as file, h5py.File(file_of(scratch / "level1", FIELD)) as level1:
        assert file["level2/post_bin_cleaning"].attrs["status"] == "complete"
        uncleaned = file["level2/post_bin_cleaning/uncleaned"][...]
        assert np.array_equal(uncleaned, before["binned_filtered_data"], equal_nan=True)
        assert np.array_equal(file["level2/binned_data"], before["binned_data"], equal_nan=True)
        cleaned = file["level2/binned_filtered_data"][...]
        assert np.array_equal(np.isnan(cleaned), np.isnan(uncleaned))
        inside = np.zeros(cleaned.shape[-1], bool)
        for start, end in file["level2/scan_edges"][...]:
            inside[start:end] = True
            part = cleaned[:2, ..., start:end]
            assert np.all(np.abs(np.median(part, axis=-1)) < 0.3 * np.std(part, axis=-1))
        assert np.all(cleaned[:2][..., ~inside] == 0)
        rms = file["level2_noise_stats/binned_filtered_data/auto_rms"][:2]
        assert np.all(np.isfinite(rms))
        first_cleaned = cleaned
        vanes = [[start, end] for start, end in vane_runs(level1)]
        for row in range(2):
            offset, tau = whole_observation_fit(level1, file["level2/vane/gain"][0, row], row, vanes)
            assert abs(file["level2/atmosphere_vane/tau"][row, 1, 5] - tau) < 1e-3 * abs(tau) + 1e-3, tau
            assert abs(file["level2/atmosphere_vane/offsets"][row, 1, 5] - offset) < 1e-3 * abs(offset) + 1e-3
    cleaning_runs_again_without_level1(scratch, config, pipeline, window, first_cleaned)
    cleaning_can_be_taken_out(scratch, config, before)


def cleaning_runs_again_without_level1(scratch, config, pipeline, window, first_cleaned):
    """Another window and back: every time from the data before any cleaning."""
    (scratch / "level1").rename(scratch / "tape")
    results = []
    for length in (501, 301):
        text = run("level2", config, "--obsid", FIELD, "--set", pipeline, "--set", f"{window}={length}",
                   directory=scratch)
        assert "post_bin_cleaning (medfilt_length" in text, text
        with h5py.File(file_of(scratch / "level2", FIELD)) as file:
            results.append(file["level2/binned_filtered_data"][...])
    (scratch / "tape").rename(scratch / "level1")
    assert not np.array_equal(results[0], first_cleaned, equal_nan=True)
    assert np.array_equal(results[1], first_cleaned, equal_nan=True)


def cleaning_can_be_taken_out(scratch, config, before):
    run("level2", config, "--obsid", FIELD, directory=scratch)
    with h5py.File(file_of(scratch / "level2", FIELD)) as file:
        for name, values in before.items():
            assert np.array_equal(file[f"level2/{name}"], values, equal_nan=True), name
        assert "post_bin_cleaning" not in file["level2"]


def vane_runs(level1):
    """Runs of feature 13; the spectrometer's, which the simulator writes alike in the housekeeping."""
    is_vane = np.concatenate([[False], level1["spectrometer/features"][...] == 1 << 13, [False]])
    return np.flatnonzero(np.diff(is_vane.astype(int))).reshape(-1, 2)


def main():
    scratch = scratch_directory()
    config = write_config(scratch / "comap.toml", CONFIG)
    run("simulate", config, ranks=2, directory=scratch)
    spoil_lissajous(file_of(scratch / "level1", BROKEN_LISSAJOUS))
    run("catalogue", "scan", config, "--level1", "level1", directory=scratch)
    sky_dip_needs_its_neighbour(scratch, config)
    run("level2", config, ranks=3, directory=scratch, expect=3)
    sky_dip_finds_tau(scratch / "level1", scratch / "level2")
    lissajous_scans_are_the_simulated(scratch)
    sky_dip_follows_its_neighbour(scratch, config)
    run("level2", config, "--obsid", FIELD, directory=scratch)
    optional_stages(scratch, config)

    drift = scratch / "drift"
    drift.mkdir()
    write_config(drift / "drift.toml", DRIFT_CONFIG.replace("[simulate]", f"[simulate]\nfirst_obsid = {FIELD}"))
    run("simulate", "drift.toml", directory=drift)
    run("catalogue", "scan", "drift.toml", "--level1", "level1", directory=drift)
    interpolation_recovers_a_drift(drift)


main()
