"""The same program under a real SLURM of two nodes: srun, or mpirun where SLURM has no PMI for this MPI, gives the files and the
map of mpirun; a wrong PMI is a clear error before any work; the templates choose between the two; the templates in slurm/ as a user submits them: dependency, array, requeue; planning a job; the scaling run."""
import json

import h5py
from astropy.io import fits

from program import PROGRAM, SOURCE_DIR, datasets, run, scratch_directory, write_config
from slurm_cluster import slurm_cluster, wait_for_text

CONFIG = """
[simulate]
n_observations = 8
n_channels = 64
scan_duration_s = 20.0
n_scans = 2
[catalogue]
url = "sqlite:comap.db"
[select]
max_obsid = {max_obsid}
"""
FEW = 40004
ALL = 40008
TEMPLATES = SOURCE_DIR / "slurm"
NODES = ["--nodes=2", "--ntasks-per-node=2"]
PMI = "pmix" if "Open MPI" in run("--version", directory=".") else "pmi2"
REFUSAL = "srun started 4 tasks without PMIx" if PMI == "pmix" else "the launcher started 4 processes"
MPIRUN = ["mpirun", "--bind-to", "none"]
SNAPSHOT = "level2/sql_snapshot/"


def site(scratch, name, max_obsid=FEW):
    """A directory as a user has it: configuration, catalogue, and the Level-1 files that all share."""
    directory = scratch / name
    directory.mkdir()
    (directory / "level1").symlink_to(scratch / "simulated" / "level1")
    write_config(directory / "comap.toml", CONFIG.format(max_obsid=max_obsid))
    if (scratch / "simulated" / "level1").exists():
        run("catalogue", "scan", "--level1", "level1", directory=directory)
    return directory


def level2_data(directory):
    found = {}
    for path in sorted((directory / "level2").rglob("Level2_*.hd5")):
        with h5py.File(path) as file:
            assert file.attrs["comap_mpi_complete"] == 1, path
            found[path.name] = {name: value.tobytes() for name, value in datasets(file).items()
                                if not name.startswith(SNAPSHOT)}
    assert not list(directory.rglob("*.partial")), directory
    return found


def map_data(directory):
    found = {}
    for path in sorted((directory / "maps").glob("*.fits")):
        with fits.open(path) as file:
            found[path.name] = [part.data.tobytes() for part in file if part.data is not None]
    return found


def pmi_kinds(cluster):
    """What `srun --mpi=` knows here."""
    return cluster.call("srun", "--mpi=list", directory="/").split()


def launcher_of(cluster):
    """How ranks must be started here."""
    return ["srun", f"--mpi={PMI}"] if PMI in pmi_kinds(cluster) else MPIRUN


def check_launcher(scratch, cluster, reference):
    directory = site(scratch, "launcher")
    launcher = launcher_of(cluster)
    start = [*launcher, *NODES] if launcher != MPIRUN else ["salloc", *NODES, *MPIRUN]
    for command in (["level2", "comap.toml"], ["mapmake"]):
        cluster.call(*start, PROGRAM, *command, directory=directory)
    assert level2_data(directory) == level2_data(reference), "other data than with mpirun"
    maps = map_data(directory)
    assert maps and maps == map_data(reference), "another map than with mpirun"


def check_wrong_pmi(scratch, cluster):
    directory = site(scratch, "wrong_pmi")
    wrong = {"none", "pmi2", "pmix"} & set(pmi_kinds(cluster)) - {PMI}
    for kind in sorted(wrong):
        output = cluster.call("srun", *NODES, f"--mpi={kind}", PROGRAM, "level2", directory=directory, expect=2)
        assert output.count(REFUSAL) == 1, output
        assert "MPI_Init" not in output, output
    assert not (directory / "level2").exists()


def check_pipeline(scratch, cluster, reference):
    """level2, then mapmake by dependency; and mapmake does not start when level2 fails."""
    directory = site(scratch, "pipeline")
    variables = {"COMAP_MPI": PROGRAM, "COMAP_LEVEL2_SBATCH": "--nodes=2 --ntasks-per-node=2",
                 "COMAP_MAPMAKE_SBATCH": "--nodes=2 --ntasks-per-node=2"}
    cluster.submit(TEMPLATES / "pipeline.sbatch", directory=directory, environment=variables)
    jobs = cluster.wait_for_jobs()
    for name in ("comap-pipeline", "comap-level2", "comap-mapmake"):
        assert [job["JobState"] for job in jobs[name]] == ["COMPLETED"], jobs
    assert level2_data(directory) == level2_data(reference)
    assert map_data(directory) == map_data(reference)
    for log in (*directory.glob("comap-level2-*.log"), *directory.glob("comap-mapmake-*.log")):
        assert log.read_text().startswith(f"ranks are started by: {' '.join(launcher_of(cluster))} (the program has "), log

    cluster.call("bash", TEMPLATES / "pipeline.sbatch", directory=directory,
                 environment={**variables, "COMAP_CONFIG": "absent.toml"})
    jobs = cluster.wait_for_jobs()
    assert jobs["comap-level2"][-1]["JobState"] == "FAILED" and jobs["comap-level2"][-1]["ExitCode"] == "2:0", jobs
    assert jobs["comap-mapmake"][-1]["JobState"] == "CANCELLED", jobs


