"""Synchronisation: where every record is, what came back and why, and sending it all now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import flet as ft

from app import routes, theme
from app.screens.hooks import use_value
from app.screens.parts import buttons, frame, surfaces, texts, wording
from app.screens.parts.delivery import DELIVERY_TONES, not_taken_words, returned_words
from app.screens.parts.handlers import on
from app.screens.parts.kept_up import kept_up
from app.screens.reading import ask_or_tell, use_answer
from app.state import AppState
from words import say

if TYPE_CHECKING:
    from app.county_link import SyncProgress, SyncResult
    from app.services.sync import RecordRow, RefusedRow, SyncView
    from app.services.views import ReturnedView


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A record with its state in words; `opens` is the follow-up a press opens."""

    record_id: str
    title: str
    detail: str
    state: str
    tone: str
    opens: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A record that needs the doctor: why, what to do, and where."""

    record_id: str
    title: str
    why: str
    remedy: str
    tone: str
    opens: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What the synchronisation page shows."""

    summary: str
    detail: str
    tone: str
    has_unsent: bool
    proof: str
    failure: str
    troubles: tuple[Trouble, ...]
    records: tuple[Line, ...]


def present(found: SyncView, now: datetime) -> View:
    """The state of all records: troubles first, then each record."""
    waiting = found.unsent > 0
    oldest = found.oldest_unsent_at
    last = found.last_synced_at
    details = [
        say("sync.last", when=wording.ago(last, now)) if last else say("sync_badge.never"),
        say("sync.oldest", when=wording.ago(oldest, now)) if waiting and oldest else "",
    ]
    summary, tone = _summary(found)
    return View(
        summary=summary,
        detail=wording.listed(part for part in details if part),
        tone=tone,
        has_unsent=waiting,
        proof=_proof(found),
        failure=say(f"sync.failed.{found.last_failure}") if found.last_failure else "",
        troubles=(
            *(_returned(row) for row in found.returned),
            *(_refused(row) for row in found.refused),
        ),
        records=tuple(_record(row) for row in found.records),
    )


def _summary(found: SyncView) -> tuple[str, str]:
    """Where the records are, in one sentence and a tone."""
    if found.unsent:
        return say("sync.unsent", count=found.unsent), "info"
    if found.last_synced_at is None:
        return say("sync_badge.not_fetched"), "info"
    if found.refused:
        return say("sync.level_but", count=len(found.refused)), "warn"
    return say("sync.level"), "good"


def _proof(found: SyncView) -> str:
    if found.proof is None or found.proved_at is None:
        return say("sync.never_proved")
    code = "sync.proved" if found.proof else "sync.not_equal"
    return say(code, at=wording.moment(found.proved_at))


def _returned(row: ReturnedView) -> Trouble:
    day = wording.full_day(row.occurred_on)
    return Trouble(
        record_id=row.follow_up_id,
        title=say(f"sync.{row.decision}", name=row.name, day=day),
        why=returned_words(row),
        remedy=say("sync.returned_remedy"),
        tone="warn",
        opens=row.follow_up_id,
    )


def _refused(row: RefusedRow) -> Trouble:
    return Trouble(
        record_id=row.record_id,
        title=say("sync.refused", kind=wording.coded("kind", row.kind), name=row.name or ""),
        why=wording.not_accepted(row),
        remedy=wording.remedy(row),
        tone="emergency",
        opens=row.record_id if row.kind == "follow_up" and row.can_amend else None,
    )


def _record(row: RecordRow) -> Line:
    detail = [wording.day(row.on) if row.on else ""]
    if row.received_at is not None:
        at = wording.moment(row.received_at)
        detail.append(say("record.receipt", number=row.receipt_no, at=at))
    lines = (wording.listed(part for part in detail if part), not_taken_words(row.not_taken))
    return Line(
        record_id=row.record_id,
        title=" · ".join(part for part in (row.name, wording.coded("kind", row.kind)) if part),
        detail="\n".join(line for line in lines if line),
        state=say(f"delivery.{row.delivery}"),
        tone=DELIVERY_TONES.get(row.delivery, "plain"),
        opens=row.record_id if row.kind == "follow_up" else None,
    )


def progress_words(progress: SyncProgress) -> tuple[str, float | None]:
    """How far a running synchronisation is, in words and as a share; None where not known."""
    moved = f"{progress.bytes_moved / 1024:.0f}"
    words = say(
        f"sync.stage.{progress.stage}",
        sent=progress.sent,
        to_send=progress.to_send,
        received=progress.received,
        kilobytes=moved,
        fetched=f"{progress.fetched / 1024:.0f}",
        to_fetch=f"{progress.to_fetch / 1024:.0f}",
    )
    if progress.seconds_left is not None:
        words += say("sync.seconds_left", seconds=f"{progress.seconds_left:.0f}")
    if progress.stage == "loading":
        return words, progress.fetched / progress.to_fetch
    return words, progress.sent / progress.to_send if progress.to_send else None


