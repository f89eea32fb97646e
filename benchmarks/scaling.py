#!/usr/bin/env python3
"""scaling.py CONFIG LEVEL1_DIRECTORY OUTPUT: level2 and mapmake on more and more ranks, what each run cost, and a report.

strong: the same observations on every number of ranks; weak: as many observations for each rank. In a SLURM job ranks are
started over its nodes by $COMAP_SRUN (slurm/benchmark.sbatch chooses it), elsewhere by scripts/mpirun.sh on this machine. OUTPUT
gets scaling.json and scaling.txt; a catalogue, Level-2 files and maps of its own, so that those of CONFIG stay as they are."""
import argparse
import itertools
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
COLUMNS = (("nodes", "{nodes}"), ("ranks", "{ranks}"), ("obs", "{observations}"), ("elapsed/s", "{elapsed_s:.2f}"),
           ("speed-up", "{speed_up:.2f}"), ("efficiency", "{efficiency:.2f}"), ("loss/%", "{loss_percent:.1f}"),
           ("CPU/h", "{cpu_h:.6f}"), ("read/GB", "{read_GB:.3f}"), ("written/GB", "{written_GB:.3f}"),
           ("samples/node-s", "{samples_per_node_s:.3e}"))
MODES = {"strong": "the same observations on all ranks", "weak": "as many observations for each rank"}
LEGEND = """
speed-up: samples per second, against the first line; efficiency: speed-up divided by ranks; loss: time that a rank waits
for others, mean of all; CPU: hours of all ranks, waiting included where it spins; the fastest of all repetitions is shown
"""


def default_layouts():
    """Nodes x ranks per node: one rank, then whole nodes, doubling."""
    nodes = int(os.environ.get("SLURM_JOB_NUM_NODES", 1))
    cores = int(os.environ.get("SLURM_CPUS_ON_NODE", len(os.sched_getaffinity(0))))
    doubled = [2 ** power for power in range(nodes.bit_length()) if 2 ** power <= nodes]
    layouts = [(1, 1)] + [(n, cores) for n in sorted({*doubled, nodes})]
    return ",".join(f"{n}x{ranks}" for n, ranks in dict.fromkeys(layouts))


def parse(words):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=pathlib.Path)
    parser.add_argument("level1", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--layouts", default=default_layouts(), metavar="NODESxRANKS,...",
                        help="nodes x ranks on each, the first is what others are compared with (%(default)s)")
    parser.add_argument("--modes", default="strong,weak")
    parser.add_argument("--observations-per-rank", type=int, default=1, help="of weak scaling (%(default)s)")
    parser.add_argument("--repeat", type=int, default=1, help="runs of each, of which the fastest counts (%(default)s)")
    parser.add_argument("--program", default=os.environ.get("COMAP_MPI", "comap_mpi"))
    return parser.parse_args(words)


def start_in_job(nodes, ranks_per_node):
    """Words and environment that start ranks on some of the nodes of a SLURM job."""
    launcher = shlex.split(os.environ.get("COMAP_SRUN") or "srun --mpi=pmix")
    ranks = nodes * ranks_per_node
    if pathlib.Path(launcher[0]).name != "srun":
        return [*launcher, "-n", ranks, "--map-by", f"ppr:{ranks_per_node}:node"], dict(os.environ)
    # srun would add what was asked for this job to what each step asks for.
    of_job = {"SLURM_NTASKS", "SLURM_NPROCS", "SLURM_NTASKS_PER_NODE", "SLURM_TASKS_PER_NODE"}
    return ([*launcher, f"--nodes={nodes}", f"--ntasks-per-node={ranks_per_node}", f"--ntasks={ranks}"],
            {name: value for name, value in os.environ.items() if name not in of_job})


