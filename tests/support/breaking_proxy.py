"""A TCP proxy on the loopback that breaks connections: cuts them, or lets them go silent, after so many bytes."""
import contextlib
import socket
import threading

BLOCK = 65536


class BreakingProxy:
    """`faults` holds one entry for each connection to come, in order: None (it passes), ("cut", BYTES) or
    ("stall", BYTES), counted from the server to the client. Later connections pass. `served` counts those bytes."""

    def __init__(self, server_port, faults=()):
        self.server_port = server_port
        self.faults = list(faults)
        self.served = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.open = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)  # close alone would let the accept that waits take one more
        self.listener.close()
        for one in self.open:
            one.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.create_connection(("127.0.0.1", self.server_port))
                self.open += [client, server]
                index = len(self.served)
                self.served.append(0)
                fault = self.faults.pop(0) if self.faults else None
                threading.Thread(target=self._forward, args=(client, server), daemon=True).start()
                threading.Thread(target=self._serve, args=(server, client, index, fault), daemon=True).start()

    @staticmethod
    def _forward(client, server):
        with contextlib.suppress(OSError):
            while block := client.recv(BLOCK):
                server.sendall(block)
            server.shutdown(socket.SHUT_WR)

    def _serve(self, server, client, index, fault):
        with contextlib.suppress(OSError):
            while block := server.recv(BLOCK):
                left = fault[1] - self.served[index] if fault else len(block)
                client.sendall(block[:left])
                self.served[index] += len(block[:left])
                if fault and left <= len(block):
                    if fault[0] == "stall":
                        return
                    break
        for one in (client, server):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def breaking_proxy(server_port, faults=()):
    proxy = BreakingProxy(server_port, faults)
    try:
        yield proxy
    finally:
        proxy.close()
