"""Samples and directions that cannot be: counted as missing with their reason from Level-1 to the map, and nothing else is
lost or moved. One observation with several faults beside its clean twin, another one of which nothing is left."""
import json
import shutil

import astropy.io.fits
import h5py
import numpy as np

from program import run, scratch_directory, write_config

MISSING, NOT_POSITIVE, ABSURD, REPEATED, QUIET, POINTING, CHANNELS = (1 << bit for bit in range(7))
FIRST, SECOND = 40001, 40002
TOD, FLAGS = "spectrometer/tod", "level2/sample_flags"
CONFIG = """
[catalogue]
url = "sqlite:comap.db"
[simulate]
n_observations = 2
seed = 5
n_feeds = 4
n_channels = 64
n_scans = 4
scan_duration_s = 30
n_nan_samples = 0
n_nan_channels = 0
glitches_per_feed = 0
[mapmake]
name = "map"
bands = [0, 5]
wcs = { NAXIS = [81, 71], CRPIX = [41.0, 36.0], CDELT = [-0.05, 0.05], CRVAL = [29.95, 0.0], CTYPE = ["GLON-CAR", "GLAT-CAR"] }
"""


def level1(directory, obsid):
    (path,) = directory.glob(f"level1/comap-{obsid:07d}*.hd5")
    return path


def level2(directory):
    (path,) = directory.rglob(f"Level2_comap-{FIRST:07d}*.hd5")
    return h5py.File(path)


def spoil(path):
    """Faults by feed row and scan; returns the flags [feed row][band][sample] that are expected."""
    with h5py.File(path, "r+") as file:
        on = np.diff(np.concatenate([[0], file["spectrometer/features"][:] == 512, [0]]).astype(int))
        starts, ends = np.where(on == 1)[0], np.where(on == -1)[0]
        tod = file[TOD][:4]
        expected = np.zeros((4, 4, tod.shape[-1]), np.uint8)
        middle = (starts + ends) // 2

        def put(row, scan, n, value, flag, band=slice(None)):
            span = slice(middle[scan], middle[scan] + n)
            tod[row, band, :, span] = value
            expected[row, band, span] |= flag

        put(0, 0, 5, 0.0, NOT_POSITIVE)
        hold = slice(middle[1], middle[1] + 500)  # 10 of 30 s
        tod[0, ..., hold] = tod[0, ..., middle[1] - 1:middle[1]]
        expected[0, :, hold] = REPEATED
        for first in range(starts[2] + 100, ends[2] - 100, 200):  # a few per cent, in blocks
            tod[0, ..., first:first + 12] = np.nan
            expected[0, :, first:first + 12] = MISSING
        mean = tod[0, ..., starts[3]:ends[3]].mean(axis=-1, keepdims=True)
        tod[0, ..., starts[3]:ends[3]] = mean + 1e-3 * (tod[0, ..., starts[3]:ends[3]] - mean)
        expected[0, :, starts[3]:ends[3]] = QUIET

        put(1, 0, 20, 1e30, ABSURD)
        put(1, 0, 3, np.inf, ABSURD)
        tod[1, 2, :, middle[1]:middle[1] + 100] = tod[1, 2, :, middle[1] - 1:middle[1]]
        expected[1, 2, middle[1]:middle[1] + 100] = REPEATED
        tod[1, 0, 20, starts[2]:ends[2]] = 0.0  # one channel of many
        tod[1, 1, 20, middle[2]:middle[2] + 30] = -1.0

        even = tod[2, ..., 0::2]
        tod[2, ..., 1::2] = even[..., :tod[2, ..., 1::2].shape[-1]]
        for start, end in zip(starts, ends):
            expected[2, :, start:end] = REPEATED
        file[TOD][:4] = tod

        pointing = file["spectrometer/pixel_pointing"]
        for name, scan, n, value in (("az", 0, 5, 0.0), ("el", 1, 3, np.nan), ("el", 3, 2, 91.0)):
            at = slice(starts[scan] + 300, starts[scan] + 300 + n)
            pointing[f"pixel_{name}"][:, at] = value
            expected[:, :, at] |= POINTING
        at = slice(starts[2] + 300, starts[2] + 300 + 200)  # 4 s
        for name in ("az", "el"):
            angle = pointing[f"pixel_{name}"]
            angle[:, at] = angle[:, at.start - 1:at.start]
        expected[:, :, at] |= POINTING
        pointing["pixel_az"][3] = np.nan
        for start, end in zip(starts, ends):
            expected[3, :, start:end] |= POINTING
        return expected, list(zip(starts, ends))


