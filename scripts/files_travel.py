#!/usr/bin/env python3
"""Files made on one platform are read on every other (scripts/test_platforms.sh).

    files_travel.py write DIRECTORY NAME   Level-2 files, maps and an SQLite catalogue in DIRECTORY/NAME, from the Level-1
                                           files in DIRECTORY/level1, which the first to come simulates
    files_travel.py read DIRECTORY NAME    as NAME: looks into what each other platform left in DIRECTORY, with the program
                                           and with h5py, and makes the map again from the other's Level-2 files

DIRECTORY must have the same path everywhere: catalogues name files by it. Lines that begin with PLATFORM are for
scripts/platform_table.py.
"""
import json
import os
import pathlib
import subprocess
import sys

import h5py

PROGRAM = os.environ.get("COMAP_MPI", pathlib.Path(__file__).parents[1] / "build" / "release" / "comap_mpi")
# Of the largest difference over the noise of a pixel. The same Level-2 file gives the same map but for the order of sums;
# other compilers give Level-2 values with other last digits.
SAME_LEVEL2 = 1e-6
OTHER_LEVEL2 = 1e-4
CONFIG = """
[catalogue]
url = "sqlite:{name}/comap.db"
[log]
directory = "logs"
[simulate]
n_observations = 2
[level2]
output_dir = "{name}/level2"
[mapmake]
output_dir = "{name}/maps"
format = "both"
"""


class Unreadable(Exception):
    """What of another platform's files is wrong here."""


def program(directory, *words, codes=(0,)):
    done = subprocess.run([str(PROGRAM), *words], cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode not in codes:
        raise Unreadable(f"comap_mpi {' '.join(words)}: exit code {done.returncode}: {done.stdout} {done.stderr}")
    return done.stdout


def write(directory, name):
    (directory / name).mkdir(parents=True)
    config = f"{name}/comap.toml"
    (directory / config).write_text(CONFIG.format(name=name))
    if not (directory / "level1").exists():
        program(directory, "simulate", config)
    program(directory, "catalogue", "scan", config, "--level1", "level1")
    program(directory, "level2", config)
    program(directory, "mapmake", config)


def level2_files(directory, name):
    files = sorted((directory / name / "level2").rglob("Level2_*.hd5"))
    if len(files) != 2:
        raise Unreadable(f"{len(files)} Level-2 files of {name}")
    return files


def read_with_h5py(path):
    """Every dataset to its last value: checksums of chunks are looked at."""
    def look(_, item):
        if isinstance(item, h5py.Dataset):
            item[()]
    with h5py.File(path) as file:
        file.visititems(look)
        if file.attrs.get("comap_mpi_complete", 1) != 1:
            raise Unreadable(f"{path} is not complete")


def largest_difference(directory, a, b):
    """Of two maps on one grid, over the noise of a pixel."""
    report = json.loads(program(directory, "diff", a, b, "--format", "json", codes=(0, 1)))
    images = {row["image"]: row for row in report["pixels"]}
    if report["grid"] or images["DESTRIPED"]["only_a"] or images["DESTRIPED"]["only_b"]:
        raise Unreadable(f"{a} and {b} have other pixels: {report['grid']} {images.get('DESTRIPED')}")
    return images["DESTRIPED"]["largest/noise"]


def read(directory, name, other):
    """Largest differences of the map made here from the other's Level-2 files: to the other's map, and to our own."""
    config = f"{other}/comap.toml"
    program(directory, "catalogue", "verify", config)
    for path in level2_files(directory, other):
        read_with_h5py(path)
        program(directory, "check", str(path))
    for path in (directory / other / "maps").glob("map_band0.hd5"):
        read_with_h5py(path)
    program(directory, "mapmake", config, "--set", f'mapmake.name="of_{name}"')
    again = f"{other}/maps/of_{name}_band0.fits"
    differences = [largest_difference(directory, f"{other}/maps/map_band0.{kind}", again) for kind in ("fits", "hd5")]
    theirs, own = max(differences), largest_difference(directory, f"{name}/maps/map_band0.fits", again)
    if theirs > SAME_LEVEL2 or own > OTHER_LEVEL2:
        raise Unreadable(f"the map from its Level-2 files differs by {theirs:.1e} of the noise from its own, {own:.1e} from ours")
    return theirs, own


def read_all(directory, name):
    others = sorted(path.parent.name for path in directory.glob("*/comap.toml") if path.parent.name != name)
    failed, largest = 0, [0.0, 0.0]
    for other in others:
        try:
            differences = read(directory, name, other)
            print(f"files of {other}: differences {differences}", flush=True)
            largest = [max(pair) for pair in zip(largest, differences)]
        except (Unreadable, OSError) as error:
            failed += 1
            print(f"PLATFORM failed files of {other}: {' '.join(str(error).split())}", flush=True)
    print(f"PLATFORM files {len(others) - failed} of {len(others)} (maps within {largest[0]:.0e}, {largest[1]:.0e} of the noise)")
    return failed == 0


def main():
    what, directory, name = sys.argv[1], pathlib.Path(sys.argv[2]).resolve(), sys.argv[3]
    if what == "write":
        write(directory, name)
    elif not read_all(directory, name):
        sys.exit(1)


if __name__ == "__main__":
    main()
