"""A tablet on a bad link: cut, lost, answered by others, and nothing is lost or done twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.store.outbox import OutboxState
from app.store.queries.device import LAST_FAILURE
from app.sync.county_call import content_of
from app.sync.pace import UP, Paces
from app.sync.transport import Answer, HttpTransport
from app.sync.troubles import SyncTrouble, Trouble
from core.wire.envelopes import RESPONSES
from county.config import utc_now
from county.tables import OperationRow
from simulation.proxy import proxy_before
from tests.builders import a_contract, a_follow_up
from tests.county.conftest import HOUSEHOLD, RESIDENT, World, served
from tests.county_world import write_records
from tests.fakes import FakeClock
from tests.tablet_world import TabletHere

TODAY = utc_now().date()


@pytest.fixture
def url(world: World) -> Iterator[str]:
    with served(world, HOUSEHOLD, RESIDENT, a_contract(RESIDENT.id)) as address:
        yield address


@pytest.fixture
def tablet(world: World, url: str) -> TabletHere:
    return world.level_tablet(url)


class BadLink(HttpTransport):
    """A link that spoils what `spoil` says: called with the real post, gives what arrives."""

    spoil: Callable[[Callable[[], Answer]], Answer] = staticmethod(lambda post: post())

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        return type(self).spoil(lambda: super(BadLink, self).post(path, body, headers))


@pytest.fixture
def bad_link(tablet: TabletHere) -> type[BadLink]:
    """The tablet's link, to be spoilt by setting `spoil`."""

    class Link(BadLink):
        pass

    tablet.link._connect = Link
    return Link


def operations(world: World) -> int:
    with world.database.reading() as session:
        return session.scalar(select(func.count()).select_from(OperationRow)) or 0


def lost(post: Callable[[], Answer]) -> Answer:
    """The county has answered, and nobody hears it."""
    post()
    raise SyncTrouble(Trouble.OFFLINE)


def test_a_reply_lost_after_the_county_committed_costs_nothing(
    world: World, tablet: TabletHere, bad_link: type[BadLink]
) -> None:
    tablet.save(a_follow_up(RESIDENT.id, TODAY), a_follow_up(RESIDENT.id, TODAY))
    bad_link.spoil = staticmethod(lost)
    assert tablet.synchronise().failed == Trouble.OFFLINE
    assert tablet.states() == [OutboxState.QUEUED, OutboxState.QUEUED]
    bad_link.spoil = BadLink.spoil
    assert tablet.synchronise().receipted == 2
    assert operations(world) == 2


@pytest.mark.parametrize("skewed", [False, True], ids=["taken", "refused"])
def test_an_edit_that_is_answered_again_in_a_later_trip_does_not_stand_over_what_the_county_has(
    world: World, tablet: TabletHere, bad_link: type[BadLink], skewed: bool
) -> None:
    right = tablet.clock
    clock = FakeClock(moment=utc_now() + timedelta(days=3 if skewed else 0))
    for phone in ("13900000001", "13900000002"):
        replace(tablet, clock=clock).edit(RESIDENT.id, phone=phone)
    bad_link.spoil = staticmethod(lost)
    assert tablet.synchronise().failed == Trouble.OFFLINE
    office = replace(RESIDENT, phone="13900000003")
    write_records(world.database, right.now() + timedelta(seconds=1), office)

    # One edit a trip: the first brings what the county has, while the second is not answered.
    trips: list[int] = []

    def counted(post: Callable[[], Answer]) -> Answer:
        trips.append(1)
        return post()

    bad_link.spoil = staticmethod(counted)
    tablet.link._paces = replace(Paces(), up=replace(UP, size=1, least=1))
    assert tablet.synchronise().failed is None
    assert (tablet.body(RESIDENT.id) or {})["phone"] == "13900000003"
    assert tablet.is_level
    assert len(trips) == 2, "nothing was left for a repair to find"


