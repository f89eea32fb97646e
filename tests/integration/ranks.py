"""Level-2 files are the same bit for bit, and maps the same to 1e-5 of their rms, for any number of ranks and ranks
per observation; the same run twice gives the same data."""

import h5py
import numpy as np
from astropy.io import fits

from program import datasets, run, scratch_directory, write_config

CONFIG = """
[simulate]
n_observations = 2
n_channels = 32
scan_duration_s = 25.0
n_scans = 2
{storage}
[catalogue]
url = "sqlite:comap.db"
[mapmake]
wcs = "dynamic"
"""
LAYOUTS = [(1, "auto"), (2, "auto"), (3, "auto"), (4, "auto"), (2, 2), (3, 3), (4, 2), (4, 3), (4, 1)]
MAP_TOLERANCE = 1e-5


def level2_data(directory):
    found = {}
    for path in sorted(directory.rglob("Level2_*.hd5")):
        with h5py.File(path) as file:
            assert file.attrs["comap_mpi_complete"] == 1
            found[path.name] = {name: value for name, value in datasets(file).items()}
    return found


def assert_same_bits(reference, other, what):
    assert reference.keys() == other.keys(), what
    for name, expected in reference.items():
        assert expected and expected.keys() == other[name].keys(), (what, name)
        for dataset, value in expected.items():
            assert value.tobytes() == other[name][dataset].tobytes(), f"{what}: {name}: {dataset} differs"


def check_level2(scratch, storage, layouts):
    config = write_config(scratch / f"{storage}.toml",
                          CONFIG.format(storage=f'storage = "{storage}"\noutput_dir = "level1_{storage}"'))
    run("simulate", config, directory=scratch, ranks=2)
    reference = None
    for ranks, per_observation in layouts:
        output = scratch / f"level2_{storage}_{ranks}_{per_observation}"
        setting = f'"{per_observation}"' if per_observation == "auto" else per_observation
        # A fresh catalogue: its snapshot goes into the file.
        (scratch / "comap.db").unlink(missing_ok=True)
        run("catalogue", "scan", config, "--level1", f"level1_{storage}", directory=scratch)
        text = run("level2", config, "--set", f'level2.output_dir="{output}"', "--set",
                   f"parallel.ranks_per_observation={setting}", ranks=ranks, directory=scratch)
        assert "failed                           0" in text, text
        data = level2_data(output)
        assert len(data) == 2
        if reference is None:
            reference = data
        assert_same_bits(reference, data, f"{ranks} ranks, {per_observation} per observation")
    return reference


def check_maps(scratch):
    config = scratch / "contiguous.toml"
    maps = {}
    run("catalogue", "scan", config, "--level2", "level2_contiguous_1_auto", directory=scratch)
    for label, ranks in [("1", 1), ("2", 2), ("3", 3), ("4", 4), ("again", 3)]:
        run("mapmake", config, "--set", f'mapmake.name="map{label}"', ranks=ranks, directory=scratch)
        maps[label] = scratch / "maps" / f"map{label}_band0.fits"
    reference = fits.getdata(maps["1"])
    rms = np.sqrt(np.nanmean(reference**2))
    assert np.isfinite(reference).sum() > 1000
    for label in ("2", "3", "4"):
        other = fits.getdata(maps[label])
        assert np.array_equal(np.isfinite(reference), np.isfinite(other)), f"{label} ranks: other pixels are masked"
        difference = np.nanmax(np.abs(reference - other)) / rms
        assert difference < MAP_TOLERANCE, f"{label} ranks: {difference:.1e} of the rms"
    with fits.open(maps["3"]) as hdus:
        names = [hdu.name for hdu in hdus]
    for hdu, name in enumerate(names):
        if name == "CONFIG":
            continue  # has the name of the map
        first, second = fits.getdata(maps["3"], hdu), fits.getdata(maps["again"], hdu)
        assert first.tobytes() == second.tobytes(), f"HDU {hdu} differs between two equal runs"


def main():
    scratch = scratch_directory()
    contiguous = check_level2(scratch, "contiguous", LAYOUTS)
    chunked = check_level2(scratch, "chunked", [(1, "auto"), (2, 2), (4, 3)])
    assert_same_bits(contiguous, chunked, "chunked against contiguous storage")
    check_maps(scratch)


main()
