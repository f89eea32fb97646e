"""What the tests of faults share: a small undisturbed reduction, and runs that are disturbed and looked at afterwards.

COMAP_FAULTS=all tries every moment or point, COMAP_FAULTS=N up to N points of each case; otherwise a sample that fits
into the tests of every day. COMAP_FAULTS_PART=K/N takes the K-th of N equal parts of them: N machines, or N directories,
share the work."""
import os
import shutil
import signal
import sqlite3
import subprocess
import time

import h5py
import numpy as np
from astropy.io import fits

from program import MPIRUN, PROGRAM, datasets, ranks_of, run, write_config

ALL = os.environ.get("COMAP_FAULTS") == "all"
POINTS = int(os.environ.get("COMAP_FAULTS", "0").replace("all", "0"))
PART, PARTS = map(int, os.environ.get("COMAP_FAULTS_PART", "1/1").split("/"))
WATCHDOG_S = 240  # ranks of MPICH spin where they wait, also where there are more of them than processors
RANKS = 3
SNAPSHOT = "level2/sql_snapshot/"
CONFIG = """
[simulate]
n_observations = {n_observations}
n_channels = 16
n_feeds = 3
scan_duration_s = 15.0
n_scans = 2
output_dir = "{level1}"
[catalogue]
url = "sqlite:comap.db"
[io]
open_retries = 1
retry_delay_s = 0.01
[parallel]
ranks_per_observation = {per_observation}
[mapmake]
name = "sky"
bands = [0, 5]
hit_percentile = 0.0
edge_width = 0
cdelt_deg = 0.05
auto_rms_cap_K = 10.0
"""


def sampled(points, n):
    """All of them, or `n` (or COMAP_FAULTS) spread evenly with the first and the last."""
    points = list(points)
    n = POINTS or n
    if ALL or len(points) <= n:
        return points
    return [points[round(i * (len(points) - 1) / max(n - 1, 1))] for i in range(n)]


def of_this_part(cases):
    return cases[PART - 1::PARTS]


