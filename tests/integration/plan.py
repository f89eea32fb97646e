"""comap_slurm plan: its numbers against a reckoning by hand on a made history, without history, for several selections,
and bounded by memory, time and reading."""
import json
import math
import os
import subprocess
import sys

from program import PROGRAM, SOURCE_DIR, run, scanned_site, scratch_directory

CONFIG = """
[simulate]
n_observations = 4
n_channels = 64
scan_duration_s = 20.0
n_scans = 2
[catalogue]
url = "sqlite:comap.db"
"""
# 4 ranks x 50 s + 2 ranks x 100 s for 20 GB; the rank that had most: 400 MB. 2 ranks x 30 s for 40 million samples.
HISTORY = [
    {"command": "level2", "ranks": 4, "elapsed_s": 50.0, "input_bytes": 15e9, "samples": 1, "peak_memory_bytes_per_rank": 3e8},
    {"command": "level2", "ranks": 2, "elapsed_s": 100.0, "input_bytes": 5e9, "samples": 1, "peak_memory_bytes_per_rank": 4e8},
    # Too small to tell: what counts here is starting.
    {"command": "level2", "ranks": 9, "elapsed_s": 1e6, "input_bytes": 9e8, "samples": 2e8, "peak_memory_bytes_per_rank": 9e9},
    {"command": "mapmake", "ranks": 9, "elapsed_s": 1e6, "input_bytes": 1e8, "samples": 900_000, "peak_memory_bytes_per_rank": 9e9},
    {"command": "level2", "ranks": 9, "elapsed_s": 1e6, "input_bytes": 0, "samples": 0, "peak_memory_bytes_per_rank": 9e9},
    {"command": "mapmake", "ranks": 2, "elapsed_s": 30.0, "input_bytes": 1e9, "samples": 40_000_000, "peak_memory_bytes_per_rank": 1e8},
]
RANK_S_PER_GB = 20.0
MEMORY_GB = 0.4 * 1.25
RANK_S_PER_MSAMPLE = 1.5
FEEDS = 19


def call(scratch, *words, expect=0, path=None):
    command = [sys.executable, SOURCE_DIR / "slurm" / "comap_slurm", "plan", "comap.toml", "--program", PROGRAM, *words]
    done = subprocess.run(list(map(str, command)), cwd=scratch, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env={**os.environ, **({"PATH": path} if path else {})})
    assert done.returncode == expect, (command, done.stdout, done.stderr)
    return done.stdout if expect == 0 else done.stderr


def plan(scratch, *words, cores=8, memory_GB=64, **options):
    return json.loads(call(scratch, "--json", "--cores-per-node", cores, "--memory-per-node", memory_GB, *words, **options))


def near(value, expected):
    assert math.isclose(value, expected, rel_tol=1e-9), (value, expected)


def level1_sizes(scratch):
    return {path.name.split("-")[1].lstrip("0"): path.stat().st_size / 1e9 for path in (scratch / "level1").rglob("*.hd5")}


def check_level2(scratch):
    sizes = level1_sizes(scratch)
    total_GB, largest_GB = sum(sizes.values()), max(sizes.values())
    one = plan(scratch, "--nodes", 1)
    assert (one["observations"], one["ranks_per_node"], one["ranks_per_observation"]) == (4, 8, 2), one
    near(one["input_GB"], total_GB)
    near(one["constants"]["rank_s_per_GB"], RANK_S_PER_GB)
    near(one["memory_GB_per_node"], 8 * MEMORY_GB)
    near(one["rank_hours"], RANK_S_PER_GB * total_GB / 3600)
    # Teams of two: ten of nineteen feeds one after the other.
    near(one["time_s"], RANK_S_PER_GB * largest_GB * 10 / FEEDS)
    assert one["limit"] == "the largest observation", one

    # Memory for three ranks on each node: teams of one or two on two nodes.
    small = plan(scratch, "--nodes", 1, memory_GB=3.4 * MEMORY_GB / 0.9)
    assert (small["ranks_per_node"], small["ranks_per_observation"], small["limit"]) == (3, 1, "memory"), small
    near(small["time_s"], RANK_S_PER_GB * total_GB / 3)
    # More ranks than feeds are not asked for.
    many = plan(scratch, "--nodes", 10, cores=100)
    assert many["ranks_per_node"] * 10 <= FEEDS * 4 + 10 and many["ranks_per_observation"] == FEEDS, many
    slow_GB_per_s = 1e-3
    reading = plan(scratch, "--nodes", 2, "--node-read-rate", slow_GB_per_s)
    near(reading["time_s"], total_GB / (2 * slow_GB_per_s))
    assert reading["limit"] == "reading", reading

    # One core on a node: half the time needs twice the nodes, and one observation a quarter of the work of four.
    hours = RANK_S_PER_GB * total_GB / 3600
    assert [plan(scratch, "--hours", hours / n * 1.01, cores=1)["nodes"] for n in (1, 2, 3)] == [1, 2, 3]
    chosen = sorted(sizes)[0]
    single = plan(scratch, "--nodes", 1, "--set", f"select.obsids=[{chosen}]", cores=1)
    near(single["rank_hours"] / one["rank_hours"], sizes[chosen] / total_GB)
    near(single["time_s"], RANK_S_PER_GB * sizes[chosen])
    assert "not within" in call(scratch, "--hours", 1e-9, "--cores-per-node", 8, "--memory-per-node", 64, expect=1)
    assert "does not fit" in call(scratch, "--nodes", 1, "--cores-per-node", 8, "--memory-per-node", 0.1, expect=1)


