"""Callers that are too slow, or never come to an end, are let go; the others are served meanwhile.

A proxy in front does the same. The county does not count on there being one.
"""

from __future__ import annotations

import asyncio
import time

from anyio import fail_after
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from core.refusals import Refusal, Refused
from county.coding import TooLarge

MOST_HEAD_BYTES = 1 << 16
"""The most a request may weigh before its body begins."""


class BoundedBodies:
    """Reads no body that weighs more, or takes longer, than a tablet's may.

    The application it wraps meets TooLarge or Refused `wire.too_slow` where it reads.
    """

    def __init__(self, app: ASGIApp, most_bytes: int, seconds: float) -> None:
        self._app = app
        self._most_bytes = most_bytes
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, its body bounded."""
        if scope["type"] == "http":
            receive = _Body(receive, self._most_bytes, time.monotonic() + self._seconds).receive
        await self._app(scope, receive, send)


class _Body:
    """The body of one request, under way."""

    def __init__(self, receive: Receive, most_bytes: int, due_s: float) -> None:
        self._receive = receive
        self._left_bytes = most_bytes
        self._due_s = due_s
        self._is_whole = False

    async def receive(self) -> Message:
        if self._is_whole:  # what may still come is the caller going away, in its own time
            return await self._receive()
        try:
            with fail_after(max(self._due_s - time.monotonic(), 0.0)):
                message = await self._receive()
        except TimeoutError as error:
            raise Refused(Refusal(code="wire.too_slow")) from error
        self._is_whole = not message.get("more_body", False)
        self._left_bytes -= len(message.get("body", b""))
        if self._left_bytes < 0:
            raise TooLarge
        return message


class BoundedHeads(HttpToolsProtocol):
    """HTTP as uvicorn speaks it, on connections where a request's head has to be whole in time.

    What has begun no request when the seconds are over, and whoever goes on sending behind the
    answer, finds the connection closed.
    """

    head_s: float
    _due: asyncio.TimerHandle | None = None
    _is_in_head = False
    _head_bytes = 0

    def connection_made(  # type: ignore[override]  # uvicorn narrows the argument as well
        self, transport: asyncio.Transport
    ) -> None:
        """The first head is awaited from here on."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is awaited any more."""
        self._head_is_whole()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Whatever comes while no request is under way belongs to the next one's head."""
        if self.cycle is None or self.cycle.response_complete:
            self._await_head()
        super().data_received(data)
        if self._is_in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES:
                self.transport.close()

    def on_message_begin(self) -> None:
        """A head begins."""
        self._is_in_head, self._head_bytes = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is whole; its body has a bound of its own."""
        self._head_is_whole()
        super().on_headers_complete()

    def _await_head(self) -> None:
        if self._due is None:
            self._due = self.loop.call_later(self.head_s, self.transport.close)

    def _head_is_whole(self) -> None:
        self._is_in_head = False
        if self._due is not None:
            self._due.cancel()
            self._due = None


def heads_within(seconds: float) -> type[BoundedHeads]:
    """The protocol with so many seconds for a head."""

    class Within(BoundedHeads):
        head_s = seconds

    return Within
