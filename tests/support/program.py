"""Running comap_mpi from the integration tests."""
import contextlib
import functools
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

PROGRAM = os.environ["COMAP_MPI"]
MPIRUN = os.environ["COMAP_MPIRUN"]
SOURCE_DIR = pathlib.Path(os.environ["COMAP_SOURCE_DIR"])
DATA_DIR = SOURCE_DIR / "tests" / "data"
TIMEOUT_S = 300


def scratch_directory():
    """The empty directory given as first argument of the test."""
    path = pathlib.Path(sys.argv[1])
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path


def run(*arguments, ranks=1, directory, expect=0, environment=None, timeout_s=TIMEOUT_S):
    """Runs comap_mpi, one rank without a launcher, checks its exit code, and returns what it printed (output and log
    together)."""
    launcher = [MPIRUN, str(ranks)] if ranks > 1 else []
    command = [*launcher, PROGRAM, *map(str, arguments)]
    done = subprocess.run(command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=timeout_s, env={**os.environ, **(environment or {})})
    assert done.returncode == expect, \
        f"{' '.join(command)}: exit code {done.returncode}, expected {expect}\n{done.stdout}"
    return done.stdout


@functools.cache
def mpi_library():
    """Name and main version of the MPI that the program is built for: ("Open MPI", 4), ("MPICH", 4)."""
    text = subprocess.run([PROGRAM, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout
    name, version = re.search(r"^ *MPI +(.*) v?(\d+)\.", text, re.MULTILINE).groups()
    return name, int(version)


def ranks_of(job):
    """Process numbers of the ranks that a job (mpirun) has started, itself or by helpers."""
    ranks, parents = [], [job.pid]
    while parents:
        found = subprocess.run(["pgrep", "-l", "-P", ",".join(map(str, parents))], stdout=subprocess.PIPE, text=True)
        children = [line.split() for line in found.stdout.splitlines()]
        ranks += [int(pid) for pid, name in children if name == "comap_mpi"]
        parents = [int(pid) for pid, name in children if name != "comap_mpi"]
    return ranks


def _signal_session(session, number):
    for status in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # a process that has ended meanwhile
            if int(status.read_text().rsplit(")", 1)[1].split()[3]) == session:
                os.kill(int(status.parent.name), number)


@contextlib.contextmanager
def standing_still(job):
    """A job that was started with start_new_session does nothing meanwhile: what happens around it comes at this point
    of its work, however slow the machine is."""
    _signal_session(job.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        _signal_session(job.pid, signal.SIGCONT)


def write_config(path, text):
    path.write_text(text)
    return path


def scanned_site(directory, config):
    """Simulates the observations of `config`, comap.toml from then on, and scans them into its catalogue."""
    write_config(directory / "comap.toml", config)
    run("simulate", ranks=2, directory=directory)
    run("catalogue", "scan", "--level1", "level1", directory=directory)


def datasets(group, prefix=""):
    """All datasets of an open h5py file as {path: array}."""
    found = {}
    for name, item in group.items():
        if hasattr(item, "shape"):
            found[prefix + name] = item[()]
        else:
            found.update(datasets(item, prefix + name + "/"))
    return found
