"""Maps of one simulated field as images and on HEALPix, as FITS and HDF5, on 1 to 3 ranks; their pixels and hits are held
against the truth of the simulation, and a prior map that is written as a map of this program changes nothing that the
data know."""
import sys

import h5py
import numpy as np
from astropy.io import fits

from program import SOURCE_DIR, run, scratch_directory, write_config

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


def check_metrics(path, truths, slope):
    metrics = map_metrics.metrics_of(str(path.with_suffix(".fits")), truths, [], None)["all"]
    print(path.name, metrics)
    assert abs(metrics["slope"] - 1) < slope, metrics
    return metrics


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
    for name in ("image", "sphere", "mixed", "mixed_band0_convergence"):
        png = next((scratch / "maps").glob(f"{name}*.png"))
        assert png.stat().st_size > 10_000, png


main()