def result_words(result: SyncResult) -> tuple[str, str]:
    """How a synchronisation ended, in words and a tone."""
    if result.failed is not None:
        return say(f"sync.failed.{result.failed}"), "warn"
    return say("sync.done", sent=result.receipted, received=result.received), "good"


@ft.component
@kept_up
def Screen(app: AppState) -> ft.Control:
    """Where every record is; the button brings both sides level."""
    work = app.work
    nothing: SyncProgress | None = None
    progress, set_progress = use_value(nothing)
    is_running, set_running = use_value(False)
    found = use_answer(work.sync.status, app.pulse)
    page = ft.context.page

    def on_progress(now: SyncProgress) -> None:
        async def show() -> None:
            set_progress(now)

        page.run_task(show)

    async def run() -> None:
        set_running(True)
        answer = await ask_or_tell(app, lambda: work.sync.run_now(on_progress))
        set_running(False)
        set_progress(None)
        if answer.value is not None:
            app.tell(*result_words(answer.value))
        app.refresh()

    if found.value is None:
        return frame.page(app, say("place.sync"), frame.waiting(found))
    view = present(found.value, app.now())
    start = buttons.primary(
        say("sync.running") if is_running else say("sync.run"),
        on(run),
        key="sync-now",
        icon=ft.Icons.SYNC,
        disabled=is_running,
    )
    return frame.page(
        app,
        say("place.sync"),
        *_blocks(app, view, progress),
        actions=[] if app.is_compact else [start],
        foot=[start] if app.is_compact else [],
    )


def _hand_over(app: AppState) -> ft.Control:
    """The way to the county without a network: a file that only the county can open."""
    work = app.work
    picker = ft.FilePicker()

    async def export() -> None:
        answer = await ask_or_tell(app, work.hand_over.export)
        if answer.value is None:
            return
        file = answer.value
        saved = await picker.save_file(file_name=file.name, src_bytes=file.content)
        if saved is None and not ft.context.page.web:  # put off; a browser never says where
            return
        app.tell(say("hand_over.done", count=file.operations, file=file.name), "good")

    return surfaces.card(
        texts.body(say("hand_over.explained")),
        buttons.secondary(
            say("hand_over.button"), on(export), key="hand-over", icon=ft.Icons.SAVE_ALT
        ),
    )


def _blocks(app: AppState, view: View, progress: SyncProgress | None) -> list[ft.Control]:
    detail = f"{view.detail}\n{view.proof}"
    blocks: list[ft.Control] = [surfaces.banner(view.summary, view.tone, detail=detail)]
    if progress is not None:
        words, share = progress_words(progress)
        bar = ft.ProgressBar(value=share, color=theme.BRAND, bar_height=10, border_radius=5)
        blocks.append(surfaces.card(texts.strong(words), bar))
    if view.failure:
        blocks.append(surfaces.banner(view.failure, "warn"))
    if view.has_unsent:
        blocks.append(_hand_over(app))
    if view.troubles:
        cards = [_trouble(app, trouble) for trouble in view.troubles]
        blocks.append(surfaces.section(say("sync.troubles"), *cards))
    if view.records:
        lines: list[ft.Control] = [_line(app, line) for line in view.records]
        blocks.append(surfaces.section(say("sync.records"), surfaces.list_card(lines)))
    else:
        blocks.append(
            surfaces.empty_state(
                say("sync.no_records"),
                say("sync.no_records_advice"),
                icon=ft.Icons.CLOUD_DONE_OUTLINED,
            )
        )
    if view.records and not view.has_unsent:  # the county may ask for what it had
        blocks.append(_hand_over(app))
    return blocks


def _trouble(app: AppState, trouble: Trouble) -> ft.Control:
    rows: list[ft.Control] = [
        texts.title(trouble.title),
        texts.body(trouble.why),
        texts.strong(trouble.remedy),
    ]
    if trouble.opens:
        amend = buttons.secondary(
            say("record.amend"),
            on(app.go, routes.amendment(trouble.opens)),
            key=f"amend-{trouble.record_id}",
            icon=ft.Icons.EDIT_OUTLINED,
        )
        rows.append(ft.Row([amend]))
    return surfaces.card(*rows, accent=trouble.tone)


def _line(app: AppState, line: Line) -> ft.Control:
    opened = on(app.go, routes.record(line.opens)) if line.opens else None
    words = ft.Column(
        [texts.strong(line.title), texts.soft(line.detail)], spacing=2, tight=True, expand=True
    )
    return ft.Container(
        ft.Row([words, surfaces.pill(line.state, line.tone, with_icon=True)], spacing=12),
        key=f"record-{line.record_id}",
        on_click=opened,
        ink=opened is not None,
        padding=ft.Padding.symmetric(horizontal=20, vertical=12),
    )
