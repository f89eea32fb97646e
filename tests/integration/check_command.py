"""check finds each kind of damage in Level-1 and Level-2 files, names file and dataset, goes on after bad files, and
says with its exit code whether anything is wrong."""
import json
import shutil
import subprocess

import h5py
import numpy as np

from program import PROGRAM, run, scratch_directory, write_config

CONFIG = """
[simulate]
n_observations = 1
n_sky_dips = 1
n_feeds = 2
n_channels = 16
n_scans = 2
scan_duration_s = 15.0
storage = "chunked"
chunk_samples = 500
[catalogue]
url = "sqlite:comap.db"
"""
FIELD = 40002


def truncate(path):
    with open(path, "r+b") as file:
        file.truncate(path.stat().st_size // 2)


def empty(path):
    path.write_bytes(b"")


def no_hdf5(path):
    path.write_text("this is no HDF5 file\n" * 100)


def edit(name, change):
    def apply(path):
        with h5py.File(path, "r+") as file:
            values = file[name][...]
            file[name][...] = change(values)
    return apply


def remove(name):
    def apply(path):
        with h5py.File(path, "r+") as file:
            del file[name]
    return apply


def reshape(name, shape):
    def apply(path):
        with h5py.File(path, "r+") as file:
            del file[name]
            file[name] = np.zeros(shape)
    return apply


def two_at_once(path):
    remove("spectrometer/features")(path)
    reshape("spectrometer/frequency", (4, 3))(path)


def set_attribute(group, name, value):
    def apply(path):
        with h5py.File(path, "r+") as file:
            file[group].attrs[name] = value
    return apply


def lose_feed(values):
    values[1, 2] = np.nan
    return values


def turn_back(values):
    values[100:] -= 1.0 / 86400
    return values


def tai(values):
    return values + 37.0 / 86400


def gap(values):
    values[1000:] += 5.0 / 86400
    return values


def without(feature):
    return lambda values: np.where(values == 1 << feature, 0, values)


def damage_chunk(name, which):
    def apply(path):
        with h5py.File(path, "r") as file:
            chunks = [file[name].id.get_chunk_info(i) for i in range(file[name].id.get_num_chunks())]
        chunk = which(chunks)
        with open(path, "r+b") as file:
            file.seek(chunk.byte_offset + chunk.size // 2)
            file.write(b"\x5a" * 64)  # not 0xff, which a fletcher32 sum takes for 0
    return apply


def no_vane(path):
    edit("hk/array/frame/features", without(13))(path)


def without_matrix(path):
    """As if sky = "power_law" had filtered it, and its matrix had been lost."""
    with h5py.File(path, "r+") as file:
        record = file["comap_mpi/stages/gain_filter"].attrs
        parameters = json.loads(record["parameters"])
        record["parameters"] = json.dumps({**parameters, "sky": "power_law"})


LEVEL1_DAMAGES = {  # damage: datasets named, words said
    "truncated": (truncate, [""], "truncated"),
    "empty": (empty, [""], "empty"),
    "no_hdf5": (no_hdf5, [""], "cannot open"),
    "missing": (remove("hk/antenna0/vane/angle"), ["hk/antenna0/vane/angle"], "missing"),
    "shape": (reshape("spectrometer/frequency", (4, 3)), ["spectrometer/frequency"], "expected [4, 16]"),
    "two": (two_at_once, ["spectrometer/frequency", "spectrometer/features"], "missing"),
    "obsid": (set_attribute("comap", "obsid", 7), ["comap, attribute obsid"], "40002"),
    "time": (edit("spectrometer/MJD", turn_back), ["spectrometer/MJD"], "does not increase"),
    "gap": (edit("spectrometer/MJD", gap), ["spectrometer/MJD"], "gaps of more than 1"),
    "clock": (edit("spectrometer/MJD", tai), ["spectrometer/pixel_pointing/pixel_ra, pixel_dec"], "TAI"),
    "frequency": (edit("spectrometer/frequency", lambda values: 1e3 * values[::-1]), ["spectrometer/frequency"],
                  "the bands are stored as 3, 2, 1, 0"),
    "start": (set_attribute("comap", "utc_start", "../x"), ["comap, attribute utc_start"], "no UTC time"),
    "nan": (edit("spectrometer/tod", lose_feed), ["spectrometer/tod"], "feed 2, band 2: 100.0 %"),
    "no_vane": (no_vane, ["hk/antenna0/vane"], "no vane event"),
    "no_scans": (edit("spectrometer/features", without(9)), ["spectrometer/features"], "no scan"),
    "ground": (edit("spectrometer/feeds", lambda feeds: np.where(feeds < 20, 21, feeds)), ["spectrometer/feeds"],
               "outside"),
}
TROUBLE = {"kind": "time step", "stage": "check_level1", "dataset": "spectrometer/MJD", "what": "one stamp is lost",
           "done": "interpolated", "feeds": [], "n_samples": 0}
LEVEL2_DAMAGES = {
    "truncated": (truncate, [""], "truncated"),
    "unfinished": (lambda path: h5py.File(path, "r+").attrs.pop("comap_mpi_complete"), ["comap_mpi_complete"],
                   "mark of a complete file"),
    "missing": (remove("level2/atmosphere/tau"), ["level2/atmosphere/tau"], "missing"),
    "shape": (reshape("level2/central_freqs", (19, 4, 3)), ["level2/central_freqs"], "expected [19, 4, 2]"),
    "record": (remove("comap_mpi/stages"), ["comap_mpi/stages"], "no records"),
    "scans": (edit("level2/scan_edges", lambda edges: edges + 10**6), ["level2/scan_edges"], "in a file of"),
    "checksum": (damage_chunk("level2/binned_data", lambda chunks: chunks[3]), ["level2/binned_data"],
                 "cannot be read"),
    "nan": (edit("level2/binned_filtered_data", lose_feed), ["level2/binned_filtered_data"], "feed 2 band 2 (0 %)"),
    "matrix": (without_matrix, ["level2/gain_filter/gain_information_matrix"], "missing"),
    "snapshot": (remove("level2/sql_snapshot"), ["level2/sql_snapshot"], "missing"),
    "troubles": (set_attribute("comap_mpi", "troubles", json.dumps([TROUBLE])), ["spectrometer/MJD"], "one stamp"),
}


def check(directory, *arguments, expect):
    done = subprocess.run([PROGRAM, "check", "--format", "json", *map(str, arguments)], cwd=directory, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == expect, (done.returncode, done.stdout)
    return json.loads(done.stdout)


def damaged(scratch, source, damages):
    copies = {}
    for name, (apply, _, _) in damages.items():
        directory = scratch / "damaged" / source.parent.name / name
        directory.mkdir(parents=True)
        copies[name] = shutil.copy(source, directory)
        (directory / source.name).chmod(0o644)
        apply(directory / source.name)
    return copies


def finds_all(scratch, source, damages, kind):
    """One call for all files: a bad one never stops the others."""
    copies = damaged(scratch, source, damages)
    report = check(scratch, *copies.values(), source, expect=1)
    assert [row["file"] for row in report["files"]] == [str(path) for path in (*copies.values(), source)]
    assert report["files"][-1] == {"file": str(source), "kind": kind, "problems": 0}, report["problems"]
    for name, (_, datasets, words) in damages.items():
        found = [row for row in report["problems"] if row["file"] == str(copies[name])]
        text = " | ".join(row["what"] for row in found)
        for dataset in datasets:
            assert dataset in [row["dataset"] for row in found], (kind, name, found)
        assert words in text and all(row["what_to_do"] for row in found), (kind, name, found)
        print(f"{kind} {name}: {text}")


def deep_reads_everything(scratch, source):
    """Damage where no sample is taken: only --deep finds it."""
    directory = scratch / "damaged" / "deep"
    directory.mkdir(parents=True)
    path = shutil.copy(source, directory)
    damage_chunk("spectrometer/tod", lambda chunks: next(c for c in chunks if c.chunk_offset[3] == 0))(path)
    check(scratch, path, expect=0)
    report = check(scratch, "--deep", path, expect=1)
    assert report["problems"][0]["dataset"] == "spectrometer/tod", report


def main():
    scratch = scratch_directory()
    config = write_config(scratch / "comap.toml", CONFIG)
    run("simulate", config, directory=scratch)
    run("catalogue", "scan", config, "--level1", "level1", directory=scratch)
    run("level2", config, directory=scratch)
    level1 = sorted((scratch / "level1").glob("*.hd5"))
    level2 = sorted((scratch / "level2").rglob("*.hd5"))
    assert len(level1) == len(level2) == 2
    good = check(scratch, *level1, *level2, expect=0)  # the sky dip without a vane is good
    assert [row["problems"] for row in good["files"]] == [0] * 4
    field1, field2 = (next(path for path in paths if f"{FIELD:07d}" in path.name) for paths in (level1, level2))
    finds_all(scratch, field1, LEVEL1_DAMAGES, "Level-1")
    finds_all(scratch, field2, LEVEL2_DAMAGES, "Level-2")
    lost = scratch / "damaged" / field2.parent.name / "matrix" / field2.name
    text = run("mapmake", config, "--level2-file", lost, directory=scratch, expect=1)
    assert "gain_information_matrix is missing" in " ".join(text.split()), text
    deep_reads_everything(scratch, field1)
    report = check(scratch, scratch / "nothing.hd5", config.with_suffix(".txt"), scratch, expect=1)
    assert ["does not exist" in row["what"] or "is not a file" in row["what"] for row in report["problems"]] == [True] * 3


main()
