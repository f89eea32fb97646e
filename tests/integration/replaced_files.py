"""Files that are replaced, doubled, exchanged or mixed, and two runs on one product: what comes out is whole and of one
kind, and what does not belong to it is left out with a reason."""
import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time

import h5py
import numpy as np
from astropy.io import fits

from program import PROGRAM, TIMEOUT_S, run, scratch_directory, write_config

CONFIG = """
[catalogue]
url = "sqlite:comap.db"
[simulate]
n_observations = 3
n_feeds = 2
n_channels = 128
scan_duration_s = 30.0
n_scans = 2
[mapmake]
feeds = [1, 2]
cdelt_deg = 0.05
"""
OBSIDS = (40001, 40002, 40003)
LATE = "another run has"


class Job:
    """A run of one rank that stands still as soon as it has written so much of a product."""

    def __init__(self, scratch, folder, *arguments, n_bytes=0):
        self.folder = scratch / folder
        self.n_bytes = n_bytes
        before = self.partial_files()
        self.process = subprocess.Popen([PROGRAM, *map(str, arguments)], cwd=scratch, text=True, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)
        while not self.partial_files() - before:
            assert self.process.poll() is None, f"over before it wrote anything\n{self.process.communicate()[0]}"
            time.sleep(0.001)
        self.process.send_signal(signal.SIGSTOP)
        assert self.partial_files() - before, "stopped too late"

    def partial_files(self):
        found = set()
        for path in self.folder.rglob("*.partial"):
            with contextlib.suppress(FileNotFoundError):  # it has got its name meanwhile
                if path.stat().st_size >= self.n_bytes:
                    found.add(path)
        return found

    def end(self, expect=0):
        self.process.send_signal(signal.SIGCONT)
        text, _ = self.process.communicate(timeout=TIMEOUT_S)
        assert self.process.returncode == expect, (self.process.returncode, text)
        assert not list(self.folder.rglob("*.partial")), text
        return text


def level2_files(scratch):
    files = {obsid: next((scratch / "level2").rglob(f"*comap-{obsid:07d}*")) for obsid in OBSIDS}
    return [files[obsid] for obsid in OBSIDS]


def contents(path):
    with h5py.File(path) as file:
        return {name: file[name][...].tobytes() for name in ("spectrometer/tod", "spectrometer/pixel_pointing/pixel_ra")}


def check_simulate(scratch):
    """The late run keeps what the other one has made, and neither leaves half a file."""
    late = Job(scratch, "level1", "simulate", "comap.toml")
    run("simulate", "comap.toml", directory=scratch)
    files = sorted((scratch / "level1").glob("*.hd5"))
    made = [(path.stat().st_ino, contents(path)) for path in files]
    assert LATE in late.end()
    assert [(path.stat().st_ino, contents(path)) for path in files] == made and len(files) == len(OBSIDS)
    text = run("simulate", "comap.toml", directory=scratch)
    assert text.count("is there, made with the same settings") == len(OBSIDS), text


def check_level1_replaced(scratch):
    """Nothing is published that was read from two files."""
    run("catalogue", "scan", "comap.toml", "--level1", "level1", directory=scratch)
    job = Job(scratch, "level2", "level2", "comap.toml", "--obsid", OBSIDS[0])
    level1 = next((scratch / "level1").glob(f"*{OBSIDS[0]}*.hd5"))
    shutil.copy(level1, scratch / "other.hd5")
    os.replace(scratch / "other.hd5", level1)
    text = job.end(expect=3)
    assert "was replaced while it was read" in text, text
    assert not list((scratch / "level2").rglob("*.hd5"))


def statistics(scratch):
    with contextlib.closing(sqlite3.connect(scratch / "comap.db")) as catalogue:
        return [catalogue.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3").fetchall()
                for table in ("quality_flags", "observation_summary")]


def check_late_run_with_other_settings(scratch):
    """A run that was taken for dead records nothing beside the file of its successor."""
    late = Job(scratch, "level2", "level2", "comap.toml", "--obsid", OBSIDS[1], "--set",
               "level2.gain_filter.method=common_mode", n_bytes=100_000)
    with contextlib.closing(sqlite3.connect(scratch / "comap.db")) as catalogue, catalogue:
        catalogue.execute("DELETE FROM comap_claims")
    run("level2", "comap.toml", directory=scratch)
    done = statistics(scratch)
    text = late.end()
    assert LATE in text and "is not recorded" in text, text
    assert statistics(scratch) == done


