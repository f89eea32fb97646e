#!/usr/bin/env python3
"""Makes the tables of docs/validation.md: reference results and truth of simulations that this project did not make.

    run_validation.py --golden DIR --work DIR [--full] [--program PATH]

--golden is the directory of reference data: simulate_level1.py, make_level1.sh, level2/, maps/, mini/. The simulated
Level-1 files are made below --work (level1_small, level1_full) unless they are there; Level-2 files, maps and their
pictures, validation.md and validation.json are made there in any case. --full adds the set of two files of 2.5 GB.
Exit code 1 when a requirement is missed.
"""
import argparse
import functools
import json
import os
import pathlib
import shutil
import subprocess
import sys

import golden_comparison
import golden_map
import truth_comparison

SOURCE_DIR = pathlib.Path(__file__).resolve().parent.parent
N_RANKS = 2
CALIBRATOR_TRIM = (1000, 100)


def run_program(program, directory, *arguments):
    command = [SOURCE_DIR / "scripts" / "mpirun.sh", str(N_RANKS), program, *map(str, arguments)]
    done = subprocess.run(command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: exit code {done.returncode}\n{done.stdout}")
    return done.stdout


def level1_set(golden, work, name):
    """The directory of a simulated set; makes it beside its final name first."""
    directory = work / f"level1_{name}"
    if not directory.exists():
        partial = work / f"level1_{name}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        subprocess.run(["sh", golden / "make_level1.sh", partial, name], check=True, stdout=sys.stderr,
                       env={**os.environ, "PYTHON": sys.executable})
        partial.rename(directory)
    return directory


def fresh(path):
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path


def golden_cases(golden, small):
    mini = golden / "mini"
    cases = [golden_comparison.Case(next(mini.glob("comap-0030011-*[0-9].hd5")), mini / "expected_30011.h5")]
    for obsid in (30001, 30002, 30003):
        cases.append(golden_comparison.Case(next(small.glob(f"comap-{obsid:07d}-*.hd5")),
                                            golden / "level2" / f"expected_{obsid}.h5"))
    cases.append(golden_comparison.Case(next(small.glob("comap-0030004-*.hd5")),
                                        golden / "level2" / "expected_30004.h5", CALIBRATOR_TRIM, lissajous=True))
    return cases


def all_tables(arguments):
    golden, work = arguments.golden.resolve(), arguments.work.resolve()
    run = functools.partial(run_program, arguments.program.resolve())
    small = level1_set(golden, work, "small")
    directory = fresh(work / "golden")
    yield golden_comparison.golden_table(functools.partial(run, directory), directory, golden_cases(golden, small))
    yield golden_map.golden_map_table(functools.partial(run, directory), directory, golden, small)
    directory = fresh(work / "truth")
    run = functools.partial(run, directory)
    yield from truth_comparison.truth_tables(run, directory, truth_comparison.small_set(small))
    if arguments.full:
        full = level1_set(golden, work, "full")
        yield from truth_comparison.truth_tables(run, directory, truth_comparison.full_set(full))
    yield truth_comparison.band_table(run, directory, truth_comparison.small_set(small))
    yield truth_comparison.offset_table(run, directory, truth_comparison.small_set(small))
    yield truth_comparison.method_table(run, directory, truth_comparison.small_set(small))


def argument_parser(description):
    """What this script and compare_filters.py are told."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--golden", type=pathlib.Path, required=True, metavar="DIR")
    parser.add_argument("--work", type=pathlib.Path, required=True, metavar="DIR")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--program", type=pathlib.Path, default=SOURCE_DIR / "build" / "release" / "comap_mpi")
    return parser


def show_tables(make_tables, arguments, name, all_met):
    """Prints each table as it is made and writes WORK/<name>.md and .json. Returns the exit code."""
    arguments.work.mkdir(parents=True, exist_ok=True)
    tables = []
    for table in make_tables(arguments):
        print(table.markdown(), flush=True)
        tables.append(table)
        (arguments.work / f"{name}.md").write_text("\n".join(table.markdown() for table in tables))
        (arguments.work / f"{name}.json").write_text(json.dumps([table.json() for table in tables], indent=1))
    missed = [text for table in tables for text in table.missed()]
    print("\n".join(["missed:", *missed]) if missed else all_met)
    return 1 if missed else 0


def main():
    arguments = argument_parser(__doc__).parse_args()
    return show_tables(all_tables, arguments, "validation", "all requirements are met")


if __name__ == "__main__":
    sys.exit(main())
