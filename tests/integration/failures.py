"""One bad observation never stops the others: each kind of damage makes its observation `failed` with a reason that
names file and dataset, the rest is done, the exit code is 3, and nothing is left behind under any name."""
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess

import h5py
import numpy as np

from program import MPIRUN, PROGRAM, run, scratch_directory, write_config

CONFIG = """
[simulate]
n_observations = 9
n_channels = 16
scan_duration_s = 15.0
n_scans = 2
storage = "chunked"
chunk_samples = 500
[catalogue]
url = "sqlite:comap.db"
[io]
open_retries = 1
retry_delay_s = 0.01
"""


def truncate(path):
    with open(path, "r+b") as file:
        file.truncate(path.stat().st_size // 2)


def empty(path):
    path.write_bytes(b"")


def remove_dataset(path):
    with h5py.File(path, "r+") as file:
        del file["spectrometer/features"]


def remove_vane(path):
    with h5py.File(path, "r+") as file:
        for name in ("spectrometer/features", "hk/array/frame/features"):
            features = file[name][...]
            features[features == 2**13] = 0
            file[name][...] = features


def remove_scans(path):
    with h5py.File(path, "r+") as file:
        features = file["spectrometer/features"][...]
        features[features == 2**9] = 0
        file["spectrometer/features"][...] = features


def turn_time_back(path):
    with h5py.File(path, "r+") as file:
        mjd = file["spectrometer/MJD"][...]
        mjd[100:] -= 1.0 / 86400
        file["spectrometer/MJD"][...] = mjd


def damage_chunk_of_second_feed(path):
    """Only the rank that has this feed sees the error."""
    with h5py.File(path, "r") as file:
        chunk = next(file["spectrometer/tod"].id.get_chunk_info(i)
                     for i in range(file["spectrometer/tod"].id.get_num_chunks())
                     if file["spectrometer/tod"].id.get_chunk_info(i).chunk_offset[0] == 1)
    with open(path, "r+b") as file:
        file.seek(chunk.byte_offset + chunk.size // 2)
        file.write(b"\xff" * 64)


DAMAGES = [
    (truncate, "truncated"),
    (empty, "cannot open"),
    (remove_dataset, "spectrometer/features"),
    (remove_vane, "vane"),
    (remove_scans, "scan"),
    (turn_time_back, "spectrometer/MJD"),
    (damage_chunk_of_second_feed, "spectrometer/tod: a chunk cannot be inflated"),
]


def rows(scratch):
    with sqlite3.connect(scratch / "comap.db") as database:
        return {obsid: (status, error, path) for obsid, status, error, path in database.execute(
            "SELECT d.obsid, processing_status, processing_error, level2_path FROM comap_data d "
            "LEFT JOIN observation_summary s ON s.obsid = d.obsid")}


def check_damaged_files(scratch, config, per_observation):
    output = scratch / f"level2_{per_observation}"
    text = run("level2", config, "--set", f'level2.output_dir="{output}"', "--set",
               f"parallel.ranks_per_observation={per_observation}", ranks=3, directory=scratch, expect=3)
    found = rows(scratch)
    files = sorted((scratch / "level1").glob("comap-*.hd5"))
    for (damage, reason), path in zip(DAMAGES, files):
        status, error, level2_path = found[int(path.name.split("-")[1])]
        assert status == "failed", (damage.__name__, status, text)
        assert reason in error and path.name in error, (damage.__name__, error)
        assert level2_path is None, (damage.__name__, level2_path)
    for path in files[len(DAMAGES):]:
        status, error, level2_path = found[int(path.name.split("-")[1])]
        assert status == "complete" and not error, (path.name, status, error)
        with h5py.File(scratch / level2_path) as file:
            assert file.attrs["comap_mpi_complete"] == 1
    made = [path for path in output.rglob("*") if path.is_file()]
    assert len(made) == len(files) - len(DAMAGES), made
    summary = json.loads((scratch / "logs" / "level2_summary.json").read_text())
    assert summary["failed"] == len(DAMAGES) and summary["done"] == len(files) - len(DAMAGES)


def check_repaired_file(scratch, config, original):
    """The same command does just the rest once a file is good again."""
    path = sorted((scratch / "level1").glob("comap-*.hd5"))[0]
    shutil.copy(original, path)
    run("level2", config, "--set", 'level2.output_dir="level2_1"', ranks=2, directory=scratch, expect=3)
    assert rows(scratch)[int(path.name.split("-")[1])][0] == "complete"
    summary = json.loads((scratch / "logs" / "level2_summary.json").read_text())
    assert summary["done"] == 1 and summary["up_to_date"] == 2, summary


def check_full_disk(scratch, config, obsid):
    """A small file system of its own; needs a user namespace where we are not root, which a chroot does not give."""
    full = scratch / "full"
    full.mkdir()
    script = (f"mount -t tmpfs -o size=1m none {full} && "
              f"{MPIRUN} 2 {PROGRAM} level2 {config} --obsid {obsid} --set 'level2.output_dir=\"{full}\"'; code=$?; "
              f"find {full} -type f; exit $code")
    alone = "-m" if os.getuid() == 0 else "-rm"
    done = subprocess.run(["unshare", alone, "sh", "-c", script], cwd=scratch, text=True, timeout=120,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 3, done.stdout
    assert "the disk is full" in done.stdout, done.stdout
    assert "\n" + str(full) not in done.stdout, done.stdout


def check_wrong_configuration_found_late(scratch, config):
    """Only rank 0 reads the list of obsids; what is wrong with it is an error of the configuration on every rank."""
    (scratch / "obsids.txt").write_text("40001\nforty\n")
    for command in ("level2", "mapmake"):
        text = run(command, config, "--set", 'select.obsid_file="obsids.txt"', ranks=2, directory=scratch, expect=2)
        assert "obsids.txt, line 2: 'forty' is not an obsid" in text, text


def main():
    scratch = scratch_directory()
    config = write_config(scratch / "config.toml", CONFIG)
    run("simulate", config, directory=scratch, ranks=2)
    files = sorted((scratch / "level1").glob("comap-*.hd5"))
    run("catalogue", "scan", config, "--level1", "level1", directory=scratch)
    check_wrong_configuration_found_late(scratch, config)
    original = scratch / "original.hd5"
    shutil.copy(files[0], original)
    for (damage, _), path in zip(DAMAGES, files):
        damage(path)
    for per_observation in (1, 3):
        check_damaged_files(scratch, config, per_observation)
    check_repaired_file(scratch, config, original)
    check_full_disk(scratch, config, int(files[-1].name.split("-")[1]))


main()