def double(path):
    with h5py.File(path, "r+") as file:
        for row in range(4):
            tod = file[TOD][row]
            tod[..., 1::2] = tod[..., 0:2 * (tod.shape[-1] // 2):2]
            file[TOD][row] = tod


def check_flags(spoilt, expected, rows):
    flags = spoilt[FLAGS][:][rows]
    np.testing.assert_array_equal(flags, expected)
    assert not np.delete(spoilt[FLAGS][:], rows, axis=0).any()
    assert "8 spectrum repeated" in spoilt[FLAGS].attrs["bits"]


def check_binned(clean, spoilt, expected, rows, scans):
    """Missing where there is a flag that says so, and nowhere else; what no fault has touched is the same bit for bit."""
    lost = np.repeat((expected & np.uint8(0xff ^ POINTING))[:, :, None] != 0, 2, axis=2)
    for name in ("binned_data", "binned_filtered_data"):
        before, after = clean[f"level2/{name}"][:][rows], spoilt[f"level2/{name}"][:][rows]
        np.testing.assert_array_equal(np.isnan(after), lost)
        noise = np.array(clean[f"level2_noise_stats/{name}/auto_rms"])[rows]
        for i, (start, end) in enumerate(scans):
            # A gap moves the median and slow parts of the gain around it, which offsets of map making take out.
            seconds = np.where(lost, np.nan, after - before)[..., start:end].reshape(*lost.shape[:-1], -1, 50)
            has_data = np.isfinite(seconds).sum(axis=-1) > 10
            rms = np.nanstd(np.where(has_data[..., None], seconds, 0.0), axis=-1)
            assert (rms <= 0.5 * np.nan_to_num(noise[..., i])[..., None]).all(), (name, i, rms.max(axis=-1) / noise[..., i])
    start, end = scans[3]
    np.testing.assert_array_equal(spoilt["level2/binned_data"][:][rows[1], ..., start:end],
                                  clean["level2/binned_data"][:][rows[1], ..., start:end])
    np.testing.assert_array_equal(spoilt["level2/binned_filtered_data"][:][rows[3]],
                                  clean["level2/binned_filtered_data"][:][rows[3]])
    assert np.isfinite(np.array(spoilt["level2/atmosphere/tau"])[rows[3], :, 20]).all()


def map_file(directory, name):
    return astropy.io.fits.open(directory / "maps" / f"{name}_band0.fits")


def check_account(spoilt, expected, scans):
    """Header and table name every reason, and count each sample once."""
    text = "\n".join(spoilt[0].header["HISTORY"])
    for reason in ("counts not positive", "counts absurd", "spectrum repeated", "noise too low", "pointing bad",
                   "missing in Level-1"):
        assert reason in text, (reason, text)
    cuts = spoilt["CUTS"].data
    columns = dict(zip((MISSING, NOT_POSITIVE, ABSURD, REPEATED, QUIET, POINTING, CHANNELS),
                       ("NAN", "NOT_POS", "ABSURD", "REPEATED", "QUIET", "POINTING", "CHANNELS")))
    band = int(cuts["FREQBAND"][0]) // 2
    inside = np.concatenate([expected[:, band, start:end] for start, end in scans], axis=-1)
    lowest = np.where(inside != 0, inside & -inside.astype(int), 0)
    for flag, column in columns.items():
        assert cuts[column].sum() == (lowest == flag).sum(), column


def check_map(clean, spoilt):
    """Of a feed that has lost little: nothing of what was taken out is in the map."""
    both = (clean["MASK"].data == 0) & (spoilt["MASK"].data == 0)
    pull = (spoilt[0].data - clean[0].data)[both] / spoilt["RMS"].data[both]
    assert both.sum() > 0.95 * (clean["MASK"].data == 0).sum()
    assert np.std(pull) < 1.0, np.std(pull)


def main():
    scratch = scratch_directory()
    write_config(scratch / "comap.toml", CONFIG)
    run("simulate", "comap.toml", directory=scratch)
    for name in ("clean", "spoilt"):
        (scratch / name / "level1").mkdir(parents=True)
        write_config(scratch / name / "comap.toml", CONFIG)
        shutil.copy(level1(scratch, FIRST), scratch / name / "level1")
    shutil.copy(level1(scratch, SECOND), scratch / "spoilt" / "level1")
    expected, scans = spoil(level1(scratch / "spoilt", FIRST))
    double(level1(scratch / "spoilt", SECOND))
    for name, code in (("clean", 0), ("spoilt", 3)):
        directory = scratch / name
        run("catalogue", "scan", "comap.toml", "--level1", "level1", directory=directory)
        text = run("level2", "comap.toml", directory=directory, expect=code)
    assert "no sample of any scan is left" in text and "spectra equal to the one before" in text, text
    assert "feed 3: more than 25 % of the spectra are equal" in text, text
    with level2(scratch / "clean") as clean, level2(scratch / "spoilt") as spoilt:
        rows = clean["spectrometer/feeds"][:4] - 1
        assert not clean[FLAGS][:].any()
        check_flags(spoilt, expected, rows)
        check_binned(clean, spoilt, expected, rows, scans)
        kinds = {trouble["kind"] for trouble in json.loads(spoilt["comap_mpi"].attrs["troubles"])}
    assert kinds >= {"samples missing", "counts not positive", "counts absurd", "samples repeated", "noise too low",
                     "pointing missing", "pointing frozen"}, kinds
    assert not list((scratch / "spoilt").rglob(f"Level2_comap-{SECOND:07d}*"))
    found = run("check", "--deep", level1(scratch / "spoilt", FIRST), directory=scratch, expect=1)
    for words in ("counts of 0 or less", "counts above", "spectra equal", "radiometer", "not finite", "stand still", "NaN"):
        assert words in found, (words, found)
    run("check", "--deep", level1(scratch / "clean", FIRST), directory=scratch)

    # A stage that reads the samples again sees the same ones; other limits make everything anew.
    with level2(scratch / "spoilt") as spoilt:
        before = spoilt["level2/binned_data"][:].tobytes(), spoilt[FLAGS][:].tobytes()
    again = ["--obsid", FIRST, "--set", "level2.gain_filter.overwrite=true"]
    run("level2", "comap.toml", *again, directory=scratch / "spoilt", ranks=2)
    with level2(scratch / "spoilt") as spoilt:
        assert before == (spoilt["level2/binned_data"][:].tobytes(), spoilt[FLAGS][:].tobytes())
    plan = run("level2", "comap.toml", "--obsid", FIRST, "--dry-run", "--set", "level2.check_level1.max_counts_ratio=40",
               directory=scratch / "spoilt")
    assert "max_counts_ratio 30.0 -> 40.0" in plan or "max_counts_ratio" in plan, plan
    run("mapmake", "comap.toml", "--level2-file", level2(scratch / "spoilt").filename, directory=scratch / "spoilt")
    check_account(map_file(scratch / "spoilt", "map"), expected, scans)
    for name in ("clean", "spoilt"):
        second = ["--set", "mapmake.feeds=[2]", "--set", "mapmake.name=second"]
        run("mapmake", "comap.toml", "--level2-file", level2(scratch / name).filename, *second, directory=scratch / name)
    check_map(map_file(scratch / "clean", "second"), map_file(scratch / "spoilt", "second"))


if __name__ == "__main__":
    main()
