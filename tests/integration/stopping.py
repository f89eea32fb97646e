"""A signal ends a run in good order (exit code 4), a killed rank in none; either way no incomplete file has a final
name, the catalogue claims no more than the disk has, and the same command then finishes with the files of an
undisturbed run."""
import os
import signal
import sqlite3
import subprocess
import time

import h5py

from program import MPIRUN, PROGRAM, datasets, mpi_library, ranks_of, run, scratch_directory, write_config

CONFIG = """
[simulate]
n_observations = 12
n_channels = 64
scan_duration_s = 60.0
n_scans = 6
[catalogue]
url = "sqlite:{database}"
[parallel]
ranks_per_observation = 1
"""
RANKS = 2
SNAPSHOT = "level2/sql_snapshot/"


def start_and_disturb(scratch, config, output, disturb):
    """Starts level2, calls disturb(mpirun) after the first observation is done, returns the exit code."""
    command = [MPIRUN, str(RANKS), PROGRAM, "level2", str(config), "--set", f'level2.output_dir="{output}"']
    with subprocess.Popen(command, cwd=scratch, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as job:
        lines = []
        for line in job.stdout:
            lines.append(line)
            if " done in " in line:
                disturb(job)
                break
        lines += job.stdout.readlines()
        return job.wait(timeout=60), "".join(lines)


def signal_job(job):
    """mpirun passes SIGUSR1 on to every rank, as srun does."""
    job.send_signal(signal.SIGUSR1)


def terminate_job(job):
    """What mpirun makes of it depends on the MPI (docs/cluster.md)."""
    job.send_signal(signal.SIGTERM)


def hears_sigterm():
    """Open MPI 6 kills its ranks at once, as a lost node does, and 5 leaves them 0.25 s, which a busy disk takes for
    itself; their claims may then stand for processes that are gone."""
    name, version = mpi_library()
    return name != "Open MPI" or version < 5


def kill_one_rank(job):
    os.kill(ranks_of(job)[-1], signal.SIGKILL)


def final_files(output):
    return {path.name: path for path in output.rglob("Level2_*.hd5")}


def assert_no_claim_without_file(scratch, database, output):
    """Every file with a final name is complete, and what the catalogue says is there is there."""
    for path in final_files(output).values():
        with h5py.File(path) as file:
            assert file.attrs["comap_mpi_complete"] == 1, path
    with sqlite3.connect(scratch / database) as catalogue:
        for status, path in catalogue.execute("SELECT processing_status, level2_path FROM comap_data "
                                              "JOIN observation_summary USING (obsid)"):
            assert status != "failed", path
            assert status != "complete" or (scratch / path).exists(), path


def same_data(one, other):
    with h5py.File(one) as first, h5py.File(other) as second:
        ours, theirs = datasets(first), datasets(second)
        assert ours.keys() == theirs.keys()
        return all(ours[name].tobytes() == theirs[name].tobytes() for name in ours if not name.startswith(SNAPSHOT))


def check_interrupt_without_launcher(scratch):
    """Ctrl-C: as a signal of a batch system."""
    config = write_config(scratch / "interrupted.toml", CONFIG.format(database="interrupted.db"))
    run("catalogue", "scan", config, "--level1", "level1", directory=scratch)
    command = [PROGRAM, "level2", str(config), "--set", 'level2.output_dir="interrupted"']
    with subprocess.Popen(command, cwd=scratch, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as job:
        for line in job.stdout:
            if " done in " in line:
                job.send_signal(signal.SIGINT)
        assert job.wait(timeout=60) == 4
    assert not list((scratch / "interrupted").rglob("*.partial"))
    with sqlite3.connect(scratch / "interrupted.db") as catalogue:
        assert catalogue.execute("SELECT count(*) FROM comap_claims").fetchone() == (0,)
    assert_no_claim_without_file(scratch, "interrupted.db", scratch / "interrupted")


def check_mapmake(scratch):
    """Between iterations, on one rank and on two."""
    config = write_config(scratch / "maps.toml", CONFIG.format(database="reference.db"))
    long = ("--set", "mapmake.null_test_simulations=10000", "--set", 'mapmake.split="odd_even_scans"')
    for number, launcher in ((signal.SIGINT, []), (signal.SIGTERM, []), (signal.SIGUSR1, [MPIRUN, "2"])):
        command = [*launcher, PROGRAM, "mapmake", str(config), *long]
        with subprocess.Popen(command, cwd=scratch, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as job:
            time.sleep(8.0 if launcher else 5.0)
            assert job.poll() is None, job.stdout.read()
            job.send_signal(number)
            text, _ = job.communicate(timeout=30)
            assert job.returncode == 4 and "stopped by a signal" in text, (job.returncode, text)


def check(scratch, name, disturb, reference):
    database, output = f"{name}.db", scratch / name
    config = write_config(scratch / f"{name}.toml", CONFIG.format(database=database))
    run("catalogue", "scan", config, "--level1", "level1", directory=scratch)
    code, text = start_and_disturb(scratch, config, output, disturb)
    if disturb is signal_job or (disturb is terminate_job and mpi_library()[0] == "MPICH"):
        assert code == 4 and "stopped by a signal" in text, (code, text)
        assert not list(output.rglob("*.partial")), "a dropped observation leaves nothing"
    else:
        assert code not in (0, 3, 4), (code, text)
    if disturb is terminate_job and hears_sigterm():
        with sqlite3.connect(scratch / database) as catalogue:
            assert catalogue.execute("SELECT count(*) FROM comap_claims").fetchone() == (0,), text
    assert len(final_files(output)) < len(reference), "the run was over before it was disturbed"
    assert_no_claim_without_file(scratch, database, output)
    run("level2", config, "--set", f'level2.output_dir="{output}"', ranks=RANKS, directory=scratch)
    assert final_files(output).keys() == reference.keys()
    assert not list(output.rglob("*.partial"))
    assert all(same_data(path, reference[key]) for key, path in final_files(output).items())
    assert_no_claim_without_file(scratch, database, output)


def main():
    scratch = scratch_directory()
    config = write_config(scratch / "reference.toml", CONFIG.format(database="reference.db"))
    run("simulate", config, ranks=2, directory=scratch)
    run("catalogue", "scan", config, "--level1", "level1", directory=scratch)
    run("level2", config, "--set", 'level2.output_dir="reference"', ranks=RANKS, directory=scratch)
    reference = final_files(scratch / "reference")
    assert len(reference) == 12
    check(scratch, "signalled", signal_job, reference)
    check(scratch, "terminated", terminate_job, reference)
    check(scratch, "killed", kill_one_rank, reference)
    check_interrupt_without_launcher(scratch)
    check_mapmake(scratch)


main()