def mapmake(scratch, name, *files, expect=0, settings=()):
    text = run("mapmake", "comap.toml", "--set", f"mapmake.name={name}", *settings,
               *(("--level2-file", *files) if files else ()), directory=scratch, expect=expect)
    path = scratch / "maps" / f"{name}_band0.fits"
    if expect == 1:
        assert not path.exists(), text
        return text, None
    with fits.open(path) as hdus:
        return text, {"obsids": hdus["OBSIDS"].data["OBSID"].tolist(), "rms": hdus["RMS"].data,
                      "history": "\n".join(hdus[0].header["HISTORY"])}


def check_doubled(scratch):
    first, second, _ = level2_files(scratch)
    link = scratch / "link.hd5"
    link.symlink_to(first)
    version = shutil.copy(first, scratch / "version.hd5")
    _, once = mapmake(scratch, "once", first, second)
    text, doubled = mapmake(scratch, "doubled", first, link, version, second, first)
    assert "excluded: 3 observations: observation that is used already" in text, text
    assert doubled["obsids"] == list(OBSIDS[:2])
    np.testing.assert_array_equal(doubled["rms"], once["rms"])


@contextlib.contextmanager
def changed(path):
    """The file may be changed meanwhile."""
    kept = path.with_suffix(".kept")
    shutil.copy(path, kept)
    try:
        with h5py.File(path, "r+") as file:
            yield file
    finally:
        os.replace(kept, path)


def exchange(first, second):
    between = first.with_suffix(".between")
    os.rename(first, between)
    os.rename(second, first)
    os.rename(between, second)


def check_exchanged(scratch):
    first, second, _ = level2_files(scratch)
    exchange(first, second)
    text, made = mapmake(scratch, "exchanged", expect=3)
    assert f"is of obsid {OBSIDS[1]}, and the catalogue has it for {OBSIDS[0]}" in text, text
    assert made["obsids"] == [OBSIDS[2]]
    exchange(first, second)


def check_mixed(scratch):
    first, second, third = level2_files(scratch)
    with changed(second) as file:
        file["level2/central_freqs"][...] = file["level2/central_freqs"][...].reshape(19, 8)[:, ::-1].reshape(19, 4, 2)
        file.close()
        text, made = mapmake(scratch, "frequencies", expect=3)
        assert made["obsids"] == [OBSIDS[0], OBSIDS[2]] and "other frequencies than most files" in text, text
        text, _ = mapmake(scratch, "no_majority", first, second, expect=1)
        assert "there is no majority" in text, text
    run("level2", "comap.toml", "--obsid", OBSIDS[1], "--set", "level2.gain_filter.method=common_mode", directory=scratch)
    text, made = mapmake(scratch, "filters", expect=3)
    assert made["obsids"] == [OBSIDS[0], OBSIDS[2]], text
    assert 'gain_filter.method "common_mode", not "maximum_posterior"' in text, text
    history = made["history"].replace("\n", " ")
    assert 'method "maximum_posterior"' in history and "another gain filter than most files" in history, history
    run("level2", "comap.toml", "--obsid", OBSIDS[1], directory=scratch)


def check_troubles(scratch):
    trouble = {"kind": "vane temperature", "stage": "system_temperature", "dataset": "hk", "what": "0 K", "done": "",
               "feeds": [], "n_samples": 0}
    with changed(level2_files(scratch)[0]) as file:
        file["comap_mpi"].attrs["troubles"] = json.dumps([trouble, {**trouble, "what": "-999 K"}])
        file.close()
        text, made = mapmake(scratch, "troubles")
    assert text.count(f"obsid {OBSIDS[0]}: vane temperature: hk: 0 K (and 1 more)") == 1, text
    line = "trouble: 1 observation: vane temperature"
    assert line in text and line in made["history"], made["history"]
    summary = json.loads((scratch / "logs" / "mapmake_summary.json").read_text())
    assert summary["observations_with_trouble"] == {"vane temperature": 1}, summary


def check_directories(scratch):
    for key in ("mapmake.output_dir", "linemap.output_dir", "level2.output_dir", "simulate.output_dir", "log.directory"):
        section, name = key.split(".")
        write_config(scratch / "empty.toml", f'[{section}]\n{name} = ""\n')
        text = run("config", "check", "empty.toml", directory=scratch, expect=2)
        assert f"empty.toml:2: {key}: expected a directory" in text, text


def main():
    scratch = scratch_directory()
    write_config(scratch / "comap.toml", CONFIG)
    check_directories(scratch)
    check_simulate(scratch)
    check_level1_replaced(scratch)
    check_late_run_with_other_settings(scratch)
    check_doubled(scratch)
    check_exchanged(scratch)
    check_mixed(scratch)
    check_troubles(scratch)


main()
