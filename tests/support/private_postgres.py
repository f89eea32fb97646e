"""A private PostgreSQL server for one test: own directory, unix socket only, stopped at the end."""
import contextlib
import glob
import os
import pathlib
import shutil
import subprocess
import tempfile


def _as_server_user(command):
    """PostgreSQL refuses to run as root."""
    return ["runuser", "-u", "postgres", "--", *command] if os.getuid() == 0 else command


class PrivatePostgres:
    """A running server; `options` are words like fsync=off."""

    def __init__(self, directory, options):
        self.directory = pathlib.Path(directory)
        self._binaries = pathlib.Path(sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1])
        self._data = self.directory / "data"
        self._options = " ".join(f"-c {option}" for option in
                                 ("listen_addresses=''", f"unix_socket_directories={self.directory}", *options))
        if os.getuid() == 0:
            shutil.chown(self.directory, "postgres")
        self._run("initdb", "-D", self._data, "-U", "comap", "--auth=trust", "-N")

    @property
    def url(self):
        return f"postgresql:///postgres?host={self.directory}&user=comap"

    def _run(self, program, *arguments):
        command = [str(part) for part in (self._binaries / program, *arguments)]
        subprocess.run(_as_server_user(command), check=True, cwd=self.directory, stdout=subprocess.DEVNULL)

    def start(self):
        self._run("pg_ctl", "-D", self._data, "-w", "-l", self.directory / "log", "-o", self._options, "start")

    def stop(self, mode="fast"):
        self._run("pg_ctl", "-D", self._data, "-w", "-m", mode, "stop")

    def ask(self, statement):
        """Lines of psql's answer, fields separated by |."""
        return subprocess.run(["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", self.url, "-c", statement],
                              check=True, text=True, stdout=subprocess.PIPE).stdout.splitlines()

    def accept(self, *rules):
        """From now on, lines of pg_hba.conf."""
        (self._data / "pg_hba.conf").write_text("".join(f"{rule}\n" for rule in rules))
        self._run("pg_ctl", "-D", self._data, "reload")

    def require_password(self, password):
        """From now on user comap needs it."""
        self.ask(f"ALTER ROLE comap PASSWORD '{password}'")
        self.accept("local all all scram-sha-256")


@contextlib.contextmanager
def private_server(options=("fsync=off",)):
    """Yields a PrivatePostgres that runs."""
    directory = tempfile.mkdtemp(prefix="comap_pg_")
    server = PrivatePostgres(directory, options)
    try:
        server.start()
        yield server
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):
            server.stop("immediate")
        shutil.rmtree(directory, ignore_errors=True)


@contextlib.contextmanager
def private_postgres():
    """Yields the URL of an empty database."""
    with private_server() as server:
        yield server.url
