"""Maps of one simulated field as images and on HEALPix, as FITS and HDF5, on 1 to 3 ranks; their pixels and hits are held
against the truth of the simulation, a prior map that is written as a map of this program changes nothing that the data
know, and `diff` reads them all."""
import json
import math
import subprocess
import sys

import h5py
import numpy as np
from astropy.io import fits

from program import PROGRAM, SOURCE_DIR, run, scratch_directory, write_config

sys.path.insert(0, str(SOURCE_DIR / "scripts"))
sys.path.insert(0, str(SOURCE_DIR / "tests" / "support"))
import check_map_hdf5  # noqa: E402
import map_metrics  # noqa: E402
from healpix_pixels import nested_pixel  # noqa: E402

NSIDE = 2048
CONFIG = f"""
[simulate]
n_observations = 2
n_channels = 32
scan_duration_s = 40.0
n_scans = 2
[catalogue]
url = "sqlite:comap.db"
[mapmake]
format = "both"
nside = {NSIDE}
glitch_sigma = 1e6
hit_percentile = 0.0
edge_width = 0
"""
TOLERANCE = 1e-5  # of the rms, between numbers of ranks


def make_map(scratch, config, name, ranks, *settings):
    arguments = [argument for setting in settings for argument in ("--set", setting)]
    run("mapmake", config, "--set", f'mapmake.name="{name}"', *arguments, ranks=ranks, directory=scratch)
    path = scratch / "maps" / f"{name}_band0"
    check_map_hdf5.main(path.with_suffix(".hd5"), path.with_suffix(".fits"))
    assert not list((scratch / "maps").glob("*.partial"))
    return path


def check_same(path, reference):
    """Two HDF5 maps that differ in the number of ranks only."""
    with h5py.File(path) as a, h5py.File(reference) as b:
        assert sorted(a) == sorted(b)
        for name in ("destriped", "naive", "hits", "rms", "mask"):
            x, y = a[name][...].astype(float), b[name][...].astype(float)
            np.testing.assert_array_equal(np.isnan(x), np.isnan(y))
            assert np.nanmax(np.abs(x - y)) <= TOLERANCE * np.sqrt(np.nanmean(y**2)), (path, name)
        if "pixel" in a:
            np.testing.assert_array_equal(a["pixel"][...], b["pixel"][...])


def true_hits(truth_paths, feeds):
    """Hits by pixel from the positions of the simulation."""
    pixels = []
    for path in truth_paths:
        with h5py.File(path) as truth:
            for start, end in truth["scans"][...]:
                for feed in range(feeds):
                    pixels.append(nested_pixel(NSIDE, truth["galactic_l"][feed, start:end],
                                               truth["galactic_b"][feed, start:end])[0])
    return np.unique(np.concatenate(pixels), return_counts=True)


def check_healpix_hits(path, truths):
    with h5py.File(truths[0]) as truth:
        n_feeds = truth["galactic_l"].shape[0]
    pixel, hits = true_hits(truths, n_feeds)
    with fits.open(path.with_suffix(".fits")) as hdus:
        table = hdus["HEALPIX"].data
        n_samples = hdus[0].header["NSAMPLES"]
    # A few samples of the simulation are lost.
    assert hits.sum() >= n_samples == table["HITS"].sum() >= 0.999 * hits.sum(), (hits.sum(), n_samples)
    # Positions differ by 0.03 arcsec, so that a sample in a thousand may fall on the other side of an edge.
    found = dict(zip(table["PIXEL"], table["HITS"]))
    other = sum(abs(count - found.get(number, 0)) for number, count in zip(pixel, hits))
    assert other <= 4e-3 * n_samples, f"{other} of {n_samples}"


def check_frequency(scratch, path):
    """The feeds of the simulation agree to better than a channel."""
    level2 = next((scratch / "level2").rglob("Level2_*.hd5"))
    with h5py.File(level2) as file, h5py.File(path.with_suffix(".hd5")) as map_file:
        header = fits.getheader(path.with_suffix(".fits"))
        for card, dataset in (("CENTFREQ", "level2/central_freqs"), ("BANDWID", "level2/bandwidths")):
            of_feeds = file[dataset][:, 0, 0]
            assert np.nanmin(of_feeds) <= header[card] <= np.nanmax(of_feeds), (card, header[card], of_feeds)
            assert math.isclose(header[card], map_file.attrs[card], rel_tol=1e-14)  # a header card has 15 digits


