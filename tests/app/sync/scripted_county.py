"""A transport that answers as it is told and remembers what it was asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.sync.coding import plain
from app.sync.transport import Answer

COUNTY_KEY = Ed25519PrivateKey.generate()
"""The key this county signs with."""

Reply = Answer | Exception | Callable[["Asked"], Answer]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request as it arrived."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    method: str = "POST"

    @property
    def said(self) -> dict[str, Any]:
        """The request's JSON."""
        said = json.loads(plain(self.body, self.headers.get("Content-Encoding", "")))
        assert isinstance(said, dict)
        return said


@dataclass
class ScriptedTransport:
    """Gives the replies one after the other; an exception among them is raised."""

    replies: Iterable[Reply]
    asked: list[Asked] = field(default_factory=list)
    is_closed: bool = False
    _rest: Iterator[Reply] = field(init=False)

    def __post_init__(self) -> None:
        self._rest = iter(self.replies)

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        return self._answered(Asked(path=path, headers=dict(headers), body=body))

    def get(self, path: str, headers: Mapping[str, str]) -> Answer:
        return self._answered(Asked(path=path, headers=dict(headers), body=b"", method="GET"))

    def _answered(self, request: Asked) -> Answer:
        self.asked.append(request)
        reply = next(self._rest)
        if isinstance(reply, Exception):
            raise reply
        return reply if isinstance(reply, Answer) else reply(request)

    def close(self) -> None:
        self.is_closed = True


def as_json(said: Mapping[str, Any], status: int = 200, **headers: str) -> Answer:
    """A JSON answer."""
    return Answer(
        status=status,
        headers={"content-type": "application/json", **headers},
        body=json.dumps(said).encode(),
    )
