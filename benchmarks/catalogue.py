#!/usr/bin/env python3
"""Runs benchmark_catalogue on an SQLite file and on a private PostgreSQL server, both with the durability that users
have, and then the commands that go through everything. Usage:
COMAP_BUILD=build/release PYTHONPATH=tests/support python3 benchmarks/catalogue.py DIRECTORY [OBSERVATIONS]"""
import os
import pathlib
import subprocess
import sys
import time

from private_postgres import private_server

BUILD = pathlib.Path(os.environ["COMAP_BUILD"]).absolute()
PROGRAM = BUILD / "comap_mpi"


def timed(directory, url, *arguments):
    (directory / "config.toml").write_text(f'[catalogue]\nurl = "{url}"\n')
    begin = time.time()
    done = subprocess.run([PROGRAM, *arguments, "config.toml", "--quiet"], cwd=directory, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    words = " ".join(map(str, arguments))
    print(f"{words[:60]:<62}{time.time() - begin:8.2f} s, exit code {done.returncode}", flush=True)
    if done.returncode != 0:
        print(done.stdout[:500])


def make_level2_names(directory, n):
    """Empty files: reconcile looks at names."""
    for index in range(n):
        obsid = 10000 + index
        folder = directory / f"{obsid // 1000}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"Level2_comap-{obsid:07}-2022-05-01-123456.hd5").touch()


def measure(directory, url, n):
    print(f"--- {url.split(':')[0]}", flush=True)
    subprocess.run([BUILD / "benchmarks" / "benchmark_catalogue", url, str(n)], check=True)
    timed(directory, url, "catalogue", "summary")
    timed(directory, url, "catalogue", "reconcile", "--search-root", "level2", "--output-dir", "reconciled")


def main():
    directory = pathlib.Path(sys.argv[1]).absolute()
    n = int(sys.argv[2]) if len(sys.argv) > 2 else 100000
    directory.mkdir(parents=True, exist_ok=True)
    make_level2_names(directory / "level2", n)
    sqlite = f"sqlite:{directory}/comap.db"
    measure(directory, sqlite, n)
    with private_server(["shared_buffers=128MB"]) as server:
        measure(directory, server.url, n)
    with private_server(["shared_buffers=128MB"]) as server:
        timed(directory, server.url, "catalogue", "init")
        timed(directory, server.url, "catalogue", "merge", sqlite, "--write")


main()
