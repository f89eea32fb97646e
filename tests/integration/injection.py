"""A sky added to files that are there: the TOD gains counts/K times the brightness at every sample and nothing else
changes, the input is never written, and the difference of the two Level-2 files is the sky that was added."""
import filecmp
import hashlib

import h5py
import numpy as np

from program import run, scratch_directory, write_config

N_OLD, N_NEW = 40001, 50001
SOURCE = [30.05, 0.02, 0.8, 6.0, -2.1]  # l, b, K at 30 GHz, FWHM in arcmin, spectral index
CONFIG = """
[simulate]
n_observations = 1
n_feeds = 2
n_channels = 32
scan_type = "raster"
n_scans = 2
scan_duration_s = 40.0
{storage}
[catalogue]
url = "sqlite:comap.db"
"""
ADDED = ["--set", "simulate.output_dir=injected", "--set", f"simulate.sources=[{SOURCE}]",
         "--set", "simulate.ridge_T30_K=0", "--set", "simulate.line_peak_K=0"]
STORAGES = {"contiguous": "", "chunked": 'storage = "chunked"\nchunk_samples = 700'}


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def file_of(directory, obsid, ending=".hd5"):
    return next(directory.rglob(f"*comap-{obsid:07d}*{ending}"))


def sky_at_30GHz(truth):
    """[feed][sample] from positions that the simulator wrote, K."""
    l, b = np.radians(truth["galactic_l"][...]), np.radians(truth["galactic_b"][...])
    l0, b0 = np.radians(SOURCE[:2])
    half = np.sin((b - b0) / 2)**2 + np.cos(b) * np.cos(b0) * np.sin((l - l0) / 2)**2
    sigma = np.radians(SOURCE[3] / 60) / np.sqrt(8 * np.log(2))
    return SOURCE[2] * np.exp(-0.5 * (2 * np.arcsin(np.sqrt(half)) / sigma)**2)


def level1_differs_by_the_sky(old, new, truth, gain):
    sky = sky_at_30GHz(truth)
    with h5py.File(old) as before, h5py.File(new) as after:
        difference = after["spectrometer/tod"][:2].astype(float) - before["spectrometer/tod"][:2]
        assert np.array_equal(before["spectrometer/tod"][2], after["spectrometer/tod"][2])  # the ground feed
        assert np.array_equal(np.isnan(before["spectrometer/tod"][:2]), np.isnan(after["spectrometer/tod"][:2]))
        spectrum = (before["spectrometer/frequency"][...] / 30.0)**SOURCE[4]
        expected = (gain * spectrum)[..., None] * sky[:, None, None, :]
        for start, end in truth["vanes"][...]:
            assert np.nanmax(np.abs(difference[..., start + 10:end - 10])) == 0.0
            expected[..., start - 10:end + 10] = difference[..., start - 10:end + 10]
        counts = np.nanmax(np.abs(before["spectrometer/tod"][:2]))
        assert np.nanmax(np.abs(difference - np.where(np.isnan(difference), np.nan, expected))) < 4e-7 * counts + \
            1e-4 * np.nanmax(expected)
        assert np.nanmax(expected) > 0.1 * np.nanmax(gain)
        assert int(after["comap"].attrs["obsid"]) == N_NEW and int(before["comap"].attrs["obsid"]) == N_OLD
        for name in ("spectrometer/MJD", "hk/antenna0/vane/angle", "spectrometer/pixel_pointing/pixel_az"):
            assert np.array_equal(before[name], after[name])
        assert before["spectrometer/tod"].chunks == after["spectrometer/tod"].chunks


def level2_differs_by_the_sky(old, new, truth):
    sky = sky_at_30GHz(truth)
    with h5py.File(old) as before, h5py.File(new) as after:
        assert np.array_equal(before["level2/vane/gain"], after["level2/vane/gain"], equal_nan=True)
        scans, frequency = before["level2/scan_edges"][...], before["level2/central_freqs"][...]
        slopes = []
        for scan in scans:
            for feed in range(2):
                there = slice(*scan)
                for band, half in np.ndindex(4, 2):
                    difference = (after["level2/binned_data"][feed, band, half, there].astype(float)
                                  - before["level2/binned_data"][feed, band, half, there])
                    expected = (frequency[feed, band, half] / 30.0)**SOURCE[4] * sky[feed, there]
                    expected -= np.median(expected)
                    good = np.isfinite(difference)
                    if not good.any() or expected.max() < 0.1:
                        continue
                    slope, offset = np.polyfit(expected[good], difference[good], 1)
                    rest = difference[good] - slope * expected[good] - offset
                    slopes.append(slope)
                    assert np.std(rest) < 0.005 * expected.max(), (scan, feed, band, half, np.std(rest))
    print(f"difference over injected: {np.mean(slopes):.4f} +- {np.std(slopes):.4f} in {len(slopes)} streams")
    assert len(slopes) > 8 and np.all(np.abs(np.array(slopes) - 1) < 0.01), slopes


def truth_holds_what_was_added(path, truth):
    with h5py.File(path) as injected:
        terms, beta = injected["terms/profile_K"][...], injected["terms/beta"][...]
        assert np.allclose(beta, [SOURCE[4]])
        assert np.allclose(terms[0, :2], sky_at_30GHz(truth), atol=2e-4 * SOURCE[2])
        assert np.allclose(injected["galactic_l"][:2], truth["galactic_l"], atol=1e-5)
        assert injected.attrs["original_obsid"] == N_OLD and injected.attrs["obsid"] == N_NEW


def one_storage(scratch, storage):
    scratch.mkdir()
    config = write_config(scratch / "comap.toml", CONFIG.format(storage=STORAGES[storage]))
    run("simulate", config, directory=scratch)
    old = file_of(scratch / "level1", N_OLD)
    before = digest(old)
    old.chmod(0o444)
    inject = ["simulate", config, *ADDED, "--inject-into", old, "--as-obsid", N_NEW]
    text = run(*inject, "--dry-run", directory=scratch)
    assert "would be copied" in text and not (scratch / "injected").exists(), text
    run(*inject, directory=scratch)
    assert digest(old) == before
    assert not list(scratch.rglob("*.partial"))
    new = file_of(scratch / "injected", N_NEW)
    assert not filecmp.cmp(old, new, shallow=False)
    run(*inject, directory=scratch, expect=2)  # there already
    run("catalogue", "scan", config, "--level1", "level1", "injected", directory=scratch)
    run("level2", config, ranks=2, directory=scratch)
    with h5py.File(file_of(scratch / "level1", N_OLD, "_truth.hdf5")) as truth:
        with h5py.File(file_of(scratch / "level2", N_OLD)) as made:
            gain = made["level2/vane/gain"][0, :2]
        level1_differs_by_the_sky(old, new, truth, gain)
        truth_holds_what_was_added(file_of(scratch / "injected", N_NEW, "_truth.hdf5"), truth)
        level2_differs_by_the_sky(file_of(scratch / "level2", N_OLD), file_of(scratch / "level2", N_NEW), truth)


def refuses_what_cannot_be_done(scratch):
    old = file_of(scratch / "level1", N_OLD)
    before = digest(old)
    run("simulate", "comap.toml", "--inject-into", old, directory=scratch, expect=2)
    text = run("simulate", "comap.toml", "--inject-into", old, "--as-obsid", N_OLD, "--set", "simulate.overwrite=true",
               directory=scratch, expect=2)
    assert "itself" in text, text
    assert digest(old) == before


def main():
    scratch = scratch_directory()
    for storage in STORAGES:
        one_storage(scratch / storage, storage)
    refuses_what_cannot_be_done(scratch / "contiguous")


main()