class Work:
    """A directory with a catalogue and a configuration of its own on the Level-1 files of all."""

    def __init__(self, scratch, name, n_observations=3, per_observation=1, ranks=RANKS):
        self.scratch, self.directory, self.ranks = scratch, scratch / name, ranks
        self.directory.mkdir(exist_ok=True)
        self.config = write_config(self.directory / "config.toml", CONFIG.format(
            n_observations=n_observations, per_observation=per_observation, level1=scratch / "level1"))
        if not (scratch / "scanned.db").exists():
            run("simulate", self.config, ranks=2, directory=self.directory)
            run("catalogue", "scan", self.config, "--level1", scratch / "level1", directory=self.directory)
            shutil.copy(self.directory / "comap.db", scratch / "scanned.db")
        self.start_over()

    def start_over(self):
        """As after the scan, before any reduction."""
        for name in ("level2", "maps", "logs"):
            shutil.rmtree(self.directory / name, ignore_errors=True)
        for path in self.directory.glob("comap.db*"):
            path.unlink()
        shutil.copy(self.scratch / "scanned.db", self.directory / "comap.db")

    def arguments(self, command):
        """The configuration comes before options, which may take several words."""
        n_words = next((i for i, word in enumerate(command) if word.startswith("--")), len(command))
        return [*command[:n_words], str(self.config), *command[n_words:]]

    def run(self, *command, **options):
        return run(*self.arguments(command), ranks=self.ranks, directory=self.directory, **options)

    def disturbed(self, *command, environment=None, disturb=None):
        """Exit code and text of a run that may end in any way but not hang. `disturb(mpirun)` is called after the
        start."""
        full = [MPIRUN, str(self.ranks), PROGRAM, *self.arguments(command)]
        job = subprocess.Popen(full, cwd=self.directory, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               env={**os.environ, **(environment or {})}, start_new_session=True)
        try:
            if disturb:
                disturb(job)
            text, _ = job.communicate(timeout=WATCHDOG_S)
        except subprocess.TimeoutExpired:
            os.killpg(job.pid, signal.SIGKILL)
            raise AssertionError(f"{command}, {environment}: no end after {WATCHDOG_S} s\n{job.communicate()[0]}")
        return job.returncode, text

    def files(self):
        return {path.name: path for path in (self.directory / "level2").rglob("Level2_*.hd5")}

    def check_claims(self):
        """Files with final names are complete, and the catalogue claims no more than that."""
        for path in self.files().values():
            with h5py.File(path) as file:
                assert file.attrs["comap_mpi_complete"] == 1, path
        with sqlite3.connect(self.directory / "comap.db") as catalogue:
            for status, path in catalogue.execute(
                    "SELECT processing_status, level2_path FROM comap_data JOIN observation_summary USING (obsid)"):
                assert status != "complete" or (self.directory / path).exists(), path
                assert path is None or (self.directory / path).exists(), path

    def check_finished(self, reference, after=""):
        """The Level-2 files are those of an undisturbed run, bit for bit, and all rows say so."""
        self.check_claims()
        assert self.files().keys() == reference.files().keys(), self.files()
        assert not list((self.directory / "level2").rglob("*.partial")), "left over"
        for name, path in self.files().items():
            with h5py.File(path) as file, h5py.File(reference.files()[name]) as other:
                ours, theirs = datasets(file), datasets(other)
                assert ours.keys() == theirs.keys(), name
                for key in ours:
                    assert key.startswith(SNAPSHOT) or ours[key].tobytes() == theirs[key].tobytes(), \
                        f"{after}: {path}: {key} differs"
        assert set(self.states()) == {"complete"}, self.states()

    def states(self):
        """processing_status of every observation, None without one."""
        with sqlite3.connect(self.directory / "comap.db") as catalogue:
            return [row[0] for row in catalogue.execute("SELECT processing_status FROM comap_data "
                                                        "LEFT JOIN observation_summary USING (obsid)")]

    def maps(self):
        return {path.name: path for path in (self.directory / "maps").glob("*.fits")}

    def check_maps(self, reference=None):
        """Maps with final names are whole; equal to those of `reference` when given."""
        for path in self.maps().values():
            checked = subprocess.run(["fitsverify", "-q", str(path)], stdout=subprocess.PIPE, text=True)
            assert checked.returncode == 0, checked.stdout
        if reference is None:
            return
        assert self.maps().keys() == reference.maps().keys()
        for name, path in self.maps().items():
            np.testing.assert_array_equal(fits.getdata(path), fits.getdata(reference.maps()[name]), err_msg=name)


def reference_and_work(scratch, **options):
    """An undisturbed reduction with its map, and a place for disturbed ones."""
    reference, work = Work(scratch, "reference", **options), Work(scratch, "work", **options)
    reference.run("level2")
    reference.run("mapmake")
    return reference, work


def have_met(ranks, n_ranks=RANKS):
    """Whether all ranks are past their first words with mpirun: PMIx 4.2.2 makes mpirun wait forever for one that dies
    during them. The layer for messages (of MPICH: UCX), or memory for messages on this machine (Open MPI from 5 on), is
    there later."""
    def loaded(rank):
        try:
            with open(f"/proc/{rank}/maps", encoding="ascii") as maps:
                text = maps.read()
                return any(sign in text for sign in ("mca_pml", "/ucx/", "/sm_segment"))
        except OSError:
            return False
    return len(ranks) == n_ranks and all(map(loaded, ranks))


def kill_a_rank(random, seconds):
    """For Work.disturbed: kill -9 of any rank at a moment of a run whose ranks live `seconds` when left alone."""
    def disturb(job):
        while not have_met(ranks_of(job)) and job.poll() is None:
            time.sleep(0.01)
        end = time.monotonic() + random.uniform(0.0, seconds)
        while time.monotonic() < end and job.poll() is None:
            time.sleep(0.002)
        ranks = ranks_of(job)
        if ranks:
            try:
                os.kill(random.choice(ranks), signal.SIGKILL)
            except ProcessLookupError:
                pass
    return disturb