@pytest.mark.parametrize("cut_after", [1, 200, 700, 1_200])
@pytest.mark.parametrize("direction", ["up", "down"])
def test_a_connection_cut_at_any_byte_loses_and_doubles_nothing(
    world: World, url: str, direction: str, cut_after: int
) -> None:
    with proxy_before(url) as proxy:
        tablet = world.tablet(proxy.url)
        tablet.save(a_follow_up(RESIDENT.id, TODAY))
        if direction == "up":
            proxy.up.cut_after = cut_after
        else:
            proxy.down.cut_after = cut_after
        tablet.synchronise()
        proxy.up.cut_after = proxy.down.cut_after = None
        # The kept record reaches the county exactly once, with or without the cut.
        assert tablet.synchronise().failed is None
    assert tablet.states() == [OutboxState.RECEIPTED]
    assert operations(world) == 1


def page(status: int, **headers: str) -> Answer:
    return Answer(status=status, headers={"content-type": "text/html", **headers}, body=b"<html>")


def said(body: bytes, **headers: str) -> Answer:
    return Answer(status=200, headers={"content-type": "application/json", **headers}, body=body)


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (page(200), "not_the_county"),
        (page(302, location="http://login"), "not_the_county"),
        (page(404), "not_the_county"),
        (page(502), "busy"),
        (page(500), "county_trouble"),
        (page(429, **{"retry-after": "40"}), "busy"),
        (said(b"{"), "not_understood"),
        (said(b"{}"), "not_understood"),
        (said(b"not zstd", **{"content-encoding": "zstd"}), "not_understood"),
    ],
)
def test_whatever_answers_in_the_countys_stead_is_named_and_nothing_is_lost(
    tablet: TabletHere, bad_link: type[BadLink], answer: Answer, trouble: str
) -> None:
    tablet.save(a_follow_up(RESIDENT.id, TODAY))
    bad_link.spoil = staticmethod(lambda _post: answer)
    result = tablet.synchronise()
    assert result.failed == trouble == tablet.setting(LAST_FAILURE)
    assert result.retry_after_s == (40 if answer.status == 429 else None)
    assert tablet.states() == [OutboxState.QUEUED]
    bad_link.spoil = BadLink.spoil
    assert tablet.synchronise().receipted == 1


def test_a_batch_that_is_too_large_is_halved_until_it_goes(
    world: World, tablet: TabletHere, bad_link: type[BadLink]
) -> None:
    refusals = iter(range(3))

    def too_large(post: Callable[[], Answer]) -> Answer:
        if next(refusals, None) is None:
            return post()
        return page(413)

    tablet.save(*(a_follow_up(RESIDENT.id, TODAY) for _ in range(60)))
    bad_link.spoil = staticmethod(too_large)
    assert tablet.synchronise().receipted == 60
    assert operations(world) == 60


def test_a_receipt_the_county_did_not_sign_is_not_believed(
    tablet: TabletHere, bad_link: type[BadLink]
) -> None:
    def forge(post: Callable[[], Answer]) -> Answer:
        true = RESPONSES.validate_json(content_of(post()))
        taken = tuple(replace(run, last_seq=run.last_seq + 1) for run in true.taken)
        return said(RESPONSES.dump_json(replace(true, taken=taken)))

    tablet.save(a_follow_up(RESIDENT.id, TODAY))
    bad_link.spoil = staticmethod(forge)
    assert tablet.synchronise().failed == Trouble.FALSE_RECEIPT
    assert tablet.states() == [OutboxState.QUEUED]


def test_without_a_county_the_sentence_is_offline(world: World, tablet: TabletHere) -> None:
    tablet.link._connect = lambda _url: HttpTransport("http://127.0.0.1:9")
    assert tablet.synchronise().failed == Trouble.OFFLINE


def test_a_cancelled_synchronisation_keeps_what_has_gone_through(
    tablet: TabletHere, bad_link: type[BadLink]
) -> None:
    def cancel_then_post(post: Callable[[], Answer]) -> Answer:
        tablet.link.cancel()
        return post()

    tablet.save(*(a_follow_up(RESIDENT.id, TODAY) for _ in range(UP.size + 1)))
    tablet.link._paces = Paces()
    bad_link.spoil = staticmethod(cancel_then_post)
    result = tablet.synchronise()
    assert (result.failed, result.receipted) == (Trouble.CANCELLED, UP.size)
