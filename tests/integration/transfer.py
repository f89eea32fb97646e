"""`transfer` on two small simulated observations: the default settings keep the sky, others keep less, nothing of the
user's is changed, and a second run keeps the copies. `diff` on two maps made with different offset_length."""
import hashlib
import json
import subprocess

import numpy as np
from astropy.io import fits

from program import PROGRAM, run, scratch_directory, write_config

CONFIG = """
[simulate]
n_observations = 2
n_feeds = 3
n_channels = 32
n_scans = 2
scan_duration_s = 40.0
[mapmake]
subpixel_pass = false
[select]
source_group = ["Galactic"]
"""
RMS_K = 0.005
MAX_MULTIPOLE = 180 * 60 / 4.5


def digests(directory):
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in directory.rglob("*") if path.is_file()}


def table(directory):
    lines = (directory / "transfer.tsv").read_text().splitlines()
    names = lines[0].split("\t")
    return {name: np.array([float(line.split("\t")[i]) for line in lines[1:]]) for i, name in enumerate(names)}


def mean_transfer(rows):
    return np.average(rows["transfer"], weights=rows["n_modes"])


def difference_of_maps(directory):
    """Recovered sky [K] and the noise of the maps."""
    with fits.open(directory / "injected_1/maps/map_band0.fits") as added, \
            fits.open(directory / "original/maps/map_band0.fits") as original:
        for card in ("NAXIS1", "NAXIS2", "CRPIX1", "CRPIX2", "CRVAL1"):
            assert added[0].header[card] == original[0].header[card]
        return added[0].data - original[0].data, original["RMS"].data


def the_table_is_complete_and_close_to_one(directory, text):
    rows = table(directory)
    assert len(rows["transfer"]) >= 5 and np.all(rows["frequency_band"] == 0)
    assert np.all(np.diff(rows["angular_scale_arcmin"]) < 0)
    assert np.allclose(rows["angular_scale_arcmin"] * rows["multipole"], 180 * 60, rtol=1e-3)
    assert rows["multipole"][-1] > 0.8 * MAX_MULTIPOLE
    resolved = rows["n_modes"] > 5
    assert resolved.sum() >= 4
    assert np.all(np.abs(rows["transfer"][resolved] - 1) < 0.1), rows
    assert np.all((rows["error"] > 0) & (rows["error"][resolved].max() < 0.05)), rows
    with open(directory / "transfer.json") as file:
        report = json.load(file)
    assert np.allclose([row["transfer"] for row in report["bands"][0]["bins"]], rows["transfer"], atol=1e-6)
    assert report["injected_rms_K"] == RMS_K and report["obsids"] == [40001, 40002]
    assert "offset_length" in report["configuration"]
    assert (directory / "transfer.png").read_bytes()[1:4] == b"PNG"
    for value in rows["transfer"]:
        assert f"{value:.4f}" in text, text


def the_recovered_sky_is_the_injected_one(directory):
    """Size of the difference of the maps: the sky was put in with its rms, less the mean and the largest scales."""
    difference, rms = difference_of_maps(directory)
    inside = np.isfinite(difference)
    assert inside.sum() > 500
    assert 0.1 * RMS_K < np.std(difference[inside]) < 2 * RMS_K
    assert np.std(difference[inside]) > 0.3 * np.median(rms[inside])


def other_maps_are_made_of_the_same_copies(scratch, config, good):
    """Offsets of half a second without prior follow the sky inside the pixels, more than with it."""
    before = digests(scratch / "work/injected_1/level1")
    text = run("transfer", config, "--work-dir", "work", "--rms-K", RMS_K, "--set", "mapmake.noise_prior=false",
               directory=scratch, ranks=2)
    assert "is there already" in text and "up to date" in text, text
    assert digests(scratch / "work/injected_1/level1") == before
    rows = table(scratch / "work")
    print("no prior:", rows["transfer"])
    assert mean_transfer(rows) < mean_transfer(good) - 0.002


