"""The background worker: when it is due, that a save hurries it, that it ends when told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from queue import Queue

import pytest

from app.county_link import SyncResult
from app.logs import close_log, open_log
from app.sync.troubles import Trouble
from app.sync.worker import EVERY_S, SETTLE_S, Schedule, SyncWorker
from tests.fakes import FakeClock

PATIENCE_S = 10


def schedule() -> Schedule:
    return Schedule(lambda: 1.0)


def test_the_first_synchronisation_is_due_at_once() -> None:
    assert schedule().due_s <= 0


def test_after_a_good_one_the_next_is_due_in_a_quarter_of_an_hour() -> None:
    made = schedule()
    made.ended(100.0, None)
    assert made.due_s == 100.0 + EVERY_S


def test_a_save_brings_the_next_one_forward_and_waits_for_the_save_after_it() -> None:
    made = schedule()
    made.ended(100.0, None)
    made.nudged(200.0)
    assert made.due_s == 200.0 + SETTLE_S


def test_a_save_while_one_runs_gets_one_of_its_own() -> None:
    made = schedule()
    made.began()
    made.nudged(100.0)
    made.ended(110.0, None)
    assert made.due_s == 110.0 + SETTLE_S


def test_one_that_was_cancelled_while_work_goes_on_is_made_up_for_soon() -> None:
    made = schedule()
    made.began()
    made.ended(100.0, Trouble.CANCELLED)
    assert made.due_s == 100.0 + SETTLE_S


def test_a_save_during_a_back_off_does_not_hurry_the_county() -> None:
    made = schedule()
    made.ended(100.0, Trouble.BUSY, 60.0)
    made.nudged(101.0)
    assert made.due_s == 160.0


def test_passing_troubles_wait_longer_each_time_and_a_good_one_forgets_them() -> None:
    made = schedule()
    waits = []
    for _ in range(3):
        made.ended(0.0, Trouble.OFFLINE)
        waits.append(made.due_s)
    assert waits == [5.0, 10.0, 20.0]
    made.ended(0.0, None)
    made.ended(0.0, Trouble.OFFLINE)
    assert made.due_s == 5.0


@pytest.mark.parametrize("trouble", [Trouble.REVOKED, Trouble.NOT_ENROLLED, Trouble.CLOCK_OFF])
def test_a_trouble_that_stays_is_not_hammered_at(trouble: Trouble) -> None:
    made = schedule()
    made.ended(0.0, trouble)
    assert made.due_s == EVERY_S


def worker(synchronise: Callable[[], SyncResult], clock: FakeClock) -> SyncWorker:
    return SyncWorker(synchronise, lambda: None, clock, lambda: 0.0)


def test_the_worker_runs_at_the_start_and_again_after_a_save(clock: FakeClock) -> None:
    runs: Queue[float] = Queue()

    def synchronise() -> SyncResult:
        runs.put(clock.elapsed)
        return SyncResult(finished_at=clock.now())

    made = worker(synchronise, clock)
    made.start()
    assert runs.get(timeout=PATIENCE_S) == 0.0
    clock.forward(seconds=30)
    made.nudge()
    clock.forward(seconds=SETTLE_S)
    made.nudge()
    assert runs.get(timeout=PATIENCE_S) == 30.0 + SETTLE_S
    made.stop()
    made.join(PATIENCE_S)


def test_an_error_nobody_expected_is_logged_by_its_type_and_tried_again_after_a_while(
    clock: FakeClock, tmp_path: Path
) -> None:
    runs: Queue[bool] = Queue()
    troubles: list[Exception] = [ZeroDivisionError("李秀英 180/120")]

    def synchronise() -> SyncResult:
        runs.put(bool(troubles))
        if troubles:
            raise troubles.pop()
        return SyncResult(finished_at=clock.now())

    open_log(tmp_path / "tablet.log")
    # A back-off of no length: after a trouble that stays, the next would be a quarter hour away.
    made = worker(synchronise, clock)
    made.start()
    assert [runs.get(timeout=PATIENCE_S) for _ in range(2)] == [True, False]
    made.stop()
    made.join(PATIENCE_S)
    close_log()
    told = (tmp_path / "tablet.log").read_text("utf-8")
    assert '"event": "sync.worker_error", "type": "zero_division_error"' in told
    assert "李秀英" not in told


def test_a_worker_that_was_never_started_can_be_stopped(clock: FakeClock) -> None:
    made = worker(lambda: SyncResult(finished_at=clock.now()), clock)
    made.stop()
    made.join(PATIENCE_S)


def test_stopping_cancels_what_runs(clock: FakeClock) -> None:
    cancelled: Queue[bool] = Queue()
    began: Queue[bool] = Queue()
    ended = []

    def synchronise() -> SyncResult:
        began.put(True)
        ended.append(cancelled.get(timeout=PATIENCE_S))
        return SyncResult(finished_at=clock.now(), failed=Trouble.CANCELLED)

    made = SyncWorker(synchronise, lambda: cancelled.put(True), clock, lambda: 0.0)
    made.start()
    began.get(timeout=PATIENCE_S)
    made.stop()
    made.join(PATIENCE_S)
    assert ended == [True]
