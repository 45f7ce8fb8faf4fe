"""A record and its operation are there together or not at all, from however many threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import delete

from app.services.workplace import Workplace
from app.store.queries import records
from app.store.tables import DeviceRow
from core.refusals import Refused
from core.vocabulary import Kind
from core.wire.envelopes import GENESIS, operation_hash
from tests.app.services.conftest import Village, come_down
from tests.app.services.visits import begin, queued, save
from tests.builders import a_contract, a_resident


def test_a_follow_up_whose_operation_cannot_be_made_is_not_stored_either(
    work: Workplace, village: Village
) -> None:
    draft = begin(work, village.wang.id)
    work.follow_ups.save_draft(draft)
    with work.store.transaction() as session:
        session.execute(delete(DeviceRow))
    with pytest.raises(Refused) as refused:
        work.follow_ups.save(draft)
    assert [refusal.code for refusal in refused.value.refusals] == ["store.damaged"]
    with work.store.transaction() as session:
        assert records.count(session, Kind.FOLLOW_UP) == 0
    assert work.follow_ups.draft_of(village.wang.id) == draft


def test_many_threads_save_without_a_gap_in_the_chain(work: Workplace, village: Village) -> None:
    residents = [a_resident(household_id=village.house.id) for _ in range(12)]
    come_down(work.store, *residents, *(a_contract(resident.id) for resident in residents))

    def visit(resident_id: str) -> str:
        work.today.list()
        return save(work, resident_id).follow_up.id

    with ThreadPoolExecutor(4) as threads:
        saved = set(threads.map(visit, [resident.id for resident in residents]))
    operations = queued(work)
    assert [operation.device_seq for operation in operations] == list(range(1, 13))
    assert {operation.record_id for operation in operations} == saved
    previous = GENESIS
    for operation in operations:
        assert operation.previous_hash == previous
        previous = operation_hash(operation)