def a_filter_that_takes_the_sky_shows(scratch, config):
    run("transfer", config, "--work-dir", "slow", "--rms-K", RMS_K, "--obsid", 40001, "--set",
        "level2.gain_filter.method=common_mode", directory=scratch)
    rows = table(scratch / "slow")
    print("common_mode:", rows["transfer"])
    assert mean_transfer(rows) < 0.5, rows


def diff(scratch, expect, *arguments):
    """Standard output alone, without a launcher that has words for exit codes."""
    done = subprocess.run([PROGRAM, "diff", *arguments], cwd=scratch, stdout=subprocess.PIPE, text=True)
    assert done.returncode == expect, (arguments, done.returncode, done.stdout)
    return done.stdout


def diff_explains(scratch):
    for length in (25, 100):
        run("mapmake", "comap.toml", "--level2-file", *sorted((scratch / "work/original/level2").rglob("*.hd5")),
            "--set", f"mapmake.offset_length={length}", "--set", f"mapmake.name=length_{length}", directory=scratch)
    a, b = "maps/length_25_band0.fits", "maps/length_100_band0.fits"
    text = diff(scratch, 1, a, b, "--plot", "difference.png")
    assert "mapmake.offset_length" in text and text.splitlines()[-1].endswith("1 setting (mapmake.offset_length)."), text
    assert (scratch / "difference.png").read_bytes()[1:4] == b"PNG"
    report = json.loads(diff(scratch, 1, b, a, "--format", "json"))
    keys = {row["key"]: row for row in report["settings"]}
    assert set(keys) == {"mapmake.name", "mapmake.offset_length"} and keys["mapmake.offset_length"]["a"] == "100"
    assert not keys["mapmake.name"]["affects_pixels"]
    assert not report["observations"] and not report["grid"] and not report["software"]
    images = {row["image"]: row for row in report["pixels"]}
    with fits.open(scratch / a) as first, fits.open(scratch / b) as second:
        change = (first[0].data - second[0].data).astype(float)
        both = np.isfinite(change)
        noise = np.sqrt((first["RMS"].data.astype(float)**2 + second["RMS"].data.astype(float)**2) / 2)
        row = images["DESTRIPED"]
        assert row["in_both"] == both.sum() and row["rms"] > 0
        assert np.isclose(row["rms"], np.sqrt(np.mean(change[both]**2)), rtol=1e-4)
        assert np.isclose(row["rms/noise"], np.sqrt(np.mean((change / noise)[both]**2)), rtol=1e-4)
        assert np.isclose(row["correlation"], np.corrcoef(first[0].data[both], second[0].data[both])[0, 1], atol=1e-4)
        assert images["HITS"]["different"] == 0
    assert "same: identical pixels" in diff(scratch, 0, a, a)
    diff(scratch, 2, a, "maps/none.fits")
    diff(scratch, 2, a)
    run("diff", a, a, directory=scratch, ranks=2)


def main():
    scratch = scratch_directory()
    config = write_config(scratch / "comap.toml", CONFIG)
    run("simulate", config, directory=scratch)
    run("catalogue", "scan", config, "--level1", "level1", directory=scratch)
    catalogue = digests(scratch)
    text = run("transfer", config, "--work-dir", "work", "--rms-K", RMS_K, "--dry-run", directory=scratch)
    assert "would be copied 1 times" in text and not (scratch / "work").exists(), text
    text = run("transfer", config, "--work-dir", "work", "--rms-K", RMS_K, directory=scratch)
    the_table_is_complete_and_close_to_one(scratch / "work", text)
    the_recovered_sky_is_the_injected_one(scratch / "work")
    good = table(scratch / "work")
    print("default:", good["transfer"])
    other_maps_are_made_of_the_same_copies(scratch, config, good)
    a_filter_that_takes_the_sky_shows(scratch, config)
    diff_explains(scratch)
    after = digests(scratch)
    assert all(after[path] == digest for path, digest in catalogue.items() if "logs" not in path.parts)
    for path in scratch.rglob("*.hd*"):
        path.unlink()


main()
