"""A TCP proxy that counts bytes and cuts the connection when enough have passed."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from urllib.parse import urlsplit


@dataclass
class CuttingProxy:
    """`cut_up_after` and `cut_down_after` are bytes of one connection; None lets all pass."""

    target: tuple[str, int]
    cut_up_after: int | None = None
    cut_down_after: int | None = None
    connections: int = 0
    _listener: socket.socket = field(init=False)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def serve(self) -> None:
        """Take connections until the listener is closed."""
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            far = socket.create_connection(self.target)
            up = Thread(target=_pump, args=(near, far, self.cut_up_after))
            down = Thread(target=_pump, args=(far, near, self.cut_down_after))
            for thread in (up, down):
                thread.start()
            for thread in (up, down):
                thread.join()
            near.close()
            far.close()

    def close(self) -> None:
        """Stop taking connections."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def _pump(source: socket.socket, sink: socket.socket, limit: int | None) -> None:
    passed = 0
    try:
        while chunk := source.recv(4096):
            if limit is not None and passed + len(chunk) >= limit:
                sink.sendall(chunk[: limit - passed])
                break
            sink.sendall(chunk)
            passed += len(chunk)
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            continue


@contextmanager
def cutting_proxy(county_url: str) -> Iterator[CuttingProxy]:
    """A running proxy in front of a county."""
    address = urlsplit(county_url)
    proxy = CuttingProxy((address.hostname or "", address.port or 0))
    thread = Thread(target=proxy.serve)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join()
