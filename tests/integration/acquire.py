"""Fetching from an observatory over a real SSH server and rsync: what is fetched and why, broken and silent
connections, bad files, signals. Catalogue and files are looked at from outside."""
import grp
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import time

import h5py

from breaking_proxy import breaking_proxy
from private_sshd import private_sshd
from program import PROGRAM, run, scratch_directory, write_config

SIMULATION = """
[simulate]
n_observations = 4
n_channels = 16
scan_duration_s = 20.0
n_scans = 2
"""
CONFIG = """
[catalogue]
url = "sqlite:{scratch}/comap.db"
[acquire]
list_command = '{list_command}'
remote = "127.0.0.1:"
remote_shell = "{remote_shell}"
directory = "{directory}"
min_obsid = 100
bandwidth_limit_KBps = {limit_KBps}
retries = 3
retry_delay_s = 0.1
timeout_s = 60
group = "{group}"
mode = "0640"
"""
MB = 1000 * 1000
STARTED_TIMEOUT_S = 60


class Observatory:
    """A directory with files, a list of them, and the SSH server that leads there."""

    def __init__(self, scratch, sshd):
        self.scratch, self.sshd = scratch, sshd
        self.directory = scratch / "far $(touch pwned) 'end"  # nothing may take this for a command
        run("simulate", write_config(scratch / "simulate.toml", SIMULATION), directory=scratch)
        shutil.move(scratch / "level1", self.directory)
        self.files = sorted(self.directory.glob("comap-*.hd5"))
        self.obsids = [int(path.name.split("-")[1]) for path in self.files]
        self.write_list(self.lines())

    def lines(self):
        return [f"{obsid}\t{path}\tfg9,other\tsimulated" for obsid, path in zip(self.obsids, self.files)]

    def write_list(self, lines):
        (self.scratch / "list.txt").write_text("\n".join(lines) + "\n")

    def config(self, name, directory, port=None, limit_KBps=0):
        shell = " ".join(map(str, self.sshd.command(port)))
        group = grp.getgrgid(os.getgid()).gr_name
        text = CONFIG.format(scratch=self.scratch, list_command=f'{shell} 127.0.0.1 "cat {self.scratch}/list.txt"',
                             remote_shell=shell, directory=directory, limit_KBps=limit_KBps, group=group)
        return write_config(self.scratch / name, text)


def registered(scratch):
    rows = sqlite3.connect(scratch / "comap.db").execute("SELECT obsid, level1_path, source_group FROM comap_data")
    return {obsid: (path, group) for obsid, path, group in rows}


def forget(scratch):
    """A new catalogue."""
    (scratch / "comap.db").unlink(missing_ok=True)


def tables(output):
    return json.loads(output[output.index("{"):output.rindex("}") + 1])


def visible(directory):
    return sorted(path.name for path in pathlib.Path(directory).glob("[!.]*"))


def assert_same_files(observatory, directory, n_files):
    assert visible(directory) == [path.name for path in observatory.files[:n_files]], visible(directory)
    for original in observatory.files[:n_files]:
        copy = pathlib.Path(directory) / original.name
        assert copy.read_bytes() == original.read_bytes(), copy
        assert copy.stat().st_mode & 0o7777 == 0o640, copy
        assert copy.stat().st_gid == os.getgid(), copy
        assert int(copy.stat().st_mtime) == int(original.stat().st_mtime), copy


def check_dry_run(scratch, observatory):
    first = observatory.obsids[0]
    observatory.write_list(["# what there is", "welcome", "12 /far/comap-0000012-x.hd5 fg9",
                            f"{first + 90} /far/comap-{first + 90:07d}-x.hd5 co7", *observatory.lines(),
                            observatory.lines()[0], f"{first + 91} /far/../comap-{first + 91:07d}-x.hd5 fg9",
                            f"{first + 92} --rsh=sh/comap-{first + 92:07d}-x.hd5 fg9",
                            f"{first + 93} other:/comap-{first + 93:07d}-x.hd5 fg9"])
    config = observatory.config("dry.toml", scratch / "dry")
    found = tables(run("acquire", config, "--dry-run", "--format", "json", "--quiet", directory=scratch))
    actions = [(row["obsid"], row["action"], row["reason"]) for row in found["acquire"]]
    wanted = [(obsid, "would be fetched", "not in the catalogue") for obsid in observatory.obsids]
    assert actions == [(12, "left out", "below min_obsid 100"), (first + 90, "left out", "CO"), *wanted,
                       (first, "left out", "also on line 5, which is taken")], actions
    assert [row["line"] for row in found["bad_lines"]] == [2, 10, 11, 12], found["bad_lines"]
    assert not (scratch / "dry").exists() and not (scratch / "comap.db").exists()
    only = tables(run("acquire", config, "--dry-run", "--format", "json", "--quiet", "--obsid", first, directory=scratch))
    assert [row["obsid"] for row in only["acquire"] if row["action"] == "would be fetched"] == [first]
    observatory.write_list(observatory.lines())


