"""Splits from one job: the maps of the parts, half-difference maps, the table of null tests and the account of what was
cut, held against each other by astropy and numpy, with 1 and 3 ranks."""
import csv

import h5py
import numpy as np
from astropy.io import fits
from scipy import stats

from program import run, scratch_directory, write_config

CONFIG = """
[simulate]
n_observations = 4
n_feeds = 2
n_channels = 16
n_scans = 2
scan_duration_s = 24.0
idle_duration_s = 1.0
hour_angles_h = [-2.6, 2.6, 0.2, 1.4]
[catalogue]
url = "sqlite:comap.db"
[mapmake]
name = "{name}"
feeds = [1, 2, 7]
bands = [0, 5]
hit_percentile = 0.0
edge_width = 0
cdelt_deg = 0.05
auto_rms_cap_K = 10.0
threshold = 1e-8
split = ["none", "per_feed", "odd_even_scans", "day_night", "custom"]
split_groups = {{ early = [40001, 40002], late = [40003] }}
null_test_simulations = 3
"""
BANDS, FEEDS, OBSIDS = (0, 5), (1, 2), (40001, 40002, 40003, 40004)
PARTS = {"per_feed": ("feed01", "feed02"), "odd_even_scans": ("odd_scans", "even_scans"), "custom": ("early", "late")}
IMAGES = (0, "NAIVE", "HITS", "RMS")
NO_SPLIT = 1e-5  # of the rms: agreement of ranks


class Maps:
    def __init__(self, directory, name):
        self.directory, self.name = directory, name

    def path(self, band, label=""):
        return self.directory / f"{self.name}_band{band}{'_' if label else ''}{label}.fits"

    def image(self, band, label, hdu=0):
        return fits.getdata(self.path(band, label), hdu).astype(float)


def check_parts(maps, band):
    """Hits of the parts add up to those of all data; the difference map is half the difference."""
    for split, (a, b) in PARTS.items():
        hits = [np.nan_to_num(maps.image(band, label, "HITS")) for label in (a, b, "")]
        if split == "custom":  # 40004 is in no group
            assert (hits[0] + hits[1] <= hits[2]).all() and hits[0].sum() + hits[1].sum() < hits[2].sum()
        else:
            np.testing.assert_array_equal(hits[0] + hits[1], hits[2])
        difference = f"{a}_minus_{b}"
        both = (hits[0] > 0) & (hits[1] > 0)
        assert both.sum() > 50
        for hdu in (0, "NAIVE"):
            half = maps.image(band, difference, hdu)
            expected = (maps.image(band, a, hdu) - maps.image(band, b, hdu)) / 2
            np.testing.assert_allclose(half[both], expected[both], atol=1e-8 + 1e-6 * np.nanmax(np.abs(expected)))
            assert np.isnan(half[~both]).all()
        rms = np.hypot(maps.image(band, a, "RMS"), maps.image(band, b, "RMS")) / 2
        np.testing.assert_allclose(maps.image(band, difference, "RMS")[both], rms[both], rtol=1e-5)


def check_null_test(maps, band, split, table):
    """Chi-square of a difference map from its images, as the header and the table have it."""
    with fits.open(maps.path(band, "_minus_".join(PARTS[split]))) as file:
        header, half, rms = file[0].header, file[0].data.astype(float), file["RMS"].data.astype(float)
    good = np.isfinite(half)
    weights = rms[good] ** -2
    level = np.sum(weights * half[good]) / np.sum(weights)
    chi2, dof = np.sum(weights * (half[good] - level) ** 2), good.sum() - 1
    np.testing.assert_allclose([header["CHI2"], header["LEVEL"]], [chi2, level], rtol=1e-3)
    assert header["DOF"] == dof and header["NULLPIX"] == dof + 1 and header["SPLIT"] == split
    ratio = np.sqrt(np.mean((half[good] - level) ** 2) / np.mean(rms[good] ** 2))
    np.testing.assert_allclose(header["RMSRATIO"], ratio, rtol=1e-4)
    np.testing.assert_allclose(header["PTEW"], stats.chi2.sf(header["CHI2"], dof), atol=1e-9)
    row = table[split, band, "all"]
    for column, card in [("chi2", "CHI2"), ("dof", "DOF"), ("pte_white", "PTEW"), ("pte_simulated", "PTE"),
                         ("simulated_chi2", "SIMC"), ("rms_over_white", "RMSRATIO"), ("rms_over_simulated", "RMSSIM")]:
        np.testing.assert_allclose(float(row[column]), header[card], rtol=1e-9)
    assert 0 < header["PTE"] < 1 and header["NULLSIM"] == 3
    large = table[split, band, "large"]
    assert 0 < int(large["dof"]) < dof and float(large["chi2"]) < chi2


