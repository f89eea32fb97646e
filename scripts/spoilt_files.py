#!/usr/bin/env python3
"""The table of docs/spoilt-files.md: spoilt Level-1 files, and what comes out of them.

    scripts/spoilt_files.py PROGRAM [--before PROGRAM] [--only NAME...] [--write docs/spoilt-files.md]

Simulates two observations with PROGRAM, spoils copies of them in every way of tests/support/spoilt_level1.py, and runs
catalogue scan, level2, mapmake and check on each, with one or with two programs. The table is Markdown, for each way:
slope of the map on the clean one and ratio of the RMS, or that nothing came out; what the Level-2 files say; what check
finds. --write puts it into a file, behind the line that says where.
"""
import argparse
import pathlib
import sys
import tempfile

SOURCE_DIR = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(SOURCE_DIR / "tests" / "support"))
from spoilt_level1 import SPOILT  # noqa: E402
from spoilt_runs import CLEAN, all_outcomes, simulate  # noqa: E402

MARK = "<!-- made by scripts/spoilt_files.py -->"
N_OBSERVATIONS = 2


def text_of(outcome):
    """"slope 1.000, RMS 1.00; vane temperature" or "1 of 2 failed ..." or "no map"."""
    parts = []
    if outcome.n_complete < N_OBSERVATIONS:
        parts.append(f"{N_OBSERVATIONS - outcome.n_complete} of {N_OBSERVATIONS} refused")
    if outcome.n_complete and outcome.slope == outcome.slope:
        parts.append(f"slope {outcome.slope:.3f}, RMS {outcome.rms:.2f}, pixels {100 * outcome.pixels:.0f} %")
    elif outcome.n_complete:
        parts.append("no map")
    said = ", ".join(outcome.kinds()) or ("a warning" if outcome.n_warnings else "not a word")
    if outcome.n_complete:
        parts.append(said)
    parts.append("check: " + ("found" if outcome.check_code == 1 else "nothing"))
    return "; ".join(parts)


def table(names, before, now):
    header = ["trouble", "what should come out"] + (["before"] if before else []) + ["now"]
    lines = ["| " + " | ".join(header) + " |", "| " + " | ".join("---" for _ in header) + " |"]
    for name in names:
        wanted = SPOILT[name].wanted if name in SPOILT else ""
        cells = [name, wanted] + ([text_of(before[name])] if before else []) + [text_of(now[name])]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def outcomes(program, names):
    with tempfile.TemporaryDirectory() as scratch:
        simulate(program, pathlib.Path(scratch))
        return all_outcomes(program, pathlib.Path(scratch), names)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--before", type=pathlib.Path, help="another program to compare with")
    parser.add_argument("--only", nargs="+", default=list(SPOILT), metavar="NAME")
    parser.add_argument("--write", type=pathlib.Path, help="file whose table is replaced")
    args = parser.parse_args()
    now = outcomes(args.program.resolve(), args.only)
    before = outcomes(args.before.resolve(), args.only) if args.before else None
    text = table([CLEAN, *args.only], before, now)
    if args.write:
        head, mark, _ = args.write.read_text().partition(MARK)
        args.write.write_text(head + (mark or MARK) + "\n" + text)
    else:
        print(text, end="")


main()
