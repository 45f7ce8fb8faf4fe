"""Taking a roster in: one transaction, every row answered, a second time without effect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from core.ids import village_scope
from core.people import Resident
from county.audit import note_act
from county.config import local_date
from county.db import Database
from county.ledger import Posting
from county.people import Act, villages_of
from county.roster.answers import Leaver, Outcome, RosterReport, RowAnswer, answers_json
from county.roster.applying import RosterApplier
from county.roster.places import Places
from county.roster.reading import RosterContent, read_people
from county.roster.registry import Registry, load_registry, residents_of
from county.roster.sheets import RosterFile, read_roster_file
from county.tables import RosterImportRow


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterOptions:
    """How a roster is taken: only tried, allowed to add villages, and the township it is of."""

    dry_run: bool = False
    create_villages: bool = False
    township: str = ""


def import_roster(
    database: Database, act: Act, path: Path, options: RosterOptions | None = None
) -> RosterReport:
    """Read the XLSX at `path` and bring the county's records to what it says.

    Everything happens in one transaction; a dry run is the same with the transaction
    rolled back at the end. Raises Refused for a file nothing can be read from.
    """
    options = options or RosterOptions()
    roster = read_roster_file(path)
    content = read_people(roster, local_date(act.now), options.township)
    with database.writing() as session:
        report = _applied(session, act, roster, content, options)
        if options.dry_run:
            session.rollback()
    return report


def _applied(
    session: Session, act: Act, roster: RosterFile, content: RosterContent, options: RosterOptions
) -> RosterReport:
    registry = load_registry(session, act.county_id)
    places = Places(session, act, create=options.create_villages)
    applier = RosterApplier(registry, places, act, local_date(act.now))
    answers = [*content.answers, *(applier.apply(person) for person in content.people)]
    sheets = {sheet.name: position for position, sheet in enumerate(roster.sheets)}
    answers.sort(key=lambda answer: (sheets[answer.sheet], answer.row))
    leavers = _leavers(session, act, registry, applier, answers)
    posting = Posting(act.county_id, registry.held, act.now)
    for item in registry.writes(act):
        posting.add(item)
    posting.post(session)
    report = RosterReport(
        file_name=roster.name,
        dry_run=options.dry_run,
        answers=tuple(answers),
        leavers=leavers,
        created={**places.created, "households": applier.new_households},
        new_villages=tuple(places.new_villages),
        new_doctors=tuple(places.new_doctors),
        unknown_columns=tuple(content.unknown_columns),
    )
    _keep(session, act, roster, report)
    return report


def _leavers(
    session: Session,
    act: Act,
    registry: Registry,
    applier: RosterApplier,
    answers: Sequence[RowAnswer],
) -> tuple[Leaver, ...]:
    """People of the villages in the file who are no longer listed; they are told, never deleted.

    Whoever has the name of a refused row may be in it, and is not said to have left.
    """
    refused = {answer.name for answer in answers if answer.outcome == Outcome.REFUSED}
    names: dict[str, str] = {
        village_scope(row.id): row.name for row in villages_of(session, act.county_id)
    }
    there = residents_of(registry.residents.values(), frozenset(applier.scopes))
    listed = applier.listed
    gone = [item for item in there if item.id not in listed and item.name not in refused]
    return tuple(_leaver(resident, names) for resident in sorted(gone, key=_place_in_list))


def _place_in_list(resident: Resident) -> tuple[str, str, str]:
    return resident.scope_id, resident.household_id, resident.name


def _leaver(resident: Resident, names: dict[str, str]) -> Leaver:
    return Leaver(
        resident_id=resident.id, name=resident.name, village=names.get(resident.scope_id, "")
    )


def _keep(session: Session, act: Act, roster: RosterFile, report: RosterReport) -> None:
    import_id = act.make_id()
    session.add(
        RosterImportRow(
            county_id=act.county_id,
            id=import_id,
            file_sha256=roster.sha256,
            file_name=roster.name,
            at=act.now,
            by_user=act.by_user,
            counts=report.counts,
            rows=answers_json(report.answers),
        )
    )
    note_act(
        session, act.county_id, act.by_user, "import_roster", "roster", import_id, act.now,
        file=roster.name, **report.counts,
    )  # fmt: skip
