"""Observations of an independent simulator (tests/data/reference_simulator) reduced and mapped with the default settings,
held against their truth: calibration, source amplitudes, and the map."""
import concurrent.futures
import functools
import os
import shlex
import subprocess
import sys

from program import DATA_DIR, SOURCE_DIR, run, scratch_directory

sys.path.insert(0, str(SOURCE_DIR / "scripts"))
from truth_comparison import small_set, truth_tables  # noqa: E402

SIMULATOR_DIR = DATA_DIR / "reference_simulator"
N_SIMULATIONS, N_AT_A_TIME = 4, 2


def simulations(directory):
    """The command lines of make_level1.sh, which runs them one after the other."""
    shown = subprocess.run(["sh", SIMULATOR_DIR / "make_level1.sh", directory, "small"], check=True, text=True,
                           stdout=subprocess.PIPE, env={**os.environ, "PYTHON": "echo"}).stdout
    commands = [shlex.split(line) for line in shown.splitlines()]
    assert len(commands) == N_SIMULATIONS, shown
    return [[sys.executable, *command] for command in commands]


def make_level1(directory):
    directory.mkdir()
    with concurrent.futures.ThreadPoolExecutor(N_AT_A_TIME) as pool:
        list(pool.map(functools.partial(subprocess.run, check=True), simulations(directory)))


def main():
    scratch = scratch_directory()
    make_level1(scratch / "level1")
    tables = truth_tables(functools.partial(run, directory=scratch, ranks=2), scratch, small_set(scratch / "level1"))
    for table in tables:
        print(table.markdown())
    missed = [text for table in tables for text in table.missed()]
    assert not missed, "\n".join(missed)
    for path in scratch.rglob("*.hd*"):
        path.unlink()


main()