class Bench:
    """Runs of one configuration on one set of Level-1 files, each in a directory of its own."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.output = arguments.output.resolve()
        self.output.mkdir(parents=True, exist_ok=True)
        self.catalogue = self.output / "catalogue.db"
        self.catalogue.unlink(missing_ok=True)
        self.call(1, 1, "catalogue", "scan", "--level1", arguments.level1.resolve(), settings=self.settings("scan"))
        shown = self.call(1, 1, "level2", "--dry-run", "--format", "json", settings=self.settings("scan"))
        self.obsids = [one["obsid"] for one in json.loads(shown)["observations"]]

    def settings(self, name, catalogue=None):
        return {"catalogue.url": f"sqlite:{catalogue or self.catalogue}", "log.directory": self.output / name / "logs",
                "level2.output_dir": self.output / name / "level2", "mapmake.output_dir": self.output / name / "maps"}

    def call(self, nodes, ranks_per_node, *words, settings, obsids=()):
        environment = dict(os.environ)
        if "SLURM_JOB_ID" in os.environ:
            start, environment = start_in_job(nodes, ranks_per_node)
        elif nodes == 1:
            start = [ROOT / "scripts" / "mpirun.sh", ranks_per_node]
        else:
            sys.exit(f"{nodes} nodes need a SLURM job: slurm/benchmark.sbatch")
        command = [*start, self.arguments.program, *words, "--log-level", "error", self.arguments.config]
        for name, value in settings.items():
            command += ["--set", f'{name}="{value}"']
        if obsids:
            command += ["--set", f"select.obsids={list(obsids)}"]
        done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True, env=environment)
        if done.returncode != 0:
            sys.exit(f"exit code {done.returncode} of {' '.join(map(str, command))}")
        return done.stdout

    def level2(self, name, nodes, ranks_per_node, obsids):
        """The cost of a run from nothing; its files stay."""
        shutil.rmtree(self.output / name, ignore_errors=True)
        (self.output / name).mkdir()
        copy = self.output / name / "catalogue.db"
        shutil.copy(self.catalogue, copy)
        self.call(nodes, ranks_per_node, "level2", settings=self.settings(name, copy), obsids=obsids)
        return self.cost(name, "level2")

    def mapmake(self, name, nodes, ranks_per_node, obsids):
        """A map of the Level-2 files that all maps are made of."""
        settings = {**self.settings("reference", self.output / "reference" / "catalogue.db"),
                    "log.directory": self.output / name / "logs", "mapmake.output_dir": self.output / name / "maps"}
        self.call(nodes, ranks_per_node, "mapmake", settings=settings, obsids=obsids)
        return self.cost(name, "mapmake")

    def cost(self, name, command):
        return json.loads((self.output / name / "logs" / f"{command}_summary.json").read_text())["cost"]

    def observations_for(self, mode, ranks):
        if mode == "strong":
            return self.obsids
        wanted = ranks * self.arguments.observations_per_rank
        if wanted > len(self.obsids):
            sys.exit(f"weak scaling to {ranks} ranks needs {wanted} observations, there are {len(self.obsids)}")
        return self.obsids[:wanted]

    def measure(self, layouts):
        largest = max(layouts, key=lambda layout: layout[0] * layout[1])
        self.level2("reference", *largest, self.obsids)
        results = []
        for command, run in (("level2", self.level2), ("mapmake", self.mapmake)):
            for mode in self.arguments.modes.split(","):
                for nodes, ranks_per_node in layouts:
                    obsids = self.observations_for(mode, nodes * ranks_per_node)
                    costs = []
                    for _ in range(self.arguments.repeat):
                        costs.append(run("run", nodes, ranks_per_node, obsids))
                        shutil.rmtree(self.output / "run")
                    results.append({"mode": mode, **min(costs, key=lambda cost: cost["elapsed_s"])})
                    print(f"{command} {mode} {nodes}x{ranks_per_node}: {results[-1]['elapsed_s']:.2f} s", flush=True)
        shutil.rmtree(self.output / "reference")
        return results


def compared(results):
    """The results with speed-up and efficiency: rates against those of the first of the same command and mode."""
    first = {}
    for result in results:
        reference = first.setdefault((result["command"], result["mode"]), result)
        rate = result["samples"] / result["elapsed_s"]
        speed_up = rate / (reference["samples"] / reference["elapsed_s"])
        yield {**result, "speed_up": speed_up, "efficiency": speed_up * reference["ranks"] / result["ranks"],
               "loss_percent": 100 * result["load_balance_loss"], "read_GB": result["bytes_read"] / 1e9,
               "written_GB": result["bytes_written"] / 1e9}


def aligned(rows):
    """Columns as wide as they need to be."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join("  ".join(f"{text:>{width}}" for text, width in zip(row, widths)) for row in rows) + "\n"


def report(results):
    text = ""
    for (command, mode), group in itertools.groupby(results, lambda result: (result["command"], result["mode"])):
        rows = [[shape.format(**result) for _, shape in COLUMNS] for result in group]
        text += f"\n{command}, {mode} scaling: {MODES[mode]}\n" + aligned([[name for name, _ in COLUMNS], *rows])
    return text + LEGEND


def main(words):
    arguments = parse(words)
    layouts = [tuple(map(int, layout.split("x"))) for layout in arguments.layouts.split(",")]
    bench = Bench(arguments)
    results = list(compared(bench.measure(layouts)))
    (bench.output / "scaling.json").write_text(json.dumps(results, indent=1) + "\n")
    (bench.output / "scaling.txt").write_text(report(results))
    print(report(results))


if __name__ == "__main__":
    main(sys.argv[1:])