def read_table(path):
    with open(path) as file:
        return {(row["split"], int(row["frequency_band"]), row["scale"]): row
                for row in csv.DictReader(file, delimiter="\t")}


def scan_lengths(directory):
    lengths = {}
    for path in directory.rglob("Level2_*.hd5"):
        with h5py.File(path) as file:
            lengths[int(file["comap"].attrs["obsid"])] = np.diff(file["level2/scan_edges"][...])[:, 0]
    return lengths


def check_cuts(maps, band, lengths):
    """Every sample of every scan is used or cut, once, with a reason."""
    cuts = fits.getdata(maps.path(band), "CUTS")
    in_scans = cuts[cuts["SCAN"] >= 0]
    assert len(in_scans) == len(OBSIDS) * len(FEEDS) * 2
    absent = cuts[cuts["SCAN"] < 0]
    assert len(absent) == len(OBSIDS) and set(absent["FEED"]) == {7} and set(absent["REASON"]) == {"feed not in the file"}
    for row in in_scans:
        assert row["SAMPLES"] == lengths[row["OBSID"]][row["SCAN"]], row
        of_used_scan = row["USED"] + row["MISSING"] + row["GLITCHES"] + row["OFF_GRID"]
        assert of_used_scan == (0 if row["REASON"] else row["SAMPLES"]), row
    header = fits.getheader(maps.path(band))
    assert cuts["USED"].sum() == header["NSAMPLES"] == np.nansum(maps.image(band, "", "HITS"))
    assert cuts["GLITCHES"].sum() > 0 and cuts["MISSING"].sum() > 0
    for parts in (PARTS["per_feed"], PARTS["odd_even_scans"]):
        tables = [fits.getdata(maps.path(band, label), "CUTS") for label in parts]
        assert sum(table["USED"].sum() for table in tables) == header["NSAMPLES"]
        assert sum((table["SCAN"] >= 0).sum() for table in tables) == len(in_scans)


def check_same(one, other, band, label):
    for hdu in IMAGES:
        a, b = one.image(band, label, hdu), other.image(band, label, hdu)
        assert np.array_equal(np.isfinite(a), np.isfinite(b)), (band, label, hdu)
        difference = np.nanmax(np.abs(a - b)) / np.sqrt(np.nanmean(a**2))
        assert difference < NO_SPLIT, f"band {band} {label} {hdu}: {difference:.1e} of the rms"


def main():
    scratch = scratch_directory()
    configs = {name: write_config(scratch / f"{name}.toml", CONFIG.format(name=name)) for name in ("one", "three", "plain")}
    run("simulate", configs["one"], directory=scratch, ranks=2)
    run("catalogue", "scan", configs["one"], "--level1", "level1", directory=scratch)
    run("level2", configs["one"], directory=scratch, ranks=2)
    text = run("mapmake", configs["one"], directory=scratch)
    for expected in ("null test", "PTE sim", "in scans left out" if "left out" in text else "used", "% ",
                     "least used observations:", "least used feeds:", "no map for lack of data: feed07"):
        assert expected in text, text
    run("mapmake", configs["three"], ranks=3, directory=scratch)
    run("mapmake", configs["plain"], "--set", "mapmake.split=none", directory=scratch)

    one, three, plain = (Maps(scratch / "maps", name) for name in configs)
    tables = [read_table(scratch / "maps" / f"{name}_null_tests.tsv") for name in ("one", "three")]
    assert tables[0].keys() == tables[1].keys()
    assert len(tables[0]) == 2 * len(BANDS) * sum(one.path(0, labels).exists() for labels in
                                                 ("feed01", "odd_scans", "early", "day_minus_night"))
    lengths = scan_lengths(scratch / "level2")
    for band in BANDS:
        check_parts(one, band)
        for split in PARTS:
            check_null_test(one, band, split, tables[0])
        check_cuts(one, band, lengths)
        check_same(one, plain, band, "")
    for path in sorted((scratch / "maps").glob("one_*.fits")):
        band, label = int(path.stem[len("one_band")]), path.stem[len("one_band0_"):]
        check_same(one, three, band, label)
    for key, row in tables[0].items():
        for column in ("chi2", "simulated_chi2", "rms_over_simulated"):
            np.testing.assert_allclose(float(row[column]), float(tables[1][key][column]), rtol=1e-4)
    refused = run("mapmake", configs["one"], "--set", "mapmake.split_groups={a=[40001],b=[40001]}", directory=scratch,
                  expect=2)
    assert "obsid 40001 is in" in refused, refused


main()