def check_mapmake(scratch):
    needs = json.loads(run("mapmake", "--dry-run", "--format", "json", "--quiet", directory=scratch))
    assert needs["used"] == 4 and needs["samples"] > 0, needs
    work_s = RANK_S_PER_MSAMPLE * needs["samples"] / 1e6 * needs["bands"]
    one = plan(scratch, "--for", "mapmake", "--nodes", 1, "--node-read-rate", 1000)
    near(one["time_s"], work_s / 8)
    samples_GB = needs["samples"] * needs["bytes_per_sample"] / 1e9 * 1.25
    near(one["memory_GB_per_node"], samples_GB + 8 * 0.2)
    near(one["memory_GB_per_rank"], samples_GB / 8 + 0.2)
    # A node that holds one rank and 40 % of the samples: three are needed.
    tight_GB = (0.2 + 0.4 * samples_GB) / 0.9
    three = plan(scratch, "--for", "mapmake", memory_GB=tight_GB)
    assert (three["nodes"], three["limit"]) == (3, "memory"), three


def check_without_history(scratch):
    nothing = scratch / "nothing"
    nothing.mkdir()
    plain = plan(scratch, "--log-dir", nothing, "--nodes", 1)
    assert plain["constants"]["from"] == "docs/performance.md" and plain["time_s"] > 0, plain
    mapping = plan(scratch, "--for", "mapmake", "--log-dir", nothing, "--nodes", 1)
    # There is no Level-2 yet: 16,384 bytes of Level-1 for a sample of a feed.
    assert mapping["assumed"] and mapping["observations"] == 4, mapping
    assert mapping["samples"] == sum(path.stat().st_size for path in (scratch / "level1").rglob("*.hd5")) // 16384, mapping


def check_submitting(scratch):
    """The line that is printed is the command that is run."""
    programs = scratch / "bin"
    programs.mkdir()
    sbatch = programs / "sbatch"
    sbatch.write_text('#!/bin/sh\necho "submitted with $COMAP_CONFIG: $*"\n')
    sbatch.chmod(0o755)
    sinfo = programs / "sinfo"
    sinfo.write_text("#!/bin/sh\necho '16 64000'\necho '4 32000'\n")
    sinfo.chmod(0o755)
    output = call(scratch, "--nodes", 2, "--sbatch=--partition=long", "--submit",
                  path=f"{programs}:{os.environ['PATH']}")
    line = next(line for line in output.splitlines() if " sbatch " in line)
    submitted = next(line for line in output.splitlines() if line.startswith("submitted with"))
    assert submitted == f"submitted with {scratch / 'comap.toml'}: {line.split(' sbatch ')[1]}", output
    words = submitted.split()
    assert {"--nodes=2", "--ntasks-per-node=4", f"--mem={math.ceil(4000 * MEMORY_GB)}M", "--time=0:10:00",
            "--partition=long"} <= set(words), output
    assert words[-1].endswith("slurm/level2.sbatch"), output


def main():
    scratch = scratch_directory()
    scanned_site(scratch, CONFIG)
    check_without_history(scratch)
    (scratch / "logs").mkdir(exist_ok=True)
    lines = [json.dumps(entry) for entry in HISTORY]
    (scratch / "logs" / "run_costs.jsonl").write_text("\n".join([lines[0], '{"command": "lev', *lines[1:]]) + "\n")
    check_level2(scratch)
    check_submitting(scratch)
    run("level2", "--set", "log.directory=elsewhere", ranks=2, directory=scratch)
    check_mapmake(scratch)
    assert "nothing to do" in call(scratch, "--cores-per-node", 8, "--memory-per-node", 64, expect=1)


if __name__ == "__main__":
    main()