def check_broken_connections(scratch, observatory):
    """Cut, silent, cut, then whole: the file is there once, and what had come was not sent again."""
    size = observatory.files[0].stat().st_size
    assert size > 3 * MB, size
    faults = [None, ("cut", MB), ("stall", MB), ("cut", 20)]  # the first connection asks for the list
    with breaking_proxy(observatory.sshd.port, faults) as proxy:
        config = observatory.config("broken.toml", scratch / "broken", port=proxy.port)
        output = run("acquire", config, "--set", "acquire.n_rsyncs=1", "--set", "acquire.timeout_s=20",
                     "--obsid", observatory.obsids[0], ranks=2,
                     directory=scratch)
        assert output.count("trying again") == 3, output
        assert "no byte for 20 s" in output, output
        assert "trying again in 0.1 s (1 of 3)" in output and "trying again in 0.4 s (3 of 3)" in output, output
        assert len(proxy.served) == 5, proxy.served
        assert proxy.served[4] < size - MB, f"not resumed: {proxy.served} of {size} bytes"
    assert_same_files(observatory, scratch / "broken", 1)
    path = str(scratch / "broken" / observatory.files[0].name)
    assert registered(scratch) == {observatory.obsids[0]: (path, "Galactic")}, registered(scratch)


def check_several_at_once(scratch, observatory):
    """Only what is missing, n_rsyncs at once; then nothing; a file that is there is registered without rsync."""
    with breaking_proxy(observatory.sshd.port) as proxy:
        config = observatory.config("several.toml", scratch / "broken", port=proxy.port)
        run("acquire", config, "--set", "acquire.n_rsyncs=3", directory=scratch)
        assert len(proxy.served) == 4, proxy.served  # the list and three files
        assert_same_files(observatory, scratch / "broken", 4)
        run("acquire", config, directory=scratch)
        forget(scratch)
        output = run("acquire", config, directory=scratch)
        assert "already there, registered 4" in " ".join(output.split()), output
        assert len(proxy.served) == 6, proxy.served
    assert len(registered(scratch)) == 4
    summary = json.loads((scratch / "logs" / "acquire_summary.json").read_text())
    assert [row["status"] for row in summary["files"]] == ["registered"] * 4, summary
    assert not pathlib.Path(scratch / "pwned").exists() and not list(pathlib.Path.home().glob("pwned"))


