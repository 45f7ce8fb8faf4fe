"""A TCP proxy as bad as a village's link: slow, late, and cut when enough has passed.

What it counts are the bytes of HTTP with its headers; those of TCP and IP are not its own.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Lock, Thread
from urllib.parse import urlsplit

PACKET = 1400
"""Bytes taken at a time: about what a packet holds."""


@dataclass(kw_only=True)
class Way:
    """One direction of the link: its rate, how long a byte travels, and how many have passed.

    `cut_after` counts the bytes of one connection; None lets all pass.
    """

    bytes_per_s: float | None = None
    delay_s: float = 0.0
    cut_after: int | None = None
    passed: int = 0
    _free_at: float = 0.0
    _lock: Lock = field(default_factory=Lock)

    def arrival(self, size: int, sent_at: float) -> float:
        """When `size` bytes that are sent at a time are through; the link is one for all."""
        with self._lock:
            self.passed += size
            seconds = size / self.bytes_per_s if self.bytes_per_s else 0.0
            self._free_at = max(self._free_at, sent_at) + seconds
            return self._free_at + self.delay_s


@dataclass
class Proxy:
    """Stands between a tablet and a county, and can be told at any time to behave otherwise."""

    target: tuple[str, int]
    up: Way = field(default_factory=Way)
    down: Way = field(default_factory=Way)
    connections: int = 0
    _listener: socket.socket = field(init=False)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))

    @property
    def url(self) -> str:
        """The address a tablet is given in place of the county's."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def serve(self) -> None:
        """Take connections until the proxy is closed, then wait for the last of them."""
        carriers: list[Thread] = []
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                break
            self.connections += 1
            carriers.append(Thread(target=self._carry, args=(near,)))
            carriers[-1].start()
        for carrier in carriers:
            carrier.join()

    def close(self) -> None:
        """Stop taking connections."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _carry(self, near: socket.socket) -> None:
        try:
            far = socket.create_connection(self.target)
        except OSError:
            near.close()
            return
        # Opening a connection costs a journey there and back before the first byte.
        opened_at = time.monotonic() + self.up.delay_s + self.down.delay_s
        up = Thread(target=_pump, args=(near, far, self.up, opened_at))
        down = Thread(target=_pump, args=(far, near, self.down, opened_at))
        for thread in (up, down):
            thread.start()
        for thread in (up, down):
            thread.join()
        near.close()
        far.close()


def _pump(source: socket.socket, sink: socket.socket, way: Way, opened_at: float) -> None:
    on_the_way: SimpleQueue[tuple[float, bytes]] = SimpleQueue()
    delivering = Thread(target=_deliver, args=(on_the_way, sink))
    delivering.start()
    passed = 0
    arrives_at = opened_at
    try:
        while chunk := source.recv(PACKET):
            if way.cut_after is not None:
                chunk = chunk[: max(way.cut_after - passed, 0)]
            passed += len(chunk)
            arrives_at = way.arrival(len(chunk), max(time.monotonic(), opened_at))
            on_the_way.put((arrives_at, chunk))
            if way.cut_after is not None and passed >= way.cut_after:
                break
    except OSError:
        pass
    on_the_way.put((arrives_at, b""))
    delivering.join()
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            continue


def _deliver(on_the_way: SimpleQueue[tuple[float, bytes]], sink: socket.socket) -> None:
    try:
        while (parcel := on_the_way.get())[1]:
            time.sleep(max(parcel[0] - time.monotonic(), 0.0))
            sink.sendall(parcel[1])
    except OSError:
        return


@contextmanager
def proxy_before(
    county_url: str, up: Way | None = None, down: Way | None = None
) -> Iterator[Proxy]:
    """A running proxy in front of a county."""
    address = urlsplit(county_url)
    proxy = Proxy((address.hostname or "", address.port or 0), up or Way(), down or Way())
    thread = Thread(target=proxy.serve)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join()
