"""An exception at any agreement point of any rank ends within seconds in `failed` for its observation or in an error of
the whole run; nothing incomplete has a final name, and the same command then does the rest. COMAP_FAULTS=all: every
point, with two observations instead of three."""
import re
import time

from faults import ALL, RANKS, of_this_part, reference_and_work, sampled
from program import scratch_directory

MADE = "failure made for a test"
NEVER = 10**9


def count_points(work, command, rank):
    """Agreements that a rank takes part in when nothing fails."""
    code, text = work.disturbed(command, environment={"COMAP_MPI_FAIL_AT": f"{rank}:{NEVER}"})
    counted = re.search(r"this rank had (\d+) agreements", text)
    assert code == 0 and counted, text
    assert int(counted[1]) > 0, f"{command} has no agreement on rank {rank}"
    return int(counted[1])


def check_level2(reference, work):
    longest_s, n_points = 0.0, 0
    for rank in range(RANKS):
        work.start_over()
        points = of_this_part(sampled(range(1, count_points(work, "level2", rank) + 1), 3))
        print(f"level2: {len(points)} agreements of rank {rank}", flush=True)
        for point in points:
            work.start_over()
            start = time.monotonic()
            code, text = work.disturbed("level2", environment={"COMAP_MPI_FAIL_AT": f"{rank}:{point}"})
            longest_s, n_points = max(longest_s, time.monotonic() - start), n_points + 1
            assert MADE in text and code in (1, 3), f"rank {rank}, agreement {point}: exit code {code}\n{text}"
            work.check_claims()
            assert code == 1 or sorted(work.states()) == ["complete"] * (len(reference.files()) - 1) + ["failed"], text
            work.run("level2")
            work.check_finished(reference)
    print(f"level2: {n_points} agreement points, the longest run took {longest_s:.1f} s")


def check_mapmake(reference, work):
    n_points = 0
    for rank in range(RANKS):
        for point in of_this_part(sampled(range(1, count_points(work, "mapmake", rank) + 1), 3)):
            for path in work.maps().values():
                path.unlink()
            code, text = work.disturbed("mapmake", environment={"COMAP_MPI_FAIL_AT": f"{rank}:{point}"})
            n_points += 1
            assert MADE in text and code in (1, 3), f"rank {rank}, agreement {point}: exit code {code}\n{text}"
            work.check_maps()
    work.run("mapmake")
    work.check_maps(reference)
    print(f"mapmake: {n_points} agreement points")


def main():
    reference, work = reference_and_work(scratch_directory(), per_observation=RANKS, n_observations=2 if ALL else 3)
    check_level2(reference, work)
    work.run("level2")
    check_mapmake(reference, work)


main()
