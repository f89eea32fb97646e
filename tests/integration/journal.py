"""A catalogue that goes away in the middle of a run: the results are kept in the journal, the next run records them
first. Bad lines, old results and refused ones do not stop the others."""
import json
import shutil
import signal
import sqlite3
import subprocess

from private_postgres import private_server
from program import MPIRUN, PROGRAM, run, scratch_directory, standing_still, write_config

CONFIG = """
[simulate]
n_observations = 6
n_channels = 32
scan_duration_s = 20.0
n_scans = 2
[catalogue]
url = "{url}"
connect_retries = 2
connect_retry_delay_s = 0.1
[parallel]
ranks_per_observation = 1
"""


def run_until_server_stops(scratch, config, server):
    command = [MPIRUN, "2", PROGRAM, "level2", str(config)]
    with subprocess.Popen(command, cwd=scratch, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          start_new_session=True) as job:
        text = ""
        for line in job.stdout:
            text += line
            if " done in " in line and server is not None:
                with standing_still(job):
                    server.stop()
                server = None
        return job.wait(timeout=120), text


def check_signal_while_connecting(scratch, config):
    """Nobody waits for a server that is gone when the job is to end."""
    command = [PROGRAM, "level2", str(config), "--set", "catalogue.connect_retries=100", "--set",
               "catalogue.connect_retry_delay_s=30.0"]
    with subprocess.Popen(command, cwd=scratch, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as job:
        text = ""
        for line in job.stdout:
            text += line
            if "trying again in" in line:
                job.send_signal(signal.SIGTERM)
        assert job.wait(timeout=20) == 4 and text.count("trying again in") == 1, text


def check_outage(scratch, server):
    config = write_config(scratch / "postgres.toml", CONFIG.format(url=server.url))
    run("catalogue", "scan", config, "--level1", "level1", directory=scratch)
    code, text = run_until_server_stops(scratch, config, server)
    assert code == 1 and "it went away and" in text and "run the same command again" in text, text
    journal = scratch / "logs" / "unrecorded_results.jsonl"
    kept = [json.loads(line) for line in journal.read_text().splitlines()]
    assert kept and all(entry["complete"] and entry["run_id"] for entry in kept), text
    assert all(entry["level2_path"].startswith(f"{scratch}/level2/") for entry in kept), kept
    check_signal_while_connecting(scratch, config)
    made = len(list((scratch / "level2").rglob("Level2_*.hd5")))
    server.start()
    recorded = server.ask("SELECT count(*) FROM observation_summary WHERE processing_status = 'complete'")
    assert int(recorded[0]) == made - len(kept), (recorded, made, kept)
    text = run("level2", config, ranks=2, directory=scratch)
    assert f"recorded {len(kept)} results that an earlier run could not record" in text, text
    summary = json.loads((scratch / "logs" / "level2_summary.json").read_text())
    assert summary["up_to_date"] == made and summary["done"] == 6 - made, (summary, text)
    assert server.ask("SELECT processing_status, count(*) FROM observation_summary GROUP BY 1") == ["complete|6"]
    assert server.ask("SELECT count(DISTINCT obsid), count(*) FROM quality_flags") == [f"6|{6 * 152}"]
    assert not journal.exists()
    return kept[0]


def entry(template, obsid, path, finished_at, tau, catalogue):
    return json.dumps({**template, "obsid": obsid, "level2_path": str(path), "finished_at": finished_at,
                       "summary": {"mean_tau": tau}, "catalogue": catalogue})


def name_of(database):
    with sqlite3.connect(database) as connection:
        identity, = connection.execute("SELECT value FROM comap_schema WHERE name = 'identity'").fetchone()
    return f"sqlite:{database} ({identity})"


def check_lines(scratch, template):
    """Only what is a result for this catalogue, of a known observation, with its file, and newer than what is there,
    counts. What is for another one stays, as the lines of version 0.2, which do not say."""
    config = write_config(scratch / "sqlite.toml", CONFIG.format(url="sqlite:comap.db"))
    run("catalogue", "scan", config, "--level1", "level1", "--level2", "level2", directory=scratch)
    journal = scratch / "logs" / "unrecorded_results.jsonl"
    path = next((scratch / "level2").rglob("Level2_*.hd5"))
    with sqlite3.connect(scratch / "comap.db") as database:
        database.execute("INSERT INTO comap_results VALUES (40003, 'later', '2026-06-01T00:00:00.000Z')")
    here = name_of(scratch / "comap.db")
    shutil.copy(scratch / "comap.db", scratch / "copy.db")
    unknown = entry(template, 999, path, "2026-05-01T00:00:00.000Z", 4.0, here)
    others = [entry(template, 40005, path, "2026-05-01T00:00:00.000Z", 4.0, catalogue)
              for catalogue in (template["catalogue"], name_of(scratch / "copy.db"), "")]
    journal.write_text("\n".join([
        "no json at all",
        unknown,
        *others,
        entry(template, 40001, path, "2026-05-01T00:00:00.000Z", 1.0, here),
        entry(template, 40003, path, "2026-05-01T00:00:00.000Z", 3.0, here),
        entry(template, 40004, scratch / "gone.hd5", "2026-05-01T00:00:00.000Z", 4.0, here),
        entry(template, 40002, path, "2026-05-01T00:00:00.000Z", 2.0, here)[:-20]]))
    for _ in range(2):
        text = run("level2", config, "--obsid", 40006, directory=scratch)
        assert "observation 999 is not in it" in text, text
        assert f"1 results of {template['catalogue']} stay there" in text, text
        assert journal.read_text().splitlines() == [unknown, *others]
    with sqlite3.connect(scratch / "comap.db") as database:
        taus = dict(database.execute("SELECT obsid, mean_tau FROM observation_summary WHERE mean_tau IN (1, 2, 3, 4)"))
    assert taus == {40001: 1.0}, taus


def check_refusal(scratch):
    """A catalogue that is there but takes no result, as with a full disk: the run goes on, its end says so."""
    config = write_config(scratch / "sqlite.toml", CONFIG.format(url="sqlite:comap.db"))
    journal = scratch / "logs" / "unrecorded_results.jsonl"
    journal.unlink()
    with sqlite3.connect(scratch / "comap.db") as database:
        database.execute("CREATE TRIGGER refuse BEFORE UPDATE ON observation_summary "
                         "BEGIN SELECT RAISE(ABORT, 'no room'); END")
    text = run("level2", config, "--set", "level2.overwrite=true", directory=scratch, ranks=2, expect=1)
    assert "no room" in text and "6 results are kept in" in text, text
    assert len(journal.read_text().splitlines()) == 6
    with sqlite3.connect(scratch / "comap.db") as database:
        database.execute("DROP TRIGGER refuse")
    assert "recorded 6 results" in run("level2", config, directory=scratch)
    assert not journal.exists()


def main():
    scratch = scratch_directory()
    run("simulate", write_config(scratch / "simulate.toml", CONFIG.format(url="sqlite:unused.db")), directory=scratch,
        ranks=2)
    with private_server() as server:
        template = check_outage(scratch, server)
    check_lines(scratch, template)
    check_refusal(scratch)


main()