def check_metrics(path, truths, slope):
    metrics = map_metrics.metrics_of(str(path.with_suffix(".fits")), truths, [], None)["all"]
    print(path.name, metrics)
    assert abs(metrics["slope"] - 1) < slope, metrics
    return metrics


def diff(scratch, expect, *arguments):
    """The report, without a launcher that has words for exit codes."""
    done = subprocess.run([PROGRAM, "diff", *arguments, "--format", "json"], cwd=scratch, stdout=subprocess.PIPE)
    assert done.returncode == expect, (arguments, done.returncode, done.stdout)
    return json.loads(done.stdout)


def check_diff_of_formats(scratch):
    for name in ("image", "sphere"):
        report = diff(scratch, 0, f"maps/{name}_band0.fits", f"maps/{name}_band0.hd5")
        assert report["verdict"][0]["verdict"].startswith("The maps are the same: identical pixels"), report
        assert not any(report[part] for part in ("settings", "software", "observations", "grid", "header")), report
    report = diff(scratch, 1, "maps/image_band0.hd5", "maps/sphere_band0.fits")
    assert {row["name"] for row in report["grid"]} >= {"NSIDE", "NAXIS1"} and not report["pixels"], report["grid"]


def check_diff_of_healpix_maps(scratch, config):
    """All of the field against one of its observations, which has fewer pixels; the numbers by numpy."""
    first = min(int(path.name.split("-")[1]) for path in (scratch / "level1").glob("comap-*[0-9].hd5"))
    run("mapmake", config, "--obsid", first, "--set", 'mapmake.name="part"', "--set", 'mapmake.wcs="healpix"',
        directory=scratch)
    report = diff(scratch, 1, "maps/sphere_band0.fits", "maps/part_band0.hd5", "--plot", "difference.png")
    assert (scratch / "difference.png").stat().st_size > 10_000
    maps = []
    for name in ("sphere", "part"):
        with fits.open(scratch / "maps" / f"{name}_band0.fits") as hdus:
            table = hdus["HEALPIX"].data
            maps.append((table["PIXEL"].copy(), table["DESTRIPED"].astype(float)))
    (pixel_a, a), (pixel_b, b) = maps
    _, in_a, in_b = np.intersect1d(pixel_a, pixel_b, return_indices=True)
    assert len(pixel_a) > len(pixel_b) == len(in_b) > 1000
    row = {row["image"]: row for row in report["pixels"]}["DESTRIPED"]
    assert (row["in_both"], row["only_a"], row["only_b"]) == (len(in_a), len(pixel_a) - len(in_a), 0), row
    assert np.isclose(row["rms"], np.sqrt(np.mean((b[in_b] - a[in_a])**2)), rtol=1e-4), row
    assert len(report["observations"]) == 1 and report["observations"][0]["samples_b"] is None, report["observations"]


def sections(text):
    """{header of a table: its lines}"""
    return {part.split("]")[0]: part for part in ("\n" + text.rstrip() + "\n\n").split("\n[")[1:]}


def check_config_comes_back(scratch, config):
    """Of FITS, HDF5 and Level-2 what `config show` said of the run, in the sections that a product depends on."""
    show = lambda *arguments: subprocess.run([PROGRAM, "config", "show", *map(str, arguments)], cwd=scratch, check=True,
                                             capture_output=True, text=True).stdout
    made_with = show(config, "--set", 'mapmake.name="image"', "--set", "mapmake.plot=true")
    for product, of_run, expected in (("maps/image_band0.fits", made_with, {"select", "mapmake"}),
                                      ("maps/image_band0.hd5", made_with, {"select", "mapmake"}),
                                      (next((scratch / "level2").rglob("Level2_*.hd5")), show(config),
                                       {"level2", "level2.gain_filter", "mapmake"})):
        kept, whole = sections(show(product)), sections(of_run)
        assert expected <= set(kept) < set(whole), (product, set(kept))
        assert all(kept[name].strip() == whole[name].strip() for name in kept), product


