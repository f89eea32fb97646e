"""The destriped map of the reference directory, from its own Level-2 data."""
import pathlib
import subprocess
import sys

import numpy as np
from astropy.io import fits

from validation_table import Table

CONVERTER = pathlib.Path(__file__).resolve().parent.parent / "tests" / "support" / "make_level2_from_golden.py"
OBSIDS = [30001, 30002, 30003]
SCAN_SAMPLES = 3500
MIN_HITS = 20
CONFIG = """
[catalogue]
url = "sqlite:comap.db"
[mapmake]
dataset = "binned_data"
feeds = [1, 2, 3]
fit_airmass = false
offset_length = 100
noise_prior = false
subpixel_pass = false
glitch_sigma = 1e9
[mapmake.wcs]
NAXIS = [241, 211]
CRPIX = [121.0, 106.0]
CDELT = [-0.0166666, 0.0166666]
CRVAL = [29.95, 0.0]
CTYPE = ["GLON-CAR", "GLAT-CAR"]
"""


def make_map(run, directory, golden, level1, name, *options):
    level2 = directory / f"level2_{name}"
    subprocess.run([sys.executable, CONVERTER, golden, level1, level2, "--scan-samples", str(SCAN_SAMPLES),
                    *options], check=True, stdout=subprocess.DEVNULL)
    config = directory / f"{name}.toml"
    config.write_text(CONFIG)
    catalogue = f'catalogue.url="sqlite:{name}.db"'
    run("catalogue", "scan", config, "--level2", level2, "--set", catalogue)
    run("mapmake", config, "--set", catalogue, "--set", f'mapmake.name="{name}"', "--obsid", *OBSIDS)
    return directory / "maps" / f"{name}_band0.fits"


def compare(path, reference_path):
    """Correlation, and rms of the difference without its mean over the rms of RMS; the latter also where both maps have
    the same hits: there no sample has gone over the border of a pixel."""
    with fits.open(path) as ours, fits.open(reference_path) as reference:
        wanted, noise, hits = (reference[i].data.astype(float) for i in (0, "RMS", "HITS"))
        value = ours[0].data.astype(float)
        our_hits = ours["HITS"].data
    there = (hits > MIN_HITS) & np.isfinite(value) & np.isfinite(wanted)
    result = {"pixels": int(there.sum()), "missing": int(((hits > MIN_HITS) & ~there).sum()),
              "correlation": np.corrcoef(value[there], wanted[there])[0, 1]}
    for name, where in (("difference", there), ("same_hits", there & (our_hits == hits))):
        difference = value[where] - wanted[where]
        result[name] = np.sqrt(np.mean((difference - difference.mean())**2) / np.mean(noise[where]**2))
    return result


def golden_map_table(run, directory, golden, level1):
    reference = golden / "maps" / "binned_data_b0_offsets_lambda0.fits"
    same = compare(make_map(run, directory, golden, level1, "file_weights", "--file-weights"), reference)
    own = compare(make_map(run, directory, golden, level1, "scan_weights"), reference)
    table = Table("Golden set: map of binned_data, frequency_band 0, HITS > 20", ["measured"])
    table.add("correlation", "> 0.9999", [same["correlation"]], lambda value: value > 0.9999, "{:.7f}")
    table.add("rms of the difference over RMS", "< 0.08", [same["difference"]], lambda value: value < 0.08, "{:.4f}")
    table.add("the same, pixels with the same hits", "", [same["same_hits"]], None, "{:.4f}")
    table.add("pixels compared", "", [same["pixels"]], None, "{}")
    table.at_most("pixels of the reference that we do not have", 0, [same["missing"]], "{}")
    table.add("correlation, weights of each scan as we measure them", "", [own["correlation"]], None, "{:.7f}")
    table.add("rms of the difference over RMS, weights of each scan", "", [own["difference"]], None, "{:.4f}")
    return table
