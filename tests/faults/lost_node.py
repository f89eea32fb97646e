"""A node of a SLURM job is lost in the middle of the work, on a real SLURM of two nodes: its power goes, or its network cable is
cut while its ranks go on. The others wait for it no longer than SLURM does; the job goes back into the queue and, when the node
is back, ends with the files of an undisturbed run. At no time is a file under a final name incomplete, or does a row claim more
than the disk has."""
import os
import signal
import sqlite3
import time

from faults import Work, have_met, reference_and_work
from program import PROGRAM, SOURCE_DIR, scratch_directory
from slurm_cluster import slurm_cluster, wait_for_text

N_OBSERVATIONS = 24
NODE_TIMEOUT_S = 6  # of SLURM; it looks after nodes now and then, so that it takes some times longer
LOST_S = 90
FINISHED_S = 90
NODES = ["--nodes=2", "--ntasks-per-node=2"]


def submit(cluster, work, command, **variables):
    return cluster.submit(*NODES, SOURCE_DIR / "slurm" / f"{command}.sbatch", directory=work.directory,
                          environment={"COMAP_MPI": PROGRAM, "COMAP_CONFIG": str(work.config), **variables})


def log_of(work, command, number):
    return work.directory / f"comap-{command}-{number}.log"


def until(condition, timeout_s, look):
    """Waits, and looks at the files all the time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_s} s"
        look()
        time.sleep(0.3)
    look()


def n_claims(work):
    with sqlite3.connect(work.directory / "comap.db") as catalogue:
        return catalogue.execute("SELECT count(*) FROM comap_claims").fetchone()[0]


def start_level2(cluster, work):
    """Its number, when it has done something."""
    work.start_over()
    number = submit(cluster, work, "level2")
    wait_for_text(log_of(work, "level2", number), " done in ")
    return number


def start_mapmake(cluster, work):
    """Its number, when its ranks on n2 stand still, so that those on n1 wait for them."""
    number = submit(cluster, work, "mapmake")
    ranks = []
    until(lambda: have_met(ranks, 2), FINISHED_S, lambda: ranks.extend(cluster.ranks_on("n2", "mapmake")[len(ranks):]))
    for rank in ranks:
        os.kill(rank, signal.SIGSTOP)
    return number


def check_lost(cluster, work, numbers, verb, node):
    """SLURM notices, and takes the job from the other node as well."""
    start = time.monotonic()
    cluster.node(verb, node)
    until(lambda: all(cluster.job(number)["Restarts"] == "1" for number in numbers), LOST_S, work.check_claims)
    states = work.states()
    assert "complete" in states and states.count("complete") < N_OBSERVATIONS, f"not in the middle of the work: {states}"
    print(f"{verb} {node}: back in the queue after {time.monotonic() - start:.0f} s, {states.count('complete')} done, "
          f"{n_claims(work)} claims", flush=True)


def check_finishes(cluster, work, reference, number, verb, node):
    # Rank 0 is on n1: told to stop it gives its claims back.
    assert n_claims(work) > 0 or node == "n2", "nothing that could block the next start"
    start = time.monotonic()
    cluster.node(verb, node)
    until(lambda: cluster.job(number)["JobState"] == "COMPLETED", FINISHED_S, work.check_claims)
    work.check_finished(reference, f"{verb} {node}")
    assert n_claims(work) == 0
    text = log_of(work, "level2", number).read_text()
    # Ranks of Open MPI 5 end before SLURM knows of the node; the log of what runs on n1 is lost with it.
    assert "DUE TO NODE FAILURE" in text or "a node does not answer" in text or node == "n1", text
    print(f"{verb} {node}: finished after {time.monotonic() - start:.0f} s", flush=True)


def check_killed(cluster, reference, work, maps):
    """Of two jobs, one makes a map: there is none until the next start."""
    mapmake = start_mapmake(cluster, maps)
    level2 = start_level2(cluster, work)
    check_lost(cluster, work, [level2, mapmake], "kill", "n2")
    assert not maps.maps()
    check_finishes(cluster, work, reference, level2, "start", "n2")
    until(lambda: cluster.job(mapmake)["JobState"] == "COMPLETED", FINISHED_S, maps.check_maps)
    maps.check_maps(reference)


def check_first_node_killed(cluster, reference, work):
    """With rank 0 and the batch shell. What it had claimed does not keep the next start waiting for `claim_minutes`."""
    level2 = start_level2(cluster, work)
    check_lost(cluster, work, [level2], "kill", "n1")
    check_finishes(cluster, work, reference, level2, "start", "n1")


def check_cut(cluster, reference, work):
    """The ranks of the lost node live on without the others until it is back."""
    level2 = start_level2(cluster, work)
    check_lost(cluster, work, [level2], "cut", "n2")
    check_finishes(cluster, work, reference, level2, "join", "n2")


def check_unreachable(cluster, reference, work):
    """A rank that no word reaches, although SLURM sees its node: the time limit puts such a job back, too."""
    work.start_over()
    number = submit(cluster, work, "level2", COMAP_DROP_S="2")
    wait_for_text(log_of(work, "level2", number), " done in ")
    for rank in cluster.ranks_on("n2", "level2"):
        os.kill(rank, signal.SIGSTOP)
    cluster.call("scancel", "--batch", "--signal=USR1", number, directory=work.directory)
    until(lambda: cluster.job(number)["JobState"] == "COMPLETED", FINISHED_S, work.check_claims)
    assert cluster.job(number)["Restarts"] == "1", cluster.job(number)
    work.check_finished(reference, "unreachable")


def main():
    os.environ["COMAP_NODE_TIMEOUT"] = str(NODE_TIMEOUT_S)
    with slurm_cluster(cpus=4) as cluster:
        scratch = scratch_directory()
        reference, work = reference_and_work(scratch, n_observations=N_OBSERVATIONS, ranks=4)
        maps = Work(scratch, "maps", n_observations=N_OBSERVATIONS, ranks=4)
        maps.run("level2")
        check_killed(cluster, reference, work, maps)
        check_first_node_killed(cluster, reference, work)
        check_cut(cluster, reference, work)
        check_unreachable(cluster, reference, work)


main()