def check_bands(scratch, config):
    """A band is the same with others beside it and one after the other, if solved to the end; two bands are two bands."""
    exact = ("--set", "mapmake.noise_threshold=0", "--set", "mapmake.threshold=1e-9")
    run("mapmake", config, "--set", 'mapmake.name="bands"', "--set", "mapmake.bands=[0, 1, 2, 3]", *exact, directory=scratch)
    run("mapmake", config, "--set", 'mapmake.name="groups"', "--set", "mapmake.bands=[0, 1, 2, 3]", *exact,
        "--memory", "0.0012", directory=scratch)
    for band in range(4):
        maps = [fits.getdata(scratch / "maps" / f"{name}_band{band}.fits").astype(float) for name in ("bands", "groups")]
        rms = np.sqrt(np.nanmean(maps[0]**2))
        assert np.nanmax(np.abs(maps[1] - maps[0])) <= 1e-6 * rms, (band, np.nanmax(np.abs(maps[1] - maps[0])) / rms)
    verdict = diff(scratch, 1, "maps/bands_band0.fits", "maps/bands_band1.fits")["verdict"][0]["verdict"]
    assert "Different between them: the frequency band (0 and 1)." in verdict, verdict


def check_warnings(scratch):
    """One observation goes over the sky in one direction, two at other hour angles cross."""
    both, one = (fits.getheader(scratch / "maps" / f"{name}_band0.fits") for name in ("sphere", "part"))
    print({card: (both.get(card), one.get(card)) for card in ("CROSSANG", "MAXSCALE", "NCOMPON", "RESRATIO", "NWARN")})
    assert both["CROSSANG"] > 45 and "MAXSCALE" not in both and both["NWARN"] == 0, repr(both)
    assert one["CROSSANG"] < 15 and 0 < one["MAXSCALE"] < 1 and "is not held" in one["WARN1"], repr(one)
    assert both["EOPKIND"] == "measured" and both["EOPTABLE"].startswith("built-in") and both["OFFGRID"] == 0


def main():
    scratch = scratch_directory()
    config = write_config(scratch / "comap.toml", CONFIG)
    run("simulate", config, directory=scratch, ranks=2)
    run("catalogue", "scan", config, "--level1", "level1", directory=scratch)
    run("level2", config, directory=scratch, ranks=2)
    truths = sorted(map(str, scratch.rglob("*_truth.hdf5")))

    image = make_map(scratch, config, "image", 1, "mapmake.plot=true")
    check_same(make_map(scratch, config, "image3", 3).with_suffix(".hd5"), image.with_suffix(".hd5"))
    check_metrics(image, truths, 0.03)
    check_frequency(scratch, image)

    sphere = make_map(scratch, config, "sphere", 1, 'mapmake.wcs="healpix"', "mapmake.plot=true")
    for ranks in (2, 3):
        other = make_map(scratch, config, f"sphere{ranks}", ranks, 'mapmake.wcs="healpix"')
        check_same(other.with_suffix(".hd5"), sphere.with_suffix(".hd5"))
    check_metrics(sphere, truths, 0.03)
    check_healpix_hits(sphere, truths)
    assert "expected a power of two" in run("mapmake", config, "--set", 'mapmake.wcs="healpix"', "--set",
                                            "mapmake.nside=1000", directory=scratch, expect=2)

    mixed = make_map(scratch, config, "mixed", 2, "mapmake.n_destriper_iterations=3", "mapmake.plot=true",
                     "mapmake.prior_mixing_alpha=0.7", 'mapmake.planck_map="maps/sphere_band0.fits"')
    header = fits.getheader(mixed.with_suffix(".fits"))
    assert header["NSOLVES"] == 3 and header["PRIORMIX"] == 0.7
    assert header["CHGN3"] < header["CHGN2"] < 0.5, (header["CHGN2"], header["CHGN3"])
    check_metrics(mixed, truths, 0.03)
    check_diff_of_formats(scratch)
    check_diff_of_healpix_maps(scratch, config)
    check_config_comes_back(scratch, config)
    check_bands(scratch, config)
    check_warnings(scratch)
    for name in ("image", "sphere", "mixed", "mixed_band0_convergence"):
        png = next((scratch / "maps").glob(f"{name}*.png"))
        assert png.stat().st_size > 10_000, png


main()