def check_array(scratch, cluster):
    directory = site(scratch, "array", ALL)
    number = cluster.submit("--array=0-2", "--ntasks-per-node=1", TEMPLATES / "array.sbatch", directory=directory,
                            environment={"COMAP_MPI": PROGRAM})
    jobs = cluster.wait_for_jobs()["comap-array"]
    assert [job["JobState"] for job in jobs] == ["COMPLETED"] * 3, jobs
    blocks = [path.read_text().split() for path in sorted((directory / "blocks").iterdir())]
    assert sorted(map(len, blocks)) == [2, 3, 3], blocks
    assert sorted(sum(blocks, [])) == [str(obsid) for obsid in range(40001, ALL + 1)], blocks
    assert len(level2_data(directory)) == 8
    logs = sorted(path.name for path in directory.glob("comap-array-*.log"))
    assert logs == [f"comap-array-{number}_{task}.log" for task in range(3)], logs


def check_requeue(scratch, cluster, launcher):
    """What SLURM sends before the time limit: the job goes back into the queue and then does the rest."""
    directory = site(scratch, f"requeue_{launcher[0]}", ALL)
    number = cluster.submit("--nodes=2", "--ntasks-per-node=1", TEMPLATES / "level2.sbatch", directory=directory,
                            environment={"COMAP_MPI": PROGRAM, "COMAP_SRUN": " ".join(launcher)})
    log = directory / f"comap-level2-{number}.log"
    wait_for_text(log, " done in ")
    cluster.call("scancel", "--batch", "--signal=USR1", number, directory=directory)
    wait_for_text(log, "back into the queue")
    first = level2_data(directory)
    assert 0 < len(first) < 8, "the job was over before it was disturbed"
    job = [job for job in cluster.wait_for_jobs()["comap-level2"] if job["JobId"] == number][0]
    assert (job["JobState"], job["Restarts"]) == ("COMPLETED", "1"), job
    assert f"up to date                       {len(first)}" in log.read_text(), log.read_text()
    assert len(level2_data(directory)) == 8


def check_cancelled_job_stays_cancelled(scratch, cluster):
    directory = site(scratch, "cancel", ALL)
    number = cluster.submit("--ntasks-per-node=1", TEMPLATES / "level2.sbatch", directory=directory,
                            environment={"COMAP_MPI": PROGRAM})
    wait_for_text(directory / f"comap-level2-{number}.log", " done in ")
    cluster.call("scancel", number, directory=directory)
    job = [job for job in cluster.wait_for_jobs()["comap-level2"] if job["JobId"] == number][0]
    assert (job["JobState"], job["Restarts"]) == ("CANCELLED", "0"), job
    level2_data(directory)


def check_plan(scratch, cluster, reference):
    """Cores and memory as sinfo says; the job that is submitted does it."""
    directory = site(scratch, "plan")
    output = cluster.call(TEMPLATES / "comap_slurm", "plan", "--nodes", 2, "--program", PROGRAM, "--submit",
                          directory=directory)
    assert "--nodes=2 --ntasks-per-node=2" in output, output
    job = cluster.wait_for_jobs()["comap-level2"][-1]
    assert (job["JobState"], job["NumNodes"], job["NumTasks"]) == ("COMPLETED", "2", "4"), job
    assert level2_data(directory) == level2_data(reference)
    cost = json.loads((directory / "logs" / "run_costs.jsonl").read_text())
    assert (cost["nodes"], cost["ranks"], cost["observations"]) == (2, 4, 4), cost


def check_benchmark(scratch, cluster):
    directory = site(scratch, "benchmark", ALL)
    cluster.submit("--nodes=2", "--ntasks-per-node=2", TEMPLATES / "benchmark.sbatch", directory=directory,
                   environment={"COMAP_MPI": PROGRAM, "COMAP_LEVEL1": "level1", "COMAP_OUTPUT": "out"})
    job = cluster.wait_for_jobs()["comap-benchmark"][-1]
    assert job["JobState"] == "COMPLETED", job
    results = json.loads((directory / "out" / "scaling.json").read_text())
    layouts = [(1, 1), (1, 2), (2, 4)]
    for command in ("level2", "mapmake"):
        for mode, observations in (("strong", [8, 8, 8]), ("weak", [1, 2, 4])):
            some = [result for result in results if (result["command"], result["mode"]) == (command, mode)]
            assert [(result["nodes"], result["ranks"]) for result in some] == layouts, some
            assert [result["observations"] for result in some] == observations, some
            assert some[0]["speed_up"] == some[0]["efficiency"] == 1, some
    assert not (directory / "level2").exists(), "the user's own products are left alone"


def shared_part(template, title):
    text = (TEMPLATES / template).read_text()
    start = text.index(f"# ---- the same in every {title}:")
    return text[start:text.index("# ----\n", start)]


def check_templates_agree():
    for title, others in (("template", ["mapmake", "array", "benchmark"]), ("job of ranks", ["mapmake", "array"])):
        for other in others:
            assert shared_part(f"{other}.sbatch", title) == shared_part("level2.sbatch", title), (other, title)


def main():
    check_templates_agree()
    with slurm_cluster() as cluster:
        scratch = scratch_directory()
        simulated = site(scratch, "simulated", ALL)
        (simulated / "level1").unlink()
        run("simulate", ranks=2, directory=simulated)
        reference = site(scratch, "reference")
        run("level2", ranks=4, directory=reference)
        run("mapmake", ranks=4, directory=reference)
        check_launcher(scratch, cluster, reference)
        check_wrong_pmi(scratch, cluster)
        check_pipeline(scratch, cluster, reference)
        check_array(scratch, cluster)
        check_plan(scratch, cluster, reference)
        check_benchmark(scratch, cluster)
        for launcher in {tuple(launcher_of(cluster)), tuple(MPIRUN)}:
            check_requeue(scratch, cluster, launcher)
        check_cancelled_job_stays_cancelled(scratch, cluster)


if __name__ == "__main__":
    main()
