#!/usr/bin/env python3
"""platform_table.py LABEL... -- FILE...: the table of docs/platforms.md, from what scripts/platform_tests.sh reports."""
import sys


def platform(path):
    """{"name": ..., "library": {name: version}, "tests": {label: text}, ...}"""
    found = {"library": {}, "tests": {}, "failed": []}
    for line in open(path):
        key, _, rest = line.strip().partition(" ")
        if key == "library":
            name, _, version = rest.partition(" ")
            found["library"][name] = version.split("  ")[0].split(",")[0].strip()
        elif key == "tests":
            label, n, n_failed, n_not_run, seconds = rest.split()
            passed = int(n) - int(n_failed) - int(n_not_run)
            found["tests"][label] = f"{passed} of {n}" + (f", {n_failed} failed" if n_failed != "0" else "") + \
                (f", {n_not_run} not run" if n_not_run != "0" else "") + f" ({seconds} s)"
        elif key == "failed":
            found["failed"].append(rest)
        else:
            found[key] = rest
    return found


def main():
    split = sys.argv.index("--")
    labels, paths = sys.argv[1:split], sys.argv[split + 1:]
    shown = ["mpi", "hdf5", "pqxx", "eigen", "fmt", "wcslib", "cfitsio"]
    head = ["platform", "g++", "CMake", *shown, "build", *labels, "files of others"]
    print(f"| {' | '.join(head)} |\n|{' --- |' * len(head)}")
    failed = []
    for path in paths:
        row = platform(path)
        cells = [row.get("name", path), row.get("compiler", ""), row.get("cmake", ""),
                 *(row["library"].get(name, "") for name in shown), row.get("build", "failed"),
                 *(row["tests"].get(label, "failed: not run") for label in labels), row.get("files", "")]
        print(f"| {' | '.join(cells)} |")
        failed += [f"{row.get('name', path)}: {test}" for test in row["failed"]]
    for line in failed:
        print(f"\nfailed: {line}")


main()
