"""A run that was taken for dead (its node hung, or had no network) lives on after another one has taken over its observations:
neither writes into the file of the other, all files end as those of an undisturbed run, and the catalogue says so."""
import contextlib
import os
import signal
import sqlite3
import subprocess
import time

from faults import ALL, RANKS, WATCHDOG_S, reference_and_work
from program import MPIRUN, PROGRAM, ranks_of, scratch_directory

N_OBSERVATIONS = 12


def partial_files(work):
    return set((work.directory / "level2").rglob("*.partial"))


def to_all(job, number):
    for rank in ranks_of(job):
        os.kill(rank, number)


def catalogue_is_free(work):
    try:
        with contextlib.closing(sqlite3.connect(work.directory / "comap.db", timeout=0.1)) as catalogue:
            catalogue.execute("BEGIN IMMEDIATE")
            return True
    except sqlite3.OperationalError:
        return False


def start_and_stand_still(work):
    """A run that stands still in the middle of some file, not of a change of the catalogue, which would keep all others out."""
    before = partial_files(work)
    job = subprocess.Popen([MPIRUN, str(RANKS), PROGRAM, *work.arguments(["level2"])], cwd=work.directory, text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    while job.poll() is None:
        if partial_files(work) - before:
            to_all(job, signal.SIGSTOP)
            if partial_files(work) - before and catalogue_is_free(work):
                return job
            to_all(job, signal.SIGCONT)
        time.sleep(0.002)
    raise AssertionError(f"over before it was in the middle of a file\n{job.communicate()[0]}")


def take_over(work):
    """As if the claims of the other run had expired."""
    with sqlite3.connect(work.directory / "comap.db") as catalogue:
        n_claims = catalogue.execute("DELETE FROM comap_claims").rowcount
    assert n_claims > 0, "the run that stands still has claimed nothing"


def end_of(job):
    to_all(job, signal.SIGCONT)
    try:
        text, _ = job.communicate(timeout=WATCHDOG_S)
    except subprocess.TimeoutExpired:
        os.killpg(job.pid, signal.SIGKILL)
        raise AssertionError(f"no end after {WATCHDOG_S} s\n{job.communicate()[0]}")
    assert job.returncode == 0, f"exit code {job.returncode}\n{text}"
    return text


def check_afterwards(reference, work):
    """The other run is over when the late one goes on."""
    work.start_over()
    late = start_and_stand_still(work)
    take_over(work)
    work.run("level2")
    work.check_finished(reference, "the other run")
    text = end_of(late)
    assert "another run has made it, too, and was done first" in text, text
    work.check_finished(reference, "the late run")


def check_at_once(reference, work):
    """The late run goes on while the other one is in the middle of a file."""
    work.start_over()
    late = start_and_stand_still(work)
    take_over(work)
    other = start_and_stand_still(work)
    to_all(late, signal.SIGCONT)
    end_of(other)
    end_of(late)
    work.check_finished(reference, "both runs")


def main():
    reference, work = reference_and_work(scratch_directory(), n_observations=N_OBSERVATIONS)
    for _ in range(20 if ALL else 2):
        check_afterwards(reference, work)
        check_at_once(reference, work)


main()
