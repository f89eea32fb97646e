"""The recipes of docs/operations.md, as they stand there and in that order, at a site of three small observations with a
PostgreSQL server of its own.

Blocks marked `sh` are run by bash; the first command that fails ends a block. Comments that the page does not show say
the rest, each on a line of its own: `setup:` what happens at the site before the next block, `exit:` the exit code of
the block above (0), `expect:` a pattern in its output, `check:` a command that must succeed after it. Paths below /data
and /disk7 lie in the scratch directory, db.example is the private server; srun, mpirun and sudo have stand-ins."""
import os
import re
import subprocess
import urllib.parse

from private_postgres import private_server
from program import MPIRUN, PROGRAM, SOURCE_DIR, run, scratch_directory, write_config

PAGE = SOURCE_DIR / "docs" / "operations.md"
SITE = """
[simulate]
output_dir = "{level1}"
n_observations = 2
n_calibrators = 1
first_obsid = 7206
start_date = "2022-05-01"
n_feeds = 1
n_channels = 32
scan_duration_s = 20.0
n_scans = 2
calibrator_duration_s = 25.0
"""
STAND_INS = {
    # -n 8 comap_mpi; without this stand-in among the programs
    "mpirun": f'shift 3; PATH={os.environ["PATH"]} exec {MPIRUN} 2 {PROGRAM} "$@"',
    "srun": 'while [ "$1" != comap_mpi ]; do shift; done; exec "$@"',
    "sudo": 'shift 2; PGHOST={server} PGUSER=comap PGDATABASE=postgres exec "$@"',  # -u postgres
}


class Block:
    def __init__(self, line, text):
        self.line, self.text, self.exit_code, self.expected = line, text, 0, []


def steps_of(page):
    """Blocks and the comments between them, in order: Block, or (line, kind, text)."""
    steps, block, language = [], None, None
    for number, line in enumerate(page.splitlines(), 1):
        mark = re.fullmatch(r"<!-- (\w+): (.*) -->", line)
        if line.startswith("```"):
            if block is None:
                block, language = Block(number, ""), line[3:]
            else:
                assert language in ("sh", "text"), f"line {block.line}: a block of '{language}'"
                steps += [block] if language == "sh" else []
                block = None
        elif block is not None:
            block.text += line + "\n"
        elif mark and mark[1] in ("exit", "expect"):
            last = next(step for step in reversed(steps) if isinstance(step, Block))
            if mark[1] == "exit":
                last.exit_code = int(mark[2])
            else:
                last.expected.append(mark[2])
        else:
            assert not line.startswith("<!--") or (mark and mark[1] in ("setup", "check")), f"line {number}: {line}"
            steps += [(number, mark[1], mark[2])] if mark else []
    return steps


class Site:
    def __init__(self, scratch, server):
        self.scratch, self.server = scratch, server
        self.home = scratch / "home"
        binaries = scratch / "bin"
        for directory in (self.home, binaries):
            directory.mkdir()
        (binaries / "comap_mpi").symlink_to(PROGRAM)
        for name, text in STAND_INS.items():
            (binaries / name).write_text("#!/bin/sh\n" + text.replace("{server}", str(server.directory)) + "\n")
            (binaries / name).chmod(0o755)
        self.environment = {**os.environ, "PATH": f"{binaries}:{os.environ['PATH']}", "HOME": str(self.home),
                            "PGPASSFILE": str(self.home / ".pgpass"), "URL": server.url}

    def local(self, text):
        """With the places of this site."""
        text = re.sub(r"(?<![\w./-])/(data|disk7)\b", rf"{self.scratch}/\1", text)
        lines = [line.replace("db.example", str(self.server.directory) if ".pgpass" in line else
                              urllib.parse.quote(str(self.server.directory), safe=""))
                 for line in text.splitlines()]
        return "\n".join(lines)

    def shell(self, line, text, exit_code=0):
        done = subprocess.run(["bash", "-e", "-c", self.local(text)], cwd=self.home, env=self.environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
        assert done.returncode == exit_code, \
            f"{PAGE}:{line}: exit code {done.returncode}, expected {exit_code}\n{text}\n{done.stdout}"
        return done.stdout

    def do(self, step):
        if isinstance(step, Block):
            output = self.shell(step.line, step.text, step.exit_code)
            for pattern in step.expected:
                assert re.search(self.local(pattern), output), f"{PAGE}:{step.line}: no '{pattern}' in\n{output}"
            return
        line, _, text = step
        variable = re.fullmatch(r"export (\w+)=(.*)", text)
        if variable:
            self.environment[variable[1]] = self.local(variable[2])
        else:
            self.shell(line, text)


def main():
    scratch = scratch_directory()
    steps = steps_of(PAGE.read_text())
    assert sum(isinstance(step, Block) for step in steps) > 20, "these are not the recipes"
    run("simulate", write_config(scratch / "site.toml", SITE.format(level1=scratch / "data" / "level1")),
        directory=scratch, ranks=2)
    with private_server() as server:
        server.accept("local all comap trust", "local all all scram-sha-256")
        site = Site(scratch, server)
        for step in steps:
            site.do(step)


main()
