"""Whether a server could listen at a port of this machine, and if not, why."""

from __future__ import annotations

import errno
import socket
from collections.abc import Mapping
from typing import Any

from core.refusals import Refusal, Refused

FIRST, LAST = 1, 65_535
OBSTACLES: Mapping[int, str] = {
    errno.EADDRINUSE: "port.taken",
    errno.EACCES: "port.no_rights",
    errno.EPERM: "port.no_rights",
    errno.EADDRNOTAVAIL: "port.not_of_this_machine",
    errno.EAFNOSUPPORT: "port.not_of_this_machine",
}


def check_port(host: str, port: int) -> None:
    """Raises Refused where no server can listen there.

    `port.taken` by another program, `port.no_rights` for the low ports of most machines,
    `port.not_of_this_machine` and `port.unknown_host` where it is the host that is wrong,
    `port.range`.
    """
    values = {"host": host, "port": port}
    if not FIRST <= port <= LAST:
        values |= {"first": FIRST, "last": LAST}
        raise Refused(Refusal(code="port.range", place="port", values=values))
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError) as error:
        raise Refused(Refusal(code="port.unknown_host", place="host", values=values)) from error
    for family, kind, protocol, _, address in found:
        try:
            _try(family, kind, protocol, address)
        except OSError as error:
            code = OBSTACLES.get(error.errno or 0)
            if code is None:
                raise
            raise Refused(Refusal(code=code, place="port", values=values)) from error


def _try(family: int, kind: int, protocol: int, address: Any) -> None:
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        probe.bind(address)
