"""Synchronisation over a village's link: 64 kbit/s each way, 300 ms there and back, and cuts.

Bytes are those the proxy has carried, HTTP headers included, TCP and IP not.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from sqlmodel import col, select

from app.store.outbox import OutboxState, sent_through
from app.store.tables import DeviceRow, OutboxRow
from app.sync.pace import UP, Paces
from bench.figures import Figure
from bench.visits import a_visit
from core.followups import FollowUp
from simulation.proxy import Proxy, Way, proxy_before

if TYPE_CHECKING:
    from bench.sync import Tablet

RATE = 64_000 / 8
ONE_WAY_S = 0.15
ROUNDS = 5
PUSHED, PULLED = 500, 1_000
CUT_AFTER = 100
"""Bytes of the county's answer that still arrive: not even its headers are whole."""


def figures(sender: Tablet, reader: Tablet, scope: str) -> Iterator[Figure]:
    """What a day's visit, a month's and a village's cost where the link is at its worst."""
    reader.synchronise()
    with _slow(sender) as link:
        times = [_pushed(sender, link, scope, 1)[0] for _ in range(ROUNDS)]
        yield Figure(name="slow_push_1", value=statistics.median(times), unit="s", mark=1.5)
        seconds, up, down = _pushed(sender, link, scope, PUSHED)
        yield Figure(name="slow_push_500", value=seconds, unit="s", mark=10)
        yield Figure(name="slow_push_500_up", value=up / 1e3, unit="kB", mark=52)
        yield Figure(name="slow_push_500_down", value=down / 1e3, unit="kB")
    reader.synchronise()
    sender.save(_visits(sender, scope, PULLED))
    sender.synchronise()
    with _slow(reader) as link:
        seconds, up, down = _carried(reader, link)
        yield Figure(name="slow_pull_1000", value=seconds, unit="s", mark=15)
        yield Figure(name="slow_pull_1000_up", value=up / 1e3, unit="kB")
        yield Figure(name="slow_pull_1000_down", value=down / 1e3, unit="kB", mark=110)
    yield _sent_again(sender, scope)


def _sent_again(tablet: Tablet, scope: str) -> Figure:
    """What goes twice because the first answer was cut: no more than its batch."""
    tablet.link._paces = Paces()  # as after starting the app: batches of the first size
    tablet.save(_visits(tablet, scope, 3 * UP.size))
    with _through(tablet, Way(), Way(cut_after=CUT_AFTER)) as link:
        cut = tablet.link.synchronise(tablet.store, lambda _: None)
        if cut.failed is None:
            raise RuntimeError("the answer was not cut")
        with tablet.store.transaction() as session:
            gone = select(OutboxRow).where(
                OutboxRow.state == OutboxState.QUEUED,
                col(OutboxRow.device_seq) <= sent_through(session),
            )
            again = len(session.exec(gone).all())
        link.down.cut_after = None
        tablet.synchronise()
    return Figure(name="after_cut_sent_again", value=again, unit="records", mark=UP.size)


def _pushed(tablet: Tablet, link: Proxy, scope: str, count: int) -> tuple[float, int, int]:
    tablet.save(_visits(tablet, scope, count))
    return _carried(tablet, link)


def _carried(tablet: Tablet, link: Proxy) -> tuple[float, int, int]:
    """The seconds of one synchronisation and the bytes it took up and down."""
    up, down = link.up.passed, link.down.passed
    seconds, _, _ = tablet.synchronise()
    return seconds, link.up.passed - up, link.down.passed - down


def _visits(tablet: Tablet, scope: str, count: int) -> list[FollowUp]:
    return [a_visit(tablet.doctor_id, scope, number) for number in range(count)]


def _slow(tablet: Tablet) -> AbstractContextManager[Proxy]:
    up, down = (Way(bytes_per_s=RATE, delay_s=ONE_WAY_S) for _ in range(2))
    return _through(tablet, up, down)


@contextmanager
def _through(tablet: Tablet, up: Way, down: Way) -> Iterator[Proxy]:
    """A link in front of the county that this tablet goes by until the block ends."""
    with proxy_before(tablet.county_url, up, down) as link:
        _go_by(tablet, link.url)
        yield link
    _go_by(tablet, tablet.county_url)


def _go_by(tablet: Tablet, url: str) -> None:
    with tablet.store.transaction() as session:
        session.exec(select(DeviceRow)).one().county_url = url
