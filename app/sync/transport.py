"""The wire itself: one request, its time-outs, and what a bad link answers in its stead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Protocol
from urllib.parse import urlsplit

import requests
import urllib3

from app.sync.troubles import SyncTrouble, Trouble

CONNECT_S = 10.0
READ_S = 60.0
MOST_ANSWER_BYTES = 16 << 20
_CHUNK_BYTES = 1 << 13
_PARTIAL = 206


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: the body as sent, still compressed; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport(Protocol):
    """Something that can carry requests to one county."""

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """The county's answer, whatever its status; raises SyncTrouble where none came."""

    def get(self, path: str, headers: Mapping[str, str]) -> Answer:
        """The same without a body; a part (206) cut on its way is given as far as it came."""

    def close(self) -> None:
        """Give its connections back."""


class _Session(requests.Session):
    """Follows nobody: a captive portal's redirect is an answer like any other."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        del resp
        return None


class HttpTransport:
    """Requests over HTTP with a connection kept open between them."""

    def __init__(self, county_url: str) -> None:
        refuse_unsafe(county_url)
        self._base = county_url.rstrip("/")
        self._session = _Session()
        # Proxies of the environment must not see what only the county may.
        self._session.trust_env = False

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """See Transport."""
        return self._asked("POST", path, body, headers)

    def get(self, path: str, headers: Mapping[str, str]) -> Answer:
        """See Transport."""
        return self._asked("GET", path, None, headers)

    def _asked(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        try:
            with self._session.request(
                method,
                self._base + path,
                data=body,
                headers=dict(headers),
                timeout=(CONNECT_S, READ_S),
                allow_redirects=False,
                stream=True,
            ) as response:
                names = {name.lower(): value for name, value in response.headers.items()}
                said = _body(response)
                if not said and not _tells_its_end(names):
                    # The connection broke within the head: what there is of it says nothing.
                    raise SyncTrouble(Trouble.OFFLINE)
                return Answer(status=response.status_code, headers=names, body=said)
        except requests.exceptions.SSLError as error:
            raise SyncTrouble(Trouble.UNSAFE) from error
        except (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError) as error:
            raise SyncTrouble(Trouble.TIMEOUT, is_under_way=_was_reached(error)) from error
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
            raise SyncTrouble(Trouble.OFFLINE, is_under_way=_was_reached(error)) from error

    def close(self) -> None:
        """See Transport."""
        self._session.close()


def refuse_unsafe(county_url: str) -> None:
    """Raises SyncTrouble `unsafe` for an address without TLS that leaves this machine."""
    address = urlsplit(county_url)
    if address.scheme == "https" and address.hostname:
        return
    if address.scheme == "http" and _is_loopback(address.hostname or ""):
        return
    raise SyncTrouble(Trouble.UNSAFE)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _was_reached(error: Exception) -> bool:
    """Whether there was a connection to fail; urllib3 counts what it could not make as too slow."""
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", None)
    return not isinstance(reason, urllib3.exceptions.ConnectTimeoutError)


def _tells_its_end(names: Mapping[str, str]) -> bool:
    """Whether the head says where the answer ends, as every county's does."""
    if names.get("transfer-encoding", "").lower() == "chunked":
        return True
    return names.get("content-length", "").isdigit()


def _body(response: requests.Response) -> bytes:
    # Read undecoded: the length is bounded before anything is decompressed.
    body = bytearray()
    try:
        for chunk in response.raw.stream(_CHUNK_BYTES, decode_content=False):
            body += chunk
            if len(body) > MOST_ANSWER_BYTES:
                raise SyncTrouble(Trouble.NOT_THE_COUNTY)
    except urllib3.exceptions.HTTPError:
        # Any beginning of a part is of use: the next request goes on behind it.
        if response.status_code != _PARTIAL or not body:
            raise
    return bytes(body)
