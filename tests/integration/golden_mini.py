"""Level-2 of a file that this project did not make, against reference results that it did not make
(tests/data/expected_30011.h5): the whole program, with our own vane calibration and scans. Tolerances are those that the
reference states for that; docs/validation.md lists the faults of the reference that explain them."""
import shutil

import h5py
import numpy as np

from program import DATA_DIR, run, scratch_directory, write_config

LEVEL1 = "comap-0030011-2022-09-20-003020.hd5"
CONFIG = """
[catalogue]
url = "sqlite:comap.db"
[level2.noise_stats_level1]
estimator = "std"
[level2.gain_filter]
edge_cut_fraction = 0.0625
centre_cut_fraction = 0.0
channel_quality = false
{filter}
[level2.noise_stats_level2]
detrend = false
estimator = "std"
"""
FILTERS = {
    "maximum_posterior": "prior_sigma = 1.34e-3\nprior_alpha = -1.3\nprior_band_ratio = 0.5",
    "common_mode": 'method = "common_mode"\nsubtract_atmosphere = true\nchannel_weights = "measured"',
    "joint_tsys": 'method = "least_squares"\ntemplate = "tsys"\nsubtract_atmosphere = true\n'
                  'channel_weights = "measured"',
}
N_FEEDS = 2


# Every dataset of the Level-2 format: path, type, number of axes.
FORMAT = [
    ("spectrometer/MJD", "f8", 1), ("spectrometer/feeds", "i8", 1), ("spectrometer/frequency", "f8", 2),
    ("spectrometer/features", "i8", 1), ("spectrometer/bands", "S5", 1),
    *((f"spectrometer/pixel_pointing/pixel_{name}", "f8", 2) for name in ("az", "el", "ra", "dec")),
    *((f"spectrometer/pixel_pointing/pixel_{name}offset", "f8", 1) for name in "xy"),
    *((f"hk/antenna0/vane/{name}", "f8", 1) for name in ("utc", "Tvane", "angle", "Tambient", "Tshroud")),
    ("hk/array/frame/features", "i8", 1), ("hk/array/frame/utc", "f8", 1),
    *((f"hk/array/weather/{name}", "f8", 1)
      for name in ("airTemperature", "pressure", "dewPointTemp", "windSpeed", "windDirection", "utc")),
    ("level2/vane/system_temperature", "f4", 4), ("level2/vane/gain", "f4", 4), ("level2/vane/event_mjd", "f8", 1),
    ("level2/scan_edges", "i8", 2), ("level1_noise_stats/auto_rms", "f8", 3),
    ("level2/atmosphere/offsets", "f8", 4), ("level2/atmosphere/tau", "f8", 4),
    ("level2/binned_data", "f4", 4), ("level2/binned_filtered_data", "f4", 4),
    *((f"level2/gain_filter/{name}", "f8", 4) for name in ("effective_tsys", "white_variance")),
    *((f"level2/gain_filter/{name}", "f8", 3) for name in ("gain_information", "sigma_common", "sigma_band", "alpha")),
    ("level2/gain_filter/channel_mask", "u1", 3),
    ("level2/central_freqs", "f8", 3), ("level2/bandwidths", "f8", 3),
    *((f"level2_noise_stats/{data}/{name}", "f8", 4) for data in ("binned_data", "binned_filtered_data")
      for name in ("sigma_white", "sigma_red", "alpha", "auto_rms")),
    *((f"level2/sql_snapshot/{name}", "i8", 1) for name in ("pixel", "frequency_band", "n_spikes", "n_nan_values")),
    ("level2/sql_snapshot/filtered_auto_rms", "f8", 1),
]


def check_format(ours):
    """An HDF5 1.10 reader without MPI finds every dataset by its name; time streams are chunks of their own."""
    for path, kind, n_axes in FORMAT:
        assert path in ours, path
        assert ours[path].dtype == np.dtype(kind) and ours[path].ndim == n_axes, (path, ours[path])
        assert ours[path][()].shape == ours[path].shape
    n_samples = ours["spectrometer/MJD"].size
    stream = ours["level2/binned_filtered_data"]
    assert stream.chunks == (1, 1, 1, n_samples) and stream.fletcher32 and stream.attrs["unit"] == "K"
    assert ours["hk/antenna0/vane/Tshroud"][0] < 100, "housekeeping temperatures are scaled by 0.01"
    assert ours["comap"].attrs["obsid"] == 30011
    stages = set(ours["comap_mpi/stages"])
    assert {"system_temperature", "gain_filter", "finalize_metadata"} <= stages


def relative_rms(ours, expected, good):
    return np.sqrt(np.mean((ours[good] - expected[good]) ** 2) / np.mean(expected[good] ** 2))


