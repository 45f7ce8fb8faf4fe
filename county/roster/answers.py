"""What each row of a roster is answered: taken, corrected with notes, or refused with the cell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from core.refusals import Refusal
from words import say, sentence_for


class Outcome(StrEnum):
    """What became of a row."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    PASSED_OVER = "passed_over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something put right, left out or worth knowing; worded by `roster.note.<code>`."""

    code: str
    place: str = ""
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowAnswer:
    """The answer to one row; `changed` are the fields that were set anew in standing records."""

    sheet: str
    row: int
    outcome: Outcome
    name: str = ""
    notes: tuple[Note, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaver:
    """A person on record in a village of the file who is no longer on the list."""

    resident_id: str
    name: str
    village: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterReport:
    """The whole answer to a file.

    `leavers` are only told, never taken off; `created` counts townships, villages,
    doctors and households the file brought, `new_doctors` names those with their logins;
    `unknown_columns` were not read.
    """

    file_name: str
    dry_run: bool
    answers: tuple[RowAnswer, ...]
    leavers: tuple[Leaver, ...] = ()
    created: Mapping[str, int] = field(default_factory=dict)
    new_villages: tuple[str, ...] = ()
    new_doctors: tuple[str, ...] = ()
    unknown_columns: tuple[str, ...] = ()

    @property
    def has_taken(self) -> bool:
        """Whether anybody in the file was taken."""
        return any(answer.outcome in TAKEN for answer in self.answers)

    @property
    def without_doctor(self) -> int:
        """How many rows were taken though nobody here is the doctor they name."""
        noted = (answer.notes for answer in self.answers if answer.outcome in TAKEN)
        return sum(any(note.code in NO_DOCTOR for note in notes) for notes in noted)

    @property
    def counts(self) -> dict[str, int]:
        """Rows by outcome, and how many of those taken were corrected."""
        by_outcome = Counter(answer.outcome for answer in self.answers)
        taken = (answer for answer in self.answers if answer.outcome in TAKEN)
        return {
            "rows": len(self.answers),
            **{outcome.value: by_outcome[outcome] for outcome in Outcome},
            "corrected": sum(bool(answer.notes) for answer in taken),
        }


TAKEN = frozenset({Outcome.NEW, Outcome.CHANGED, Outcome.UNCHANGED})
NO_DOCTOR = frozenset({"doctor_unknown", "doctor_ambiguous", "doctor_elsewhere"})
"""Notes of a doctor who is nobody here."""


def note_text(note: Note, lang: str | None = None) -> str:
    """The note as a sentence, the cell first."""
    values = dict(note.values)
    if "field" in values:
        values["field"] = say(f"roster.field.{values['field']}", lang)
    sentence = say(f"roster.note.{note.code}", lang, **values)
    return f"{note.place} {sentence}" if note.place else sentence


def refusal_text(refusal: Refusal, lang: str | None = None) -> str:
    """The refusal as a sentence, the cell first."""
    sentence = sentence_for(refusal, lang)
    return f"{refusal.place} {sentence}" if refusal.place else sentence


def report_json(report: RosterReport, lang: str | None = None) -> dict[str, Any]:
    """The report for scripts: codes stay codes, each with its sentence beside it."""
    return {
        "file": report.file_name,
        "dry_run": report.dry_run,
        "counts": report.counts,
        "created": dict(report.created),
        "new_villages": list(report.new_villages),
        "new_doctors": list(report.new_doctors),
        "without_doctor": report.without_doctor,
        "unknown_columns": list(report.unknown_columns),
        "leavers": [
            {"resident_id": leaver.resident_id, "name": leaver.name, "village": leaver.village}
            for leaver in report.leavers
        ],
        "rows": answers_json(report.answers, lang),
    }


def answers_json(answers: Iterable[RowAnswer], lang: str | None = None) -> list[dict[str, Any]]:
    """The answers for scripts, one object a row."""
    return [_answer_json(answer, lang) for answer in answers]


def _answer_json(answer: RowAnswer, lang: str | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "sheet": answer.sheet,
        "row": answer.row,
        "outcome": answer.outcome.value,
        "name": answer.name,
    }
    if answer.changed:
        told["changed"] = list(answer.changed)
    if answer.notes:
        told["notes"] = [
            _said(note.code, note.place, note_text(note, lang)) for note in answer.notes
        ]
    if answer.refusals:
        told["refusals"] = [
            _said(refusal.code, refusal.place, refusal_text(refusal, lang))
            for refusal in answer.refusals
        ]
    return told


def _said(code: str, cell: str | None, sentence: str) -> dict[str, str]:
    return {"code": code, "cell": cell or "", "text": sentence}


def report_text(report: RosterReport, *, notes: bool, lang: str | None = None) -> str:
    """The report for a person: every refused row, with `notes` every note too, then the sums."""
    lines = [_line(answer, lang) for answer in report.answers if _is_shown(answer, notes=notes)]
    lines += [say("roster.leaver", lang, **_leaver_values(leaver)) for leaver in report.leavers]
    return "\n".join((*lines, *_sums(report, lang)))


def _is_shown(answer: RowAnswer, *, notes: bool) -> bool:
    return bool(answer.refusals) or (notes and bool(answer.notes))


def _leaver_values(leaver: Leaver) -> dict[str, str]:
    return {"name": leaver.name, "village": leaver.village}


def _line(answer: RowAnswer, lang: str | None) -> str:
    sentences = [refusal_text(refusal, lang) for refusal in answer.refusals]
    sentences += [note_text(note, lang) for note in answer.notes]
    return say(
        "roster.line",
        lang,
        sheet=answer.sheet,
        row=answer.row,
        outcome=say(f"roster.outcome.{answer.outcome}", lang),
        name=answer.name,
        told=say("roster.and", lang).join(sentences),
    )


def _sums(report: RosterReport, lang: str | None) -> Iterator[str]:
    listed = say("app.list_separator", lang).join
    if report.unknown_columns:
        yield say("roster.unknown_columns", lang, columns=listed(report.unknown_columns))
    if report.new_villages:
        yield say("roster.new_villages", lang, villages=listed(report.new_villages))
    if report.new_doctors:
        yield say("roster.new_doctors", lang, doctors=listed(report.new_doctors))
    if report.without_doctor:
        yield say("roster.without_doctor", lang, count=report.without_doctor)
    if report.leavers:
        yield say("roster.leavers", lang, count=len(report.leavers))
    yield say("roster.sums", lang, file=report.file_name, **report.counts)
    if report.dry_run:
        yield say("roster.dry_run", lang)
