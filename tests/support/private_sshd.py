"""A private SSH server for one test, on a free port of the loopback, with keys of its own: nothing of the machine's or
the user's SSH is used or changed. Works as root and as a user."""
import contextlib
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import tempfile
import time

START_TIMEOUT_S = 20
SERVER_CONFIG = """
Port {port}
ListenAddress 127.0.0.1
HostKey {directory}/host_key
PidFile {directory}/sshd.pid
AuthorizedKeysFile {directory}/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
PermitUserEnvironment no
AcceptEnv none
"""


class Sshd:
    def __init__(self, directory, port):
        self.directory, self.port = directory, port

    def command(self, port=None, options=()):
        """Words of `ssh` up to the host, which is 127.0.0.1; another port for a proxy in between."""
        settings = {"IdentityFile": self.directory / "user_key", "IdentitiesOnly": "yes",
                    "UserKnownHostsFile": self.directory / "known_hosts", "StrictHostKeyChecking": "yes",
                    "HostKeyAlias": "private-sshd", "BatchMode": "yes", "LogLevel": "ERROR",
                    "User": pwd.getpwuid(os.getuid()).pw_name}
        words = ["ssh", "-F", "none", "-p", str(port or self.port)]
        for name, value in settings.items():
            words += ["-o", f"{name}={value}"]
        return [*words, *options]


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def wait_for_port(port, process):
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        assert process.poll() is None, "sshd did not start"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise AssertionError("sshd does not answer")


@contextlib.contextmanager
def private_sshd():
    """Yields an Sshd."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="comap_sshd_"))
    for name in ("host_key", "user_key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", directory / name], check=True)
    shutil.copy(directory / "user_key.pub", directory / "authorized_keys")
    (directory / "known_hosts").write_text("private-sshd " + (directory / "host_key.pub").read_text())
    port = free_port()
    (directory / "sshd_config").write_text(SERVER_CONFIG.format(port=port, directory=directory))
    if os.getuid() == 0:
        pathlib.Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # Debian's sshd wants it of root
    with open(directory / "log", "w") as log:
        server = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", directory / "sshd_config"], stderr=log)
    try:
        wait_for_port(port, server)
        yield Sshd(directory, port)
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(directory, ignore_errors=True)