def check_calibration(ours, expected):
    tsys, gain = (ours[f"level2/vane/{name}"][:, :N_FEEDS] for name in ("system_temperature", "gain"))
    cool = expected["vane/system_temperature"][...] < 200
    for value, name in ((tsys, "system_temperature"), (gain, "gain")):
        ratio = value[cool] / expected[f"vane/{name}"][...][cool] - 1
        assert np.max(np.abs(ratio)) < 1e-3, (name, np.max(np.abs(ratio)))
    rms = ours["level1_noise_stats/auto_rms"][:N_FEEDS]
    good = expected["auto_rms_level1"][...] > 0
    assert np.max(np.abs(rms[good] / expected["auto_rms_level1"][...][good] - 1)) < 1e-3
    assert np.isnan(rms[~good]).all()
    assert np.isnan(ours["level1_noise_stats/auto_rms"][N_FEEDS:]).all(), "absent feeds must be NaN"


def check_atmosphere(ours, expected):
    offsets, tau = (ours[f"level2/atmosphere/{name}"][:N_FEEDS] for name in ("offsets", "tau"))
    for value, name, tolerance in ((offsets, "offsets", 4e-3), (tau, "tau", 1e-2)):
        reference = expected[f"atmosphere/{name}"][...]
        good = (reference != 0) & np.isfinite(reference) & np.isfinite(value)
        difference = np.max(np.abs(value[good] - reference[good])) / np.median(np.abs(reference[good]))
        assert difference < tolerance, (name, difference)
        assert good.mean() > 0.9


def check_scans(ours, expected):
    edges, stored = ours["level2/scan_edges"][...], expected["scan_edges_stored"][...]
    assert np.array_equal(edges[:, 0], stored[:, 0])
    assert np.array_equal(edges[:, 1], stored[:, 1] + 1)


def check_maximum_posterior(ours, expected):
    inside = np.zeros(ours["spectrometer/MJD"].size, bool)
    for start, end in ours["level2/scan_edges"][...]:
        inside[start:end] = True
    for name, reference in (("binned_filtered_data", "binned_filtered_data/maximum_posterior"),
                            ("binned_data", "maximum_posterior/unfiltered")):
        value, wanted = ours[f"level2/{name}"][:N_FEEDS][..., inside], expected[reference][...][..., inside]
        good = np.isfinite(wanted) & np.isfinite(value)
        assert good.mean() > 0.99
        assert relative_rms(value, wanted, good) < 1e-3, (name, relative_rms(value, wanted, good))
    assert (ours["level2/binned_data"][:N_FEEDS][..., ~inside] == 0).all()
    for name in ("effective_tsys", "gain_information"):
        value, wanted = ours[f"level2/gain_filter/{name}"][:N_FEEDS], expected[f"maximum_posterior/{name}"][...]
        assert np.nanmax(np.abs(value / wanted - 1)) < 2e-3, name


def check_comparison_method(ours, expected, method):
    """Over the same samples: the reference loses the last one of each scan and treats NaN samples as gain 0."""
    inside = np.zeros(ours["spectrometer/MJD"].size, bool)
    for start, end in expected["scan_edges_stored"][...]:
        inside[start:end] = True
    value = ours["level2/binned_filtered_data"][:N_FEEDS][..., inside]
    wanted = expected[f"binned_filtered_data/{method}"][...][..., inside]
    for feed in range(N_FEEDS):
        # A sample that is NaN in one band has entered the reference's gain of all bands as 0.
        complete = np.isfinite(value[feed]).all(axis=(0, 1))
        assert complete.mean() > 0.99
        for band in range(4):
            for half in range(2):
                ok = np.isfinite(wanted[feed, band, half]) & complete
                assert np.isfinite(value[feed, band, half]).mean() > 0.99, "a NaN channel must not make its half band NaN"
                if ok.sum() < ok.size // 2:
                    continue
                distance = relative_rms(value[feed, band, half], wanted[feed, band, half], ok)
                assert distance < 1e-2, (method, feed, band, half, distance)


def main():
    scratch = scratch_directory()
    (scratch / "level1").mkdir()
    shutil.copy(DATA_DIR / LEVEL1, scratch / "level1")
    expected = h5py.File(DATA_DIR / "expected_30011.h5")
    for method, keys in FILTERS.items():
        config = write_config(scratch / f"{method}.toml", CONFIG.format(filter=keys))
        if method == "maximum_posterior":
            run("catalogue", "scan", config, "--level1", "level1", directory=scratch)
        run("level2", config, "--set", f'level2.output_dir="{method}"', ranks=2, directory=scratch)
        ours = h5py.File(next((scratch / method).rglob("Level2_*.hd5")))
        if method == "maximum_posterior":
            check_format(ours)
            check_calibration(ours, expected)
            check_atmosphere(ours, expected)
            check_scans(ours, expected)
            check_maximum_posterior(ours, expected)
        else:
            check_comparison_method(ours, expected, method)


main()
