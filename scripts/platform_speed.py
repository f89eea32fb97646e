#!/usr/bin/env python3
"""platform_speed.py [SUITE[:MPI]...]: how fast level2 and the destriper are on other platforms, against Debian 12 with Open MPI on
the same machine. Prints a table for docs/performance.md; what was measured is kept as speed.json beside the roots.

scripts/test_platforms.sh has made the roots and built the tree in them. Each platform is measured in pairs, Debian 12 and then
it, so that what else the machine does meets both; a ratio is the median of those of the pairs. Needs root, and a machine that
does nothing else: `--idle-share` of its processors must be idle before each pair."""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

SCRIPTS = pathlib.Path(__file__).resolve().parent
DIRECTORY = pathlib.Path(os.environ.get("COMAP_PLATFORMS_DIR", "/var/tmp/comap_platforms"))
PROGRAMS = "/comap/build/release"
# column -> (benchmark, value); smaller is better
COLUMNS = {"level2 [s]": ("level2", "level2_s"), "reading alone [s]": ("level2", "read_only_s"),
           "destriper [s]": ("destriper", "total_s"), "iteration [ms]": ("destriper", "iteration_ms")}
IDLE_TIMEOUT_S = 600


def parse(words):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("platforms", nargs="*", default=["bookworm:mpich", "trixie", "forky"], metavar="SUITE[:MPI]")
    parser.add_argument("--base", default="bookworm", help="what the others are compared with (%(default)s)")
    parser.add_argument("--pairs", type=int, default=5, help="measurements of each platform (%(default)s)")
    parser.add_argument("--ranks", default="1,2", help="numbers of ranks (%(default)s)")
    parser.add_argument("--scan-s", type=float, default=150.0,
                        help="length of each of four scans; 150: 30,000 samples, 2.5 GB (%(default)s)")
    parser.add_argument("--samples", type=int, default=20_000_000, help="of the destriper (%(default)s)")
    parser.add_argument("--idle-share", type=float, default=0.9, help="0: do not wait (%(default)s)")
    return parser.parse_args(words)


def root_of(platform):
    suite, _, mpi = platform.partition(":")
    root = DIRECTORY / f"{suite}-{mpi or 'openmpi'}" / "root"
    if not (root / "comap/build/release/benchmarks/benchmark_level2").exists():
        sys.exit(f"{platform} is not built: scripts/test_platforms.sh {platform}")
    return root


def in_root(platform, share, *command):
    done = subprocess.run([SCRIPTS / "in_root.sh", root_of(platform), *map(str, command)], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={**os.environ, "COMAP_ROOT_SHARE": str(share)})
    if done.returncode != 0:
        sys.exit(f"{platform}: {' '.join(map(str, command))}: exit code {done.returncode}\n{done.stdout}")
    return done.stdout


def level1_file(arguments, share):
    """The same for all, made by the base."""
    directory = share / f"level1_{arguments.scan_s:g}"
    if not list(directory.glob("**/comap-*.hd5")):
        settings = {"output_dir": f'"/share/{directory.name}"', "n_observations": 1, "n_feeds": 4, "n_channels": 1024,
                    "n_scans": 4, "scan_duration_s": arguments.scan_s}
        words = [word for key, value in settings.items() for word in ("--set", f"simulate.{key}={value}")]
        in_root(arguments.base, share, f"{PROGRAMS}/comap_mpi", "simulate", "/comap/configs/quickstart.toml",
                "--set", 'log.directory="/tmp/logs"', *words)
    return "/share" / next(directory.glob("**/comap-*.hd5")).relative_to(share)


def measure(platform, ranks, level1, arguments, share):
    """{"level2": {...}, "destriper": {...}}, as the benchmarks say."""
    results = {}
    for name, words in (("level2", ["--repeat", 3, "--output-dir", "/tmp", level1]),
                        ("destriper", ["--synthetic", arguments.samples])):
        result = share / f"{name}.json"
        in_root(platform, share, "/comap/scripts/mpirun.sh", ranks, f"{PROGRAMS}/benchmarks/benchmark_{name}",
                "--json", f"/share/{result.name}", *words)
        found = json.loads(result.read_text())
        results[name] = found[0] if isinstance(found, list) else found
    level2 = results["level2"]
    level2["read_only_s"] = level2["tod_MB"] / level2["read_only_MB_per_s"]
    return results


def busy_and_all():
    times = list(map(int, pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]))
    return sum(times) - times[3] - times[4], sum(times)


def wait_for_quiet(idle_share):
    deadline = time.monotonic() + IDLE_TIMEOUT_S
    while idle_share > 0:
        busy, every = busy_and_all()
        time.sleep(3)
        busy_then, every_then = busy_and_all()
        if 1 - (busy_then - busy) / max(1, every_then - every) >= idle_share:
            return
        if time.monotonic() > deadline:
            sys.exit("the machine is not idle: --idle-share 0 measures all the same")


def table(pairs):
    """pairs: (platform, ranks) -> [(base, platform)]"""
    lines = [f"| platform | ranks | {' | '.join(COLUMNS)} |", f"| --- | --- |{' --- |' * len(COLUMNS)}"]
    for (platform, ranks), measured in pairs.items():
        cells = []
        for benchmark, value in COLUMNS.values():
            both = [(base[benchmark][value], other[benchmark][value]) for base, other in measured]
            ratios = sorted(other / base for base, other in both)
            cells.append(f"{min(other for _, other in both):.3g} / {min(base for base, _ in both):.3g}: "
                         f"{statistics.median(ratios):.2f} ({ratios[0]:.2f}-{ratios[-1]:.2f})")
        lines.append(f"| {platform} | {ranks} | {' | '.join(cells)} |")
    lines.append("\nBest time / best time of the base: median of the ratios of the pairs (their range); above 1 is slower.")
    return "\n".join(lines)


def main():
    arguments = parse(sys.argv[1:])
    share = DIRECTORY / "speed"
    share.mkdir(parents=True, exist_ok=True)
    for platform in (arguments.base, *arguments.platforms):
        root_of(platform)
    level1 = level1_file(arguments, share)
    pairs = {}
    for platform in arguments.platforms:
        for ranks in map(int, arguments.ranks.split(",")):
            measured = pairs[platform, ranks] = []
            for i in range(arguments.pairs):
                wait_for_quiet(arguments.idle_share)
                print(f"{platform}, {ranks} ranks, pair {i + 1} of {arguments.pairs}", file=sys.stderr, flush=True)
                measured.append([measure(one, ranks, level1, arguments, share) for one in (arguments.base, platform)])
            (DIRECTORY / "speed.json").write_text(json.dumps(
                [{"platform": name, "ranks": n, "pairs": both} for (name, n), both in pairs.items()], indent=1))
    print(table(pairs))


main()
