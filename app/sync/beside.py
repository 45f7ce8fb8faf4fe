"""A call to the county that is under way while the tablet does work of its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import Protocol, TypeVar

T = TypeVar("T")


class Beside(Protocol):
    """Carries one call at a time out beside the caller's own work, for one synchronisation."""

    def begin(self, call: Callable[[], T]) -> Callable[[], T]:
        """Begin a call; what comes back waits for its end, and gives or raises what it did."""

    def close(self) -> None:
        """Wait for what is still under way; nobody asks for its answer any more."""


class InAThread:
    """Stands behind Beside with a thread for each call; none is made where nothing is begun."""

    def __init__(self) -> None:
        self._thread: Thread | None = None

    def begin(self, call: Callable[[], T]) -> Callable[[], T]:
        """See Beside."""
        answer: Future[T] = Future()
        # A daemon, as the worker's own thread is: leaving the app waits for no network.
        self._thread = Thread(target=carry, args=(call, answer), name="sync-call", daemon=True)
        self._thread.start()
        return answer.result

    def close(self) -> None:
        """See Beside."""
        if self._thread is not None:
            self._thread.join()


def carry(call: Callable[[], T], answer: Future[T]) -> None:
    """Carry a call out, and leave what it gave or raised in the answer."""
    try:
        answer.set_result(call())
    except BaseException as error:  # whatever it is, it belongs to whoever waits
        answer.set_exception(error)
