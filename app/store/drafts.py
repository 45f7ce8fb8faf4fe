"""Unfinished forms: one of a kind for each subject, replaced at every field."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete
from sqlmodel import Session, col, select

from app.store.outbox import iso
from app.store.tables import DraftRow
from app.store.upserts import upsert
from statements.made_once import run


def put_draft(session: Session, kind: str, subject_id: str, body: str, now: datetime) -> None:
    """Keeps a draft in place of the subject's earlier one; `body` is JSON text."""
    row = {"kind": kind, "subject_id": subject_id, "body": body, "updated_at": iso(now)}
    run(session, _PUT, **row)


_PUT = upsert(DraftRow)


def draft(session: Session, kind: str, subject_id: str) -> str | None:
    """The subject's draft of a kind as JSON text."""
    row = session.get(DraftRow, (kind, subject_id))
    return row.body if row else None


def drop_draft(session: Session, kind: str, subject_id: str) -> None:
    """Forgets a draft; nothing happens where there is none."""
    session.execute(
        delete(DraftRow).where(col(DraftRow.kind) == kind, col(DraftRow.subject_id) == subject_id)
    )


def drafted(session: Session, kind: str, limit: int = 5000) -> frozenset[str]:
    """Who has a draft of a kind."""
    query = select(DraftRow.subject_id).where(DraftRow.kind == kind).limit(limit)
    return frozenset(session.exec(query))
