"""A password reaches no log, output file, catalogue, message or argument of a process, wherever it is given: in the
URL, in PGPASSFILE, in PGPASSWORD; and neither when the connection fails."""
import os
import pathlib
import subprocess

from private_postgres import private_server
from program import MPIRUN, PROGRAM, run, scratch_directory, standing_still, write_config

SECRET = "s3cr3t/w@rd"
IN_URL = "s3cr3t%2Fw%40rd"
WRONG = "wr0ngw0rd"
TRACES = [b"s3cr3t", b"w@rd", b"w%40rd", WRONG.encode()]
CONFIG = """
[simulate]
n_observations = 2
n_channels = 32
scan_duration_s = 20.0
n_scans = 2
[catalogue]
url = "{url}"
connect_retries = 1
connect_retry_delay_s = 0.05
[log]
level = "debug"
[mapmake]
format = "both"
"""


def assert_no_trace(content, place):
    flat = content.replace(b"\n", b"").replace(b"\r", b"").replace(b" ", b"")
    for trace in TRACES:
        assert trace not in content and trace not in flat, f"{trace} in {place}"


def assert_clean_directory(directory):
    files = [path for path in directory.rglob("*") if path.is_file()]
    assert len(files) > 5, files
    for path in files:
        assert_no_trace(path.read_bytes(), path)


def arguments_of_processes():
    found = b""
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += path.read_bytes() + b"\n"
        except OSError:
            continue
    return found


def run_and_watch(config, directory, environment):
    """level2 while somebody looks at the list of processes."""
    command = [MPIRUN, "2", PROGRAM, "level2", str(config)]
    with subprocess.Popen(command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env=environment) as job:
        seen, text = b"", b""
        for line in job.stdout:
            text += line
            seen += arguments_of_processes()
        assert job.wait(timeout=120) == 0, text
    assert b"comap_mpi" in seen
    assert_no_trace(seen, "arguments of processes")
    return text.decode()


def check_all_commands(scratch, name, url, extra):
    directory = scratch / name
    directory.mkdir()
    config = write_config(scratch / f"{name}.toml", CONFIG.format(url=url))
    texts = [run("config", "show", config, directory=directory, environment=extra),
             run("config", "check", config, directory=directory, environment=extra),
             run("simulate", config, directory=directory, environment=extra),
             run("catalogue", "init", config, directory=directory, environment=extra),
             run("catalogue", "scan", config, "--level1", "level1", directory=directory, environment=extra),
             run_and_watch(config, directory, {**os.environ, **extra}),
             run("catalogue", "show", config, "40001", directory=directory, environment=extra),
             run("catalogue", "summary", config, "--format", "json", directory=directory, environment=extra),
             run("mapmake", config, directory=directory, environment=extra),
             run("report", config, directory=directory, environment=extra)]
    for text in texts:
        assert_no_trace(text.encode(), name)
    assert_clean_directory(directory)


def check_failures(scratch, server, url):
    directory = scratch / "failures"
    directory.mkdir()
    config = write_config(scratch / "failures.toml", CONFIG.format(url=url))
    wrong = url.replace(IN_URL, WRONG)
    bad_urls = [wrong, url.replace("/postgres", "/no_such_database"), "postgresql://comap:s3cr3t/w@rd@localhost:1/postgres",
                url.replace("host=", "hostt="), url.replace("postgresql:", "postgressql:"),
                url.replace(str(server.directory), "/nowhere"), f"postgresql://comap:{IN_URL}@localhost:1/postgres",
                f"postgresql:/comap:{IN_URL}@localhost/postgres", f"postgresql:comap:{IN_URL}@localhost/postgres",
                f"sqlite:postgresql://comap:{IN_URL}@localhost:1/postgres"]
    for bad in bad_urls:
        here = ["--set", f'catalogue.url="{bad}"']
        for command in (["catalogue", "summary", *here], ["level2", *here], ["config", "show", *here],
                        ["catalogue", "merge", bad]):
            done = subprocess.run([PROGRAM, *command, str(config)], cwd=directory, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=120)
            assert (done.returncode != 0) or command[0] == "config", (bad, done.stdout)
            assert_no_trace(done.stdout, (bad, command))
    for extra in ({"PGPASSWORD": WRONG}, {}):
        text = run("level2", write_config(scratch / "failures.toml", CONFIG.format(url=server.url)), expect=1,
                   directory=directory, environment=extra)
        assert_no_trace(text.encode(), extra)
    assert any((directory / "logs").iterdir())
    for path in (directory / "logs").iterdir():
        assert_no_trace(path.read_bytes(), path)


def check_outage(scratch, server, url):
    """The server goes while a run is on: messages about it, and the journal."""
    directory = scratch / "outage"
    directory.mkdir()
    config = write_config(scratch / "outage.toml", CONFIG.format(url=url))
    run("simulate", config, directory=directory)
    run("catalogue", "scan", config, "--level1", "level1", "--overwrite", directory=directory)
    with subprocess.Popen([PROGRAM, "level2", str(config), "--set", "level2.overwrite=true"], cwd=directory,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True) as job:
        text = b""
        for line in job.stdout:
            text += line
            if b"starting" in line and text.count(b"starting") == 1:
                with standing_still(job):
                    server.stop()
        assert job.wait(timeout=120) == 1, text
    assert_no_trace(text, "outage")
    assert (directory / "logs" / "unrecorded_results.jsonl").exists(), text
    assert_clean_directory(directory)


def main():
    scratch = scratch_directory()
    with private_server() as server:
        server.require_password(SECRET)
        url = server.url.replace("user=comap", f"user=comap&password={IN_URL}")
        pass_file = scratch / "pgpass"
        pass_file.write_text(f"*:*:*:comap:{SECRET}\n")
        pass_file.chmod(0o600)
        check_all_commands(scratch, "in_url", url, {})
        check_all_commands(scratch, "in_file", server.url, {"PGPASSFILE": str(pass_file)})
        check_all_commands(scratch, "in_environment", server.url, {"PGPASSWORD": SECRET})
        dump = subprocess.run(["pg_dump", url], check=True, stdout=subprocess.PIPE).stdout
        assert len(dump) > 1000
        assert_no_trace(dump, "the database")
        check_failures(scratch, server, url)
        check_outage(scratch, server, url)


main()
