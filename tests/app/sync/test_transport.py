"""An answer that does not come whole is a broken link, wherever it breaks off."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest

from app.sync.transport import HttpTransport
from app.sync.troubles import SyncTrouble, Trouble

WHOLE = (
    b"HTTP/1.1 200 OK\r\nDate: Sat, 28 Nov 2026 12:00:00 GMT\r\nContent-Length: 7\r\n"
    b'Content-Type: application/json\r\n\r\n{"a":1}'
)
OTHER_ORDER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: identity\r\n"
    b'Transfer-Encoding: chunked\r\n\r\n7\r\n{"a":1}\r\n0\r\n\r\n'
)


@contextmanager
def answering(*answers: bytes) -> Iterator[str]:
    """The address of a server that gives each connection one of these, then closes it."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for answer in answers:
                connection, _ = server.accept()
                with connection:
                    connection.recv(65_536)
                    connection.sendall(answer)

        thread = Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join(20)


@pytest.mark.parametrize("whole", [WHOLE, OTHER_ORDER], ids=["with_length", "in_chunks"])
def test_an_answer_cut_at_any_byte_is_no_answer(whole: bytes) -> None:
    end = len(whole) - (5 if whole is OTHER_ORDER else 0)  # the last chunk's mark may be cut
    cut = [whole[:at] for at in range(end)]
    with answering(*cut) as url:
        for _ in cut:
            transport = HttpTransport(url)
            with pytest.raises(SyncTrouble) as trouble:
                transport.post("/sync/v1", b"{}", {})
            assert (trouble.value.code, trouble.value.is_under_way) == (Trouble.OFFLINE, True)
            transport.close()


def test_a_county_that_nobody_answers_for_was_never_reached() -> None:
    with answering() as url:
        pass
    with pytest.raises(SyncTrouble) as trouble:
        HttpTransport(url).post("/sync/v1", b"{}", {})
    assert (trouble.value.code, trouble.value.is_under_way) == (Trouble.OFFLINE, False)


@pytest.mark.parametrize("whole", [WHOLE, OTHER_ORDER], ids=["with_length", "in_chunks"])
def test_an_answer_that_comes_whole_is_given_as_it_is(whole: bytes) -> None:
    with answering(whole) as url:
        answer = HttpTransport(url).post("/sync/v1", b"{}", {})
    assert (answer.status, answer.body) == (200, b'{"a":1}')
    assert answer.headers["content-type"] == "application/json"


def test_an_empty_answer_that_says_so_is_one() -> None:
    with answering(b"HTTP/1.1 503 Busy\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n") as url:
        answer = HttpTransport(url).post("/sync/v1", b"{}", {})
    assert (answer.status, answer.headers["retry-after"], answer.body) == (503, "5", b"")


@pytest.mark.parametrize("place", [b"http://portal/", b"http://\xff[::bad/"], ids=["good", "bad"])
def test_a_portals_redirect_is_an_answer_and_followed_nowhere(place: bytes) -> None:
    head = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: "
    with answering(head + place + b"\r\n\r\n") as url:
        answer = HttpTransport(url).post("/sync/v1", b"{}", {})
    assert (answer.status, answer.body) == (302, b"")
