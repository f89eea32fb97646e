"""Two runs of level2 on one catalogue share the work: no observation is taken twice, what a living run has is left to
it, what a killed run had is done by the next one. On SQLite and on PostgreSQL."""
import contextlib
import json
import os
import re
import signal
import sqlite3
import subprocess
import threading
import time

from private_postgres import private_server
from program import MPIRUN, PROGRAM, run, scratch_directory, write_config

CONFIG = """
[simulate]
n_observations = 10
n_channels = 32
scan_duration_s = 20.0
n_scans = 2
[catalogue]
url = "{url}"
claim_minutes = {claim_minutes}
[parallel]
ranks_per_observation = 1
[level2]
overwrite = {overwrite}
"""
ALL = 10


class Sqlite:
    def __init__(self, path):
        self.path, self.url = path, f"sqlite:{path}"

    def ask(self, statement):
        with contextlib.closing(sqlite3.connect(self.path, timeout=30)) as database, database:
            return ["|".join(map(str, row)) for row in database.execute(statement)]


def start(config, scratch, log):
    command = [MPIRUN, "2", PROGRAM, "level2", str(config), "--set", f'log.directory="{log}"']
    return subprocess.Popen(command, cwd=scratch, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            start_new_session=True)


def done_obsids(text):
    return [int(obsid) for obsid in re.findall(r"obsid (\d+)\S* .*done in ", text)]


def configured(scratch, database, name, claim_minutes=15.0, overwrite="false"):
    return write_config(scratch / f"{name}.toml",
                        CONFIG.format(url=database.url, claim_minutes=claim_minutes, overwrite=overwrite))


def statuses(database):
    return database.ask("SELECT processing_status, count(*) FROM observation_summary GROUP BY 1")


def check_two_at_once(scratch, database):
    """The work is free when both are there: a run that starts after the end of the other does all of it again."""
    config = configured(scratch, database, "both", claim_minutes=0.5, overwrite="true")
    for obsid in range(40001, 40001 + ALL):
        claim_elsewhere(database, obsid, utc_in(3600))
    jobs = [start(config, scratch, f"logs{i}") for i in range(2)]
    while database.ask("SELECT count(*) FROM comap_runs WHERE started_at IS NOT NULL") != ["2"]:
        assert all(job.poll() is None for job in jobs), [job.communicate()[0] for job in jobs if job.poll() is not None]
        time.sleep(0.05)
    database.ask("DELETE FROM comap_claims")
    texts = [job.communicate(timeout=300)[0] for job in jobs]
    assert [job.returncode for job in jobs] == [0, 0], texts
    done = sorted(obsid for text in texts for obsid in done_obsids(text))
    assert len(done) == ALL == len(set(done)), (done, texts)
    assert all(done_obsids(text) for text in texts), "both had a share"
    assert statuses(database) == [f"complete|{ALL}"]
    assert database.ask("SELECT count(*) FROM comap_claims") == ["0"]
    # One that is still at work on the last observation when it renews its claims is not waited for.
    n_left = sum(len(re.findall(r"left \d+: claimed by", text)) for text in texts)
    assert database.ask("SELECT count(*), sum(n_done), sum(n_left) FROM comap_runs WHERE ended_at > started_at") == \
        [f"2|{ALL}|{n_left}"], texts
    assert database.ask("SELECT count(*), count(DISTINCT run_id) FROM comap_results") == [f"{ALL}|2"]


def claim_elsewhere(database, obsid, expires_at):
    database.ask("INSERT INTO comap_runs (run_id, host, pid) VALUES ('elsewhere', 'other-host', 17) "
                 "ON CONFLICT DO NOTHING")
    database.ask(f"INSERT INTO comap_claims VALUES ({obsid}, 'elsewhere', '2026-01-01T00:00:00.000Z', '{expires_at}')")


def utc_in(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() + seconds))


def renew(database, stop, clock_error_s):
    while not stop.wait(0.2):
        expires_at = utc_in(clock_error_s + 30 + time.time() % 20)
        database.ask(f"UPDATE comap_claims SET expires_at = '{expires_at}' WHERE run_id = 'elsewhere'")


def check_living_run_keeps_its_own(scratch, database, obsid):
    """On a file by whatever clock the other host has; on a server all have the server's."""
    config = configured(scratch, database, "living", claim_minutes=0.1)
    clock_error_s = -7200 if isinstance(database, Sqlite) else 0
    claim_elsewhere(database, obsid, utc_in(clock_error_s + 30))
    stop = threading.Event()
    life = threading.Thread(target=renew, args=(database, stop, clock_error_s))
    life.start()
    try:
        text = run("level2", config, "--obsid", obsid, directory=scratch)
    finally:
        stop.set()
        life.join()
    reason = "claimed by other-host:17 since 2026-01-01T00:00:00.000Z"
    assert f"left {obsid}: {reason}" in text, text
    summary = json.loads((scratch / "logs" / "level2_summary.json").read_text())
    assert summary["left_to_others"] == [{"obsid": obsid, "reason": reason}] and summary["left"] == 1, summary
    assert database.ask("SELECT run_id FROM comap_claims") == ["elsewhere"]


def check_expired_claim_is_taken(scratch, database, obsid):
    """The other run, which is on another machine, shows no life, and has left a claim of a clock that is hours ahead."""
    config = configured(scratch, database, "expired", claim_minutes=0.1, overwrite="true")
    database.ask(f"UPDATE comap_claims SET expires_at = '{utc_in(5 * 3600)}'")
    text = run("level2", config, "--obsid", obsid, directory=scratch, ranks=2)
    assert done_obsids(text) == [obsid], text
    assert database.ask("SELECT count(*) FROM comap_claims") == ["0"]


def stop_after_first(config, scratch, number):
    with start(config, scratch, "logs") as job:
        text = ""
        for line in job.stdout:
            text += line
            if " done in " in line:
                break
        os.killpg(job.pid, number) if number == signal.SIGKILL else job.send_signal(number)
        text += job.stdout.read()
        return job.wait(timeout=60), text


def check_killed_run(scratch, database):
    """On this machine the next run need not wait for the claims of the dead one to expire."""
    config = configured(scratch, database, "killed", overwrite="true")
    code, text = stop_after_first(config, scratch, signal.SIGKILL)
    assert code != 0, text
    assert database.ask("SELECT count(*) FROM comap_claims") != ["0"], text
    config = configured(scratch, database, "again", overwrite="true")
    assert sorted(done_obsids(run("level2", config, directory=scratch, ranks=2))) == list(range(40001, 40001 + ALL))
    assert database.ask("SELECT count(*) FROM comap_claims") == ["0"]


def check_signal_gives_back(scratch, database):
    code, text = stop_after_first(configured(scratch, database, "signalled", overwrite="true"), scratch, signal.SIGUSR1)
    assert code == 4, (code, text)
    assert database.ask("SELECT count(*) FROM comap_claims") == ["0"], text


def main():
    scratch = scratch_directory()
    with private_server() as server:
        databases = [Sqlite(scratch / "comap.db"), server]
        run("simulate", configured(scratch, databases[0], "simulate"), directory=scratch, ranks=2)
        for database in databases:
            run("catalogue", "scan", configured(scratch, database, "scan"), "--level1", "level1", directory=scratch)
            check_two_at_once(scratch, database)
            check_living_run_keeps_its_own(scratch, database, 40003)
            check_expired_claim_is_taken(scratch, database, 40003)
            check_killed_run(scratch, database)
            check_signal_gives_back(scratch, database)


main()
