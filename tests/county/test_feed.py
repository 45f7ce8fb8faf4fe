"""The numbered changes a tablet is sent: dense, in order, and only what still stands."""

from __future__ import annotations

from dataclasses import replace

from core.wire.digests import EMPTY_ROOT, record_digest, root_text
from core.wire.envelopes import Cursor
from county.db import Database
from county.feed import Feed, Page
from county.tables import ScopeHeadRow
from tests.builders import COUNTY_ID, SCOPE, a_household, a_resident
from tests.county.conftest import NOW
from tests.county_world import OTHER_SCOPE, write_records


def page(
    county: Database, cursors: dict[str, Cursor] | None = None, want: int = 100, *scopes: str
) -> Page:
    with county.reading() as session:
        wanted = scopes or (SCOPE,)
        return Feed(session, COUNTY_ID, wanted).page(wanted, cursors or {}, want)


def test_changes_are_numbered_from_one_without_a_gap(county: Database) -> None:
    for _ in range(3):
        write_records(county, NOW, a_household(), a_household())
    assert [change.seq for change in page(county).changes] == [1, 2, 3, 4, 5, 6]


def test_a_full_page_says_that_there_is_more_and_the_next_goes_on_behind_it(
    county: Database,
) -> None:
    write_records(county, NOW, *(a_household() for _ in range(5)))
    first = page(county, want=3)
    second = page(county, first.cursors, want=3)
    assert (len(first.changes), first.has_more) == (3, True)
    assert ([change.seq for change in second.changes], second.has_more) == ([4, 5], False)
    third = page(county, second.cursors)
    assert (third.changes, third.cursors, third.has_more) == ((), {}, False)


def test_a_page_that_ends_exactly_at_the_head_promises_no_more(county: Database) -> None:
    write_records(county, NOW, *(a_household() for _ in range(3)))
    assert page(county, want=3).has_more is False


def test_a_record_changed_twice_is_sent_once_as_it_stands(county: Database) -> None:
    household = a_household()
    write_records(county, NOW, household)
    write_records(county, NOW, replace(household, head_name="李秀英"))
    sent = page(county)
    assert [(change.seq, change.revision) for change in sent.changes] == [(2, 2)]
    assert (sent.changes[0].body or {})["head_name"] == "李秀英"


def test_writing_what_already_stands_changes_nothing(county: Database) -> None:
    household = a_household()
    write_records(county, NOW, household)
    before = page(county)
    write_records(county, NOW, household)
    assert page(county) == before


def test_a_record_that_moves_is_removed_from_one_scope_and_put_in_the_other(
    county: Database,
) -> None:
    resident = a_resident()
    write_records(county, NOW, resident)
    write_records(county, NOW, replace(resident, scope_id=OTHER_SCOPE))
    assert [(c.seq, c.action, c.body) for c in page(county).changes] == [(2, "remove", None)]
    other = page(county, None, 100, OTHER_SCOPE)
    assert [(c.seq, c.action) for c in other.changes] == [(1, "put")]
    assert page(county).roots == {SCOPE: EMPTY_ROOT}


def test_a_scopes_root_is_the_sum_over_what_stands_in_it(county: Database) -> None:
    kept, changed = a_household(), a_household()
    write_records(county, NOW, kept, changed)
    write_records(county, NOW, replace(changed, head_name="李秀英"))
    sent = page(county)
    total = sum(record_digest(c.record_id, c.revision, c.hash) for c in page(county, {}, 9).changes)
    assert sent.roots == {SCOPE: root_text(total)}
    assert {c.record_id for c in sent.changes} == {kept.id, changed.id}


def test_a_cursor_of_another_epoch_starts_the_scope_over(county: Database) -> None:
    write_records(county, NOW, a_household())
    read = page(county).cursors
    with county.writing() as session:
        session.get_one(ScopeHeadRow, (COUNTY_ID, SCOPE)).epoch = "restored"
    again = page(county, read)
    assert len(again.changes) == 1
    assert again.cursors == {SCOPE: Cursor(epoch="restored", seq=1)}


def test_a_cursor_beyond_the_head_starts_the_scope_over(county: Database) -> None:
    write_records(county, NOW, a_household())
    epoch = page(county).cursors[SCOPE].epoch
    assert len(page(county, {SCOPE: Cursor(epoch=epoch, seq=99)}).changes) == 1


def test_a_scope_that_is_no_longer_the_tablets_is_named(county: Database) -> None:
    write_records(county, NOW, a_household(), a_household(scope_id=OTHER_SCOPE))
    read = page(county, None, 100, SCOPE, OTHER_SCOPE).cursors
    assert page(county, read).dropped_scopes == (OTHER_SCOPE,)


def test_what_the_tablet_has_just_sent_is_numbered_in_runs_and_takes_no_room(
    county: Database,
) -> None:
    mine, theirs = [a_household() for _ in range(4)], a_household()
    write_records(county, NOW, mine[0], mine[1], theirs, mine[2], mine[3])
    own = {household.id: 7 + at for at, household in enumerate(mine)}
    with county.reading() as session:
        sent = Feed(session, COUNTY_ID, (SCOPE,)).page((SCOPE,), {}, 1, own)
    assert [change.record_id for change in sent.changes] == [theirs.id]
    assert [(run.seq, run.device_seq, run.count) for run in sent.numbered] == [(1, 7, 2), (4, 9, 2)]
    assert (sent.has_more, sent.cursors[SCOPE].seq) == (False, 5)


def test_a_page_without_room_ends_before_what_it_leaves_out(county: Database) -> None:
    mine, theirs = a_household(), [a_household() for _ in range(3)]
    write_records(county, NOW, theirs[0], mine, theirs[1], theirs[2])
    with county.reading() as session:
        sent = Feed(session, COUNTY_ID, (SCOPE,)).page((SCOPE,), {}, 1, {mine.id: 1})
    assert [change.record_id for change in sent.changes] == [theirs[0].id]
    assert (len(sent.numbered), sent.has_more, sent.cursors[SCOPE].seq) == (1, True, 2)