def check_bad_files(scratch, observatory):
    """Truncated, of another obsid, not there, no answer: reported, kept out, and the others go on."""
    forget(scratch)
    originals = [path.read_bytes() for path in observatory.files[:2]]
    observatory.files[0].write_bytes(originals[0][:len(originals[0]) // 2])
    with h5py.File(observatory.files[1], "r+") as file:
        file["comap"].attrs["obsid"] = 4711
    observatory.files[2].rename(observatory.files[2].with_suffix(".away"))
    config = observatory.config("bad.toml", scratch / "bad")
    found = tables(run("acquire", config, "--format", "json", "--quiet", "--set", "acquire.n_rsyncs=1", expect=3,
                       directory=scratch))
    reasons = {row["obsid"]: row["reason"] for row in found["files"] if row["status"] == "failed"}
    assert sorted(reasons) == observatory.obsids[:3], found
    assert "truncated" in reasons[observatory.obsids[0]], reasons
    assert "comap/obsid is 4711" in reasons[observatory.obsids[1]], reasons
    assert "No such file" in reasons[observatory.obsids[2]], reasons
    assert visible(scratch / "bad") == [observatory.files[3].name]
    assert list(registered(scratch)) == observatory.obsids[3:]
    scanned = tables(run("catalogue", "scan", config, "--level1", scratch / "bad", "--format", "json", "--quiet",
                         directory=scratch))
    assert scanned["scan"][0]["count"] == 1 and not scanned["problems"], scanned

    for path, content in zip(observatory.files, originals):
        path.write_bytes(content)
    observatory.files[2].with_suffix(".away").rename(observatory.files[2])
    run("acquire", config, directory=scratch)
    assert_same_files(observatory, scratch / "bad", 4)


def check_foreign_files_stay(scratch, observatory):
    """What lies under the name already is not overwritten; a directory that cannot be made is an error."""
    forget(scratch)
    (scratch / "foreign").mkdir()
    (scratch / "foreign" / observatory.files[0].name).write_text("mine")
    config = observatory.config("foreign.toml", scratch / "foreign")
    output = run("acquire", config, expect=3, directory=scratch)
    assert "it was there before: move it away to fetch it" in output, output
    assert (scratch / "foreign" / observatory.files[0].name).read_text() == "mine"
    assert len(registered(scratch)) == 3
    config = observatory.config("nowhere.toml", scratch / "comap.db" / "below")
    assert "cannot be made" in run("acquire", config, expect=1, directory=scratch)


def children_of(pid):
    found = subprocess.run(["pgrep", "-P", str(pid), "-x", "rsync"], stdout=subprocess.PIPE, text=True).stdout.split()
    return [int(word) for word in found]


def is_running(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:  # it has gone
        return False


def wait_until(condition, what):
    deadline = time.monotonic() + STARTED_TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def start_slow_fetch(scratch, observatory, directory):
    """The program and its rsync, once half a MB of the first file has come."""
    config = observatory.config("slow.toml", directory, limit_KBps=1000)
    program = subprocess.Popen([PROGRAM, "acquire", config, "--set", "acquire.n_rsyncs=2"], cwd=scratch, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    hidden = pathlib.Path(directory) / ".comap_acquire"
    wait_until(lambda: any(path.stat().st_size > MB // 2 for path in hidden.glob("*/.comap*.fetch.*")), "nothing came")
    return program, children_of(program.pid)


def check_signal(scratch, observatory, number):
    forget(scratch)
    directory = scratch / f"signal{number}"
    program, rsyncs = start_slow_fetch(scratch, observatory, directory)
    assert len(rsyncs) == 2, rsyncs
    program.send_signal(number)
    output, _ = program.communicate(timeout=60)
    assert program.returncode == 4, output
    assert "4 files are left" in output, output
    assert not any(pathlib.Path(f"/proc/{pid}").exists() for pid in rsyncs)
    assert visible(directory) == [] and registered(scratch) == {}
    partial = list((directory / ".comap_acquire").rglob("*.fetch*"))
    assert any(path.stat().st_size > MB // 2 for path in partial), partial
    run("acquire", observatory.config("fast.toml", directory), directory=scratch)
    assert_same_files(observatory, directory, 4)


def check_kill(scratch, observatory):
    """An rsync that is left when the program is killed is not joined by another; what it leaves is not lost."""
    forget(scratch)
    directory = scratch / "killed"
    program, rsyncs = start_slow_fetch(scratch, observatory, directory)
    program.kill()
    program.wait()
    for pid in rsyncs:  # or they would be done too soon for this test
        os.kill(pid, signal.SIGSTOP)
    config = observatory.config("fast.toml", directory)
    output = run("acquire", config, expect=1, directory=scratch)
    assert "another acquire, or an rsync that a killed one left" in output, output
    for pid in rsyncs:
        os.killpg(pid, signal.SIGKILL)
    wait_until(lambda: not any(map(is_running, rsyncs)), "still there")
    with breaking_proxy(observatory.sshd.port) as proxy:
        run("acquire", observatory.config("after.toml", directory, port=proxy.port), directory=scratch)
        total = sum(path.stat().st_size for path in observatory.files)
        assert sum(proxy.served) < total - MB // 2, f"not resumed: {proxy.served} of {total} bytes"
    assert_same_files(observatory, directory, 4)


def check_ssh_killed(scratch, observatory):
    """The ssh of a transfer dies: that file is tried again."""
    forget(scratch)
    directory = scratch / "ssh_killed"
    program, rsyncs = start_slow_fetch(scratch, observatory, directory)
    ssh = subprocess.run(["pgrep", "-P", str(rsyncs[0]), "-x", "ssh"], stdout=subprocess.PIPE, text=True).stdout.split()
    assert len(ssh) == 1, ssh
    os.kill(int(ssh[0]), signal.SIGKILL)
    output, _ = program.communicate(timeout=120)
    assert program.returncode == 0, output
    assert "trying again in 0.1 s (1 of 3)" in output, output
    assert_same_files(observatory, directory, 4)


def check_no_connection(scratch, observatory):
    """Nobody listens: tried again, then one clear error for the list, or for each file."""
    forget(scratch)
    with breaking_proxy(observatory.sshd.port) as proxy:
        port = proxy.port
    config = observatory.config("nobody.toml", scratch / "nobody", port=port)
    output = run("acquire", config, expect=1, directory=scratch)
    assert output.count("trying again") == 3 and "Connection refused" in output, output
    output = run("acquire", config, "--set", 'acquire.list_command=""', "--set",
                 f'acquire.list_file="{scratch}/list.txt"', expect=3, directory=scratch)
    assert output.count("trying again") == 12 and "(try 4)" in output, output
    assert "neither list_command nor list_file" in run(
        "acquire", config, "--set", 'acquire.list_command=""', expect=2, directory=scratch)


def main():
    scratch = scratch_directory()
    with private_sshd() as sshd:
        observatory = Observatory(scratch, sshd)
        check_dry_run(scratch, observatory)
        check_broken_connections(scratch, observatory)
        check_several_at_once(scratch, observatory)
        check_bad_files(scratch, observatory)
        check_foreign_files_stay(scratch, observatory)
        for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT):
            check_signal(scratch, observatory, number)
        check_kill(scratch, observatory)
        check_ssh_killed(scratch, observatory)
        check_no_connection(scratch, observatory)


if __name__ == "__main__":
    main()
