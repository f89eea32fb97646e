"""A real SLURM of two nodes on this machine for one test (mini_slurm.sh), where that can be: it needs SLURM, network
namespaces, and root or a sudo that asks nothing."""
import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import time

from program import SOURCE_DIR

NOT_TESTED = 77  # ctest shows such a test as not run
SCRIPT = SOURCE_DIR / "tests" / "support" / "mini_slurm.sh"
STARTED_TIMEOUT_S = 60
NETWORK = "10.79.0.0/24"
FINISHED = {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL"}


def _as_root(*command):
    return list(map(str, command)) if os.getuid() == 0 else ["sudo", "-n", "--preserve-env=COMAP_KEEP,COMAP_NODE_TIMEOUT", *map(str, command)]


def _why_not():
    """Empty where a cluster must start: then failing to is an error."""
    missing = [name for name in ("slurmctld", "slurmd", "munged", "srun", "ip", "nsenter")
               if not shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")]
    if missing:
        return f"not installed: {', '.join(missing)} (scripts/install_dependencies.sh)"
    if os.getuid() != 0 and not shutil.which("sudo"):
        return "neither root nor sudo"
    probe = subprocess.run(_as_root("unshare", "--net", "--mount", "sh", "-c",
                                    "ip link add comapprobe type bridge && mount -t tmpfs none /tmp"),
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if probe.returncode != 0:
        return f"no network namespaces with bridges, or no mounts, for this user: {probe.stdout.strip()}"
    return ""


def wait_for_text(path, text):
    deadline = time.monotonic() + STARTED_TIMEOUT_S
    while not (path.exists() and text in path.read_text()):
        assert time.monotonic() < deadline, f"{path} never said: {text}"
        time.sleep(0.02)


def _runs(pid, command):
    try:
        words = pathlib.Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except OSError:
        return False
    return words[0].endswith("comap_mpi") and command in words


class Cluster:
    def __init__(self, directory):
        self.directory = directory
        self.environment = {**os.environ, "SLURM_CONF": str(directory / "slurm.conf")}
        # Of the networks of a node Open MPI 6.0.0rc2 takes its own (lo) alone, by which no other node is reached.
        self.environment.setdefault("OMPI_MCA_btl_tcp_if_include", NETWORK)
        if os.getuid() == 0:  # Open MPI's mpirun refuses root
            self.environment.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")

    def call(self, *command, directory, expect=0, environment=None):
        done = subprocess.run(list(map(str, command)), cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, env={**self.environment, **(environment or {})}, timeout=300)
        assert done.returncode == expect, f"{command}: exit code {done.returncode}, expected {expect}\n{done.stdout}"
        return done.stdout

    def submit(self, *command, directory, environment):
        return self.call("sbatch", "--parsable", *command, directory=directory, environment=environment).strip()

    def jobs(self):
        """What SLURM knows of every job, array tasks one by one: name -> list of {key: value}, in order of number."""
        found = {}
        for line in self.call("scontrol", "show", "jobs", "-o", directory="/").splitlines():
            job = dict(word.split("=", 1) for word in line.split() if "=" in word)
            if "JobName" in job:
                found.setdefault(job["JobName"], []).append(job)
        return found

    def job(self, number):
        return next(job for named in self.jobs().values() for job in named if job["JobId"] == number)

    def node(self, verb, name):
        """cut, join, kill or start."""
        subprocess.run(_as_root(SCRIPT, verb, self.directory, name), check=True)

    def ranks_on(self, name, command):
        """Numbers, on this machine, of the processes that run a command of comap_mpi there."""
        pids = subprocess.run(_as_root("ip", "netns", "pids", f"comapslurm-{name}"), stdout=subprocess.PIPE, text=True)
        return [int(pid) for pid in pids.stdout.split() if _runs(pid, command)]

    def wait_for_jobs(self, timeout_s=240):
        """Until nothing runs or waits."""
        deadline = time.monotonic() + timeout_s
        while True:
            jobs = self.jobs()
            if all(job["JobState"] in FINISHED for named in jobs.values() for job in named):
                return jobs
            assert time.monotonic() < deadline, jobs
            time.sleep(0.5)


@contextlib.contextmanager
def slurm_cluster(cpus=2):
    """Yields a Cluster of two nodes with `cpus` processors each; ends the test as not run where there can be none."""
    reason = _why_not()
    if reason:
        print(f"\n{'*' * 100}\nNOT TESTED: jobs under SLURM. {reason}\n{'*' * 100}", flush=True)
        sys.exit(NOT_TESTED)
    directory = pathlib.Path(f"/run/comap_slurm_{os.getpid()}")
    os.environ["COMAP_KEEP"] = str(SOURCE_DIR)
    subprocess.run(_as_root(SCRIPT, "up", directory, 2, cpus), check=True)
    try:
        yield Cluster(directory)
    finally:
        subprocess.run(_as_root(SCRIPT, "down", directory), check=False)
