#!/usr/bin/env python3
"""Are the PTEs of null tests flat for clean data? Simulates campaigns that differ in noise alone, reduces and maps them,
and compares all PTEs with a flat distribution (Kolmogorov and Smirnov).

    null_test_calibration.py --work DIR [--campaigns N] [--set KEY=VALUE ...] [--program PATH]

Sky, sources, atmosphere (opacity that drifts and is turbulent), gain noise and glitches are those of [simulate]; a
campaign has 4 observations of 3 feeds. Exit code 1 when p is 0.01 or less. Campaigns that are there are kept.
"""
import argparse
import csv
import pathlib
import subprocess
import sys

import numpy as np

SOURCE_DIR = pathlib.Path(__file__).resolve().parent.parent
SMALLEST_PROBABILITY = 0.01
CONFIG = """
[catalogue]
url = "sqlite:{directory}/comap.db"
[log]
directory = "{directory}/logs"
progress = false
[simulate]
output_dir = "{directory}/level1"
n_observations = 4
n_channels = 16
seed = {seed}
sky_seed = {seed}
opacity_sigma = 0.001
[level2]
output_dir = "{directory}/level2"
pipeline = ["check_level1", "create_level2", "system_temperature", "find_scans", "noise_stats_level1", "atmosphere",
            "gain_filter", "finalize_metadata"]
[mapmake]
output_dir = "{directory}/maps"
bands = [0, 5]
cdelt_deg = 0.00833333333333
split = ["per_feed", "odd_even_scans", "alternate_observations"]
null_test_simulations = 12
[run]
pipeline = ["simulate", "catalogue scan", "level2", "mapmake"]
level1_dirs = ["{directory}/level1"]
"""


def run_campaign(program, directory, seed, settings):
    """The PTEs of one campaign, against simulations."""
    directory.mkdir(parents=True, exist_ok=True)
    config = directory / "campaign.toml"
    config.write_text(CONFIG.format(directory=directory, seed=seed))
    commands = [["mapmake"]] if (directory / "level2").exists() else [["run"]]
    for command in commands:
        arguments = [word for setting in settings for word in ("--set", setting)]
        done = subprocess.run([program, *command, config, *arguments], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"campaign {seed}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    with open(directory / "maps" / "map_null_tests.tsv", newline="") as table:
        return [(row["split"], row["scale"], float(row["pte_simulated"]))
                for row in csv.DictReader(table, delimiter="\t")]


def flat_probability(values):
    """Kolmogorov-Smirnov probability of `values` if they are flat between 0 and 1 (Stephens 1970)."""
    ordered, n = np.sort(values), len(values)
    distance = max(np.max(np.arange(1, n + 1) / n - ordered), np.max(ordered - np.arange(n) / n))
    scaled = (np.sqrt(n) + 0.12 + 0.11 / np.sqrt(n)) * distance
    terms = np.arange(1, 101)
    return float(np.clip(2 * np.sum((-1.0) ** (terms - 1) * np.exp(-2 * (terms * scaled) ** 2)), 0, 1))


def line(name, values):
    return (f"| {name} | {len(values)} | {np.mean(values):.3f} | {np.mean(values < 0.05):.3f} | "
            f"{np.mean(values > 0.95):.3f} | {flat_probability(values):.3f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=pathlib.Path, required=True, metavar="DIR")
    parser.add_argument("--campaigns", type=int, default=20)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="settings of mapmake")
    parser.add_argument("--program", type=pathlib.Path, default=SOURCE_DIR / "build" / "release" / "comap_mpi")
    arguments = parser.parse_args()
    found = []
    for seed in range(1, arguments.campaigns + 1):
        found += run_campaign(arguments.program.resolve(), arguments.work.resolve() / f"campaign{seed:02d}", seed,
                              arguments.set)
        print(f"campaign {seed} of {arguments.campaigns}", file=sys.stderr, flush=True)
    every = np.array([pte for _, _, pte in found])
    print("| tests | PTEs | mean | below 0.05 | above 0.95 | KS p |\n| --- | --- | --- | --- | --- | --- |")
    for split, scale in sorted({(split, scale) for split, scale, _ in found}):
        print(line(f"{split}, {scale}", np.array([pte for s, c, pte in found if (s, c) == (split, scale)])))
    print(line("all", every))
    return 0 if flat_probability(every) > SMALLEST_PROBABILITY else 1


if __name__ == "__main__":
    sys.exit(main())
