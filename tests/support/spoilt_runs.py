"""Clean and spoilt observations through catalogue scan, level2, mapmake and check, and what came out."""
import concurrent.futures
import dataclasses
import json
import shutil
import subprocess

import h5py
import numpy as np
from astropy.io import fits

from spoilt_level1 import SPOILT, spoil

CONFIG = """
[catalogue]
url = "sqlite:comap.db"
[simulate]
output_dir = "level1"
n_observations = 2
seed = 5
n_feeds = 3
n_channels = 32
n_scans = 4
scan_duration_s = 40
hour_angles_h = [-2.6, 2.6]
[level2]
output_dir = "level2"
[mapmake]
name = "map"
output_dir = "maps"
bands = [0, 1, 2, 3]
[mapmake.wcs]
NAXIS = [241, 211]
CRPIX = [121.0, 106.0]
CDELT = [-0.0166666666667, 0.0166666666667]
CRVAL = [29.95, 0.0]
CTYPE = ["GLON-CAR", "GLAT-CAR"]
"""
CLEAN = "clean"


@dataclasses.dataclass
class Outcome:
    """What came out of one set of files."""
    level2_code: int = 0
    mapmake_code: int = 0
    check_code: int = 0
    n_complete: int = 0
    log: str = ""
    check: str = ""
    troubles: list = dataclasses.field(default_factory=list)  # stored in the Level-2 files
    n_warnings: int = 0
    slope: float = np.nan   # of the map on the clean one
    rms: float = np.nan     # ratio of the maps' RMS, median over pixels
    pixels: float = np.nan  # of the clean map that are there

    def kinds(self):
        return sorted({trouble["kind"] for trouble in self.troubles})


def run(program, directory, *arguments):
    done = subprocess.run([program, *map(str, arguments)], cwd=directory, text=True, errors="replace",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
    return done.returncode, done.stdout


def simulate(program, directory):
    """The clean files: directory/clean/level1."""
    clean = directory / CLEAN
    clean.mkdir(parents=True)
    (clean / "comap.toml").write_text(CONFIG)
    code, text = run(program, clean, "simulate")
    assert code == 0, text


def make_spoilt(directory, name):
    target = directory / name / "level1"
    target.mkdir(parents=True)
    (directory / name / "comap.toml").write_text(CONFIG)
    for i, path in enumerate(sorted((directory / CLEAN / "level1").glob("*.hd5"))):
        if SPOILT[name].files is None or i in SPOILT[name].files:
            spoil(shutil.copy(path, target), name)
        else:
            (target / path.name).symlink_to(path)


def read_map(directory):
    """Destriped map of the first band and its RMS; nothing when there is none."""
    paths = sorted((directory / "maps").glob("*.fits"))
    if not paths:
        return None
    with fits.open(paths[0]) as hdus:
        data = next(hdu.data for hdu in hdus if hdu.data is not None and hdu.data.ndim == 2)
        return np.array(data, float), np.array(hdus["RMS"].data, float)


def compare(clean, spoilt, outcome):
    (sky, rms), (other, other_rms) = clean, spoilt
    both = np.isfinite(sky) & np.isfinite(other)
    if not both.any():
        return
    weight = rms[both]**-2
    x = sky[both] - np.average(sky[both], weights=weight)
    y = other[both] - np.average(other[both], weights=weight)
    outcome.slope = (weight * x * y).sum() / (weight * x * x).sum()
    outcome.rms = np.median(other_rms[both] / rms[both])
    outcome.pixels = both.sum() / np.isfinite(sky).sum()


def stored_troubles(path):
    with h5py.File(path, "r") as file:
        text = file["comap_mpi"].attrs.get("troubles", "[]") if "comap_mpi" in file else "[]"
    return json.loads(text)


def reduce(program, directory, options=(), with_check=True):
    """Whatever is in directory/level1, from the catalogue to the map."""
    outcome = Outcome()
    _, scan_log = run(program, directory, "catalogue", "scan", "--level1", "level1")
    outcome.level2_code, level2_log = run(program, directory, "level2", *options)
    outcome.mapmake_code, map_log = run(program, directory, "mapmake", *options)
    outcome.log = scan_log + level2_log + map_log
    outcome.n_warnings = outcome.log.count(" warning ")
    files = sorted((directory / "level2").rglob("*.hd5"))
    outcome.n_complete = len(files)
    outcome.troubles = [trouble for path in files for trouble in stored_troubles(path)]
    if with_check:
        outcome.check_code, outcome.check = run(program, directory, "check", "--deep", "--format", "tsv",
                                                *sorted((directory / "level1").glob("*.hd5")))
    return outcome


def all_outcomes(program, directory, names, workers=2):
    """{name: Outcome} of the spoilt files and of the clean ones, which simulate() has made there. Spoilt files go away
    when they have been used."""
    found = {CLEAN: reduce(program, directory / CLEAN)}
    clean_map = read_map(directory / CLEAN)
    assert clean_map is not None, found[CLEAN].log
    compare(clean_map, clean_map, found[CLEAN])

    def one(name):
        make_spoilt(directory, name)
        outcome = reduce(program, directory / name)
        spoilt_map = read_map(directory / name)
        if spoilt_map is not None:
            compare(clean_map, spoilt_map, outcome)
        shutil.rmtree(directory / name)
        return outcome

    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        found.update(zip(names, pool.map(one, names)))
    return found
