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


@contextlib.contextmanager
def private_postgres():
    """Yields the URL of an empty database."""
    binaries = pathlib.Path(sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1])
    directory = pathlib.Path(tempfile.mkdtemp(prefix="comap_pg_"))
    if os.getuid() == 0:
        shutil.chown(directory, "postgres")
    data = directory / "data"

    def run(*command):
        subprocess.run(_as_server_user([str(part) for part in command]), check=True, cwd=directory,
                       stdout=subprocess.DEVNULL)

    try:
        run(binaries / "initdb", "-D", data, "-U", "comap", "--auth=trust", "-N")
        run(binaries / "pg_ctl", "-D", data, "-w", "-l", directory / "log", "-o",
            f"-c listen_addresses='' -c unix_socket_directories={directory} -c fsync=off", "start")
        yield f"postgresql:///postgres?host={directory}&user=comap"
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):
            run(binaries / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
        shutil.rmtree(directory, ignore_errors=True)
