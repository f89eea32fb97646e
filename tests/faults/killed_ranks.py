"""kill -9 of any rank at a random moment of level2, mapmake and catalogue scan: afterwards no file under a final name is
incomplete, no row claims more than the disk has, and the same command finishes with the files of an undisturbed run.
COMAP_FAULTS=all: 200 moments in level2, 50 in each of the others."""
import random
import shutil
import sqlite3
import time

from faults import ALL, Work, kill_a_rank
from program import scratch_directory


def seconds_of(function):
    start = time.monotonic()
    function()
    return time.monotonic() - start


def rows(database):
    with sqlite3.connect(database) as catalogue:
        return catalogue.execute("SELECT * FROM comap_data ORDER BY obsid").fetchall()


def kill_level2(reference, work, moments, seconds):
    n_ended_early = 0
    for _ in range(moments):
        work.start_over()
        code, _ = work.disturbed("level2", disturb=kill_a_rank(moments_of_kills, seconds))
        n_ended_early += code != 0
        work.check_claims()
        work.run("level2")
        work.check_finished(reference)
    assert n_ended_early > moments // 3, "most runs were over before the kill"
    print(f"level2: {moments} kills, {n_ended_early} before the run was over")


def kill_mapmake(reference, work, moments, seconds):
    for _ in range(moments):
        shutil.rmtree(work.directory / "maps", ignore_errors=True)
        work.disturbed("mapmake", disturb=kill_a_rank(moments_of_kills, seconds))
        work.check_maps()
        work.run("mapmake")
        work.check_maps(reference)
    print(f"mapmake: {moments} kills")


def kill_scan(scratch, work, moments, seconds):
    expected = rows(scratch / "scanned.db")
    arguments = ("catalogue", "scan", "--level1", str(scratch / "level1"), "--level2", str(work.directory / "level2"))
    for _ in range(moments):
        for path in work.directory.glob("comap.db*"):
            path.unlink()
        work.disturbed(*arguments, disturb=kill_a_rank(moments_of_kills, seconds))
        work.run(*arguments)
        found = rows(work.directory / "comap.db")
        assert [row[0:2] for row in found] == [row[0:2] for row in expected]
        work.check_finished(work)
    print(f"catalogue scan: {moments} kills")


def main():
    scratch = scratch_directory()
    reference, work = Work(scratch, "reference"), Work(scratch, "work")
    level2_s = seconds_of(lambda: reference.run("level2"))
    mapmake_s = seconds_of(lambda: reference.run("mapmake"))
    kill_level2(reference, work, 200 if ALL else 6, level2_s)
    kill_mapmake(reference, work, 50 if ALL else 3, mapmake_s)
    kill_scan(scratch, work, 50 if ALL else 3, 1.0)


moments_of_kills = random.Random(20260101)
main()
