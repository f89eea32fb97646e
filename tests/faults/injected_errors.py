"""Errors of the operating system at every open, read, write, rename and sync of Level-1 and Level-2 files, maps, logs
and the catalogue: a clear message, no incomplete product visible, no hang, and the same command then does the rest.
COMAP_FAULTS=all tries every call of the reduction of one observation, COMAP_FAULTS=N up to N of each kind, otherwise a
sample, both with three observations. Errors of a kind go round: one for each call."""
import collections
import errno
import os

from faults import ALL, RANKS, of_this_part, reference_and_work, sampled
from program import scratch_directory

LIBRARY = os.environ["COMAP_INJECT_LIBRARY"]
FOREVER = 10**9
# kind of call, files, rank, errors; `short` and `slow` reads must change nothing
LEVEL2_CASES = [
    ("open", "level1/", 0, (errno.EACCES, errno.ESTALE, errno.EIO)),
    ("read", "level1/", 1, (errno.EIO, errno.ESTALE, "short", "slow")),
    ("open", "level2/", 2, (errno.EACCES, errno.ENOSPC)),
    ("write", "level2/", 0, (errno.ENOSPC, errno.EIO)),
    ("write", "level2/", 1, (errno.ENOSPC, errno.EIO)),
    ("sync", "level2/", 0, (errno.EIO, errno.ENOSPC)),
    ("rename", "level2/", 0, (errno.EACCES, errno.ENOSPC)),
    ("open", "comap.db", 0, (errno.EACCES, errno.EIO)),
    ("write", "comap.db", 0, (errno.ENOSPC, errno.EIO)),
    ("read", "comap.db", 0, (errno.EIO,)),
    ("sync", "comap.db", 0, (errno.EIO, errno.ENOSPC)),
    ("open", "logs/", 0, (errno.EACCES, errno.ENOSPC)),
    ("write", "logs/", 0, (errno.ENOSPC, errno.EIO)),
]
MAP_CASES = [
    ("open", "level2/", (errno.EACCES,)),
    ("read", "level2/", (errno.EIO, "short")),
    ("open", "maps/", (errno.EACCES,)),
    ("write", "maps/", (errno.ENOSPC, errno.EIO)),
    ("sync", "maps/", (errno.EIO, errno.ENOSPC)),
    ("rename", "maps/", (errno.ENOSPC,)),
    ("open", "comap.db", (errno.EACCES,)),
    ("read", "comap.db", (errno.EIO,)),
    ("open", "logs/", (errno.EACCES, errno.ENOSPC)),
    ("write", "logs/", (errno.ENOSPC, errno.EIO)),
]


def injected(work, command, kind, text, n, times, error, rank):
    return work.disturbed(command, environment={
        "LD_PRELOAD": LIBRARY, "COMAP_INJECT": f"{kind}:{n}:{times}:{error}:{rank}:{text}"})


def all_calls(work, command, kind, text, rank):
    """Those of an undisturbed run."""
    count = work.directory / "calls.txt"
    count.unlink(missing_ok=True)
    code, output = work.disturbed(command, environment={
        "LD_PRELOAD": LIBRARY, "COMAP_INJECT": f"{kind}:0:0:0:{rank}:{text}", "COMAP_INJECT_COUNT": str(count)})
    assert code == 0, output
    n_calls = int(count.read_text().split()[-1])
    assert n_calls > 0, f"{command} makes no call {kind} on {text}: nothing would be tried"
    return range(1, n_calls + 1)


def pairs(calls, errors):
    """(call, error): each call has an error and each error a call."""
    some = sampled(calls, max(2, len(errors)))
    return [(some[i % len(some)], errors[i % len(errors)]) for i in range(max(len(some), len(errors)))]


def check_end(what, code, output, messages):
    """Done, failed with one of the messages, or not begun without a log."""
    if code == 2:
        assert "cannot write the log file" in output, f"{what}\n{output}"
        return
    assert code in (0, 1, 3), f"{what}: exit code {code}\n{output}"
    assert code == 0 or any(message in output for message in messages), f"{what}: no message\n{output}"


def check_level2(reference, work):
    """All ranks are one team."""
    ends = collections.Counter()
    for kind, text, rank, errors in LEVEL2_CASES:
        work.start_over()
        tried = of_this_part(pairs(all_calls(work, "level2", kind, text, rank), errors))
        print(f"level2: {kind} of {text} by rank {rank}: {len(tried)}", flush=True)
        for n, error in tried:
            work.start_over()
            times = 1 if error in ("short", "slow") else FOREVER
            code, output = injected(work, "level2", kind, text, n, times, error, rank)
            what = f"{kind} {n} of {text} by rank {rank}, {error}"
            check_end(what, code, output, [" error "])
            assert code == 0 or error not in ("short", "slow"), f"{what}\n{output}"
            work.check_claims()
            work.run("level2")
            work.check_finished(reference, what)
            ends[code] += 1
    print(f"level2: exit codes {dict(ends)}")


def check_mapmake(reference, work):
    ends = collections.Counter()
    for kind, text, errors in MAP_CASES:
        tried = of_this_part(pairs(all_calls(work, "mapmake", kind, text, 0), errors))
        print(f"mapmake: {kind} of {text}: {len(tried)}", flush=True)
        for n, error in tried:
            for path in work.maps().values():
                path.unlink()
            code, output = injected(work, "mapmake", kind, text, n, FOREVER, error, 0)
            what = f"{kind} {n} of {text}, {error}"
            check_end(what, code, output, [" error ", "failed", " is not used: "])
            work.check_maps()
            ends[code] += 1
    work.run("mapmake")
    work.check_maps(reference)
    print(f"mapmake: exit codes {dict(ends)}")


def main():
    scratch = scratch_directory()
    reference, work = reference_and_work(scratch, per_observation=RANKS, n_observations=1 if ALL else 3)
    check_level2(reference, work)
    work.run("level2")
    check_mapmake(reference, work)


main()
