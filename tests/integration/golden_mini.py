"""Level-2 of a file that this project did not make, against reference results that it did not make
(tests/data/expected_30011.h5): the whole program, with our own vane calibration and scans and with those of the reference.
docs/validation.md lists the faults of the reference that explain the difference."""
import functools
import sys

import h5py
import numpy as np

from level2_table import check_described
from program import DATA_DIR, SOURCE_DIR, run, scratch_directory

sys.path.insert(0, str(SOURCE_DIR / "scripts"))
from golden_comparison import Case, golden_table  # noqa: E402

MINI = Case(DATA_DIR / "comap-0030011-2022-09-20-003020.hd5", DATA_DIR / "expected_30011.h5")
TRUTH = DATA_DIR / "comap-0030011-2022-09-20-003020_truth.hdf5"
N_REQUIREMENTS = 28
N_FEEDS, N_ELEMENTS = 2, 8
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
    check_described(ours)
    n_samples = ours["spectrometer/MJD"].size
    stream = ours["level2/binned_filtered_data"]
    assert stream.chunks == (1, 1, 1, n_samples) and stream.fletcher32
    assert ours["hk/antenna0/vane/Tshroud"][0] < 100, "housekeeping temperatures are scaled by 0.01"
    assert ours["comap"].attrs["obsid"] == 30011 and ours["comap"].attrs["source"] == "Field12"
    stages = set(ours["comap_mpi/stages"])
    assert {"system_temperature", "gain_filter", "finalize_metadata"} <= stages


def check_glitches(ours, truth):
    """The catalogue's count for every element of a feed is that of the glitches put into its scans."""
    spikes, scans = truth["spikes"][...], ours["level2/scan_edges"][...]
    feeds, counts = (ours[f"level2/sql_snapshot/{name}"][...] for name in ("pixel", "n_spikes"))
    for feed in range(1, N_FEEDS + 1):
        inside = sum(any(start <= sample < end for start, end in scans) for row, sample, _ in spikes if row == feed - 1)
        assert counts[feeds == feed].tolist() == [inside] * N_ELEMENTS, (feed, inside, counts[feeds == feed])


def main():
    scratch = scratch_directory()
    table = golden_table(functools.partial(run, directory=scratch, ranks=2), scratch, [MINI])
    print(table.markdown())
    assert len(table.rows) == N_REQUIREMENTS
    assert table.ok, "\n".join(table.missed())
    with h5py.File(next((scratch / "level2_own_maximum_posterior").rglob("Level2_*.hd5"))) as ours:
        check_format(ours)
        with h5py.File(TRUTH) as truth:
            check_glitches(ours, truth)
        assert np.isnan(ours["level1_noise_stats/auto_rms"][N_FEEDS:]).all(), "absent feeds must be NaN"


main()
