"""The townships, villages and doctors a roster names, found or, at the first roster, made."""

from __future__ import annotations

from collections import Counter
from difflib import get_close_matches

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.refusals import Refusal, Refused
from county.people import (
    Act,
    NewUser,
    Role,
    add_township,
    add_user,
    add_village,
    give_village,
    logins_of,
    townships_of,
    villages_of,
)
from county.roster.cells import township_among, village_key
from county.roster.fields import Field
from county.roster.person import Person
from county.tables import TownshipRow, UserRow, VillageRow


class Places:
    """The county's map and doctors; `creates` lets a roster add to them.

    A county without a village takes its map from the first roster. Afterwards a village
    that is not there is a slip of the pen more often than a new village, so it is refused
    with the nearest name, unless the office says that the roster may add villages.
    """

    def __init__(self, session: Session, act: Act, *, create: bool) -> None:
        self._session = session
        self._act = act
        self._townships = list(townships_of(session, act.county_id))
        villages = villages_of(session, act.county_id)
        self.creates = create or not villages
        self._villages: dict[tuple[str, str], VillageRow] = {
            (row.township_id, village_key(row.name)): row for row in villages
        }
        self._doctors = list(_doctors(session, act.county_id))
        self.created: Counter[str] = Counter()
        self.new_villages: list[str] = []
        self.new_doctors: list[str] = []

    def village(self, person: Person) -> VillageRow:
        """The village of a row.

        Raises Refused `roster.unknown_village` with the nearest name, `roster.which_township`
        where several townships have a village of that name and the row names none, and
        `roster.no_township` where a new village's township is not told.
        """
        key = village_key(person.village)
        township = self._township(person.township) if person.township else None
        if person.township and township is None and not self.creates:
            raise Refused(self._unknown_township(person))
        found = [
            row
            for (township_id, name), row in self._villages.items()
            if name == key and (not person.township or (township and township.id == township_id))
        ]
        if len(found) > 1:
            place = person.cells.get(Field.VILLAGE)
            values = {"village": person.village}
            raise Refused(Refusal(code="roster.which_township", place=place, values=values))
        return found[0] if found else self._new_village(person, key)

    def doctor(self, person: Person, village: VillageRow) -> UserRow | None:
        """The doctor a row names, else the village's only one; None where neither is known."""
        if not person.doctor:
            own = [row for row in self._doctors if village.id in row.village_ids]
            return own[0] if len(own) == 1 else None
        nearby = self._nearby(person.doctor, village)
        if len(nearby) == 1:
            give_village(self._session, self._act, nearby[0], village.id)
            return nearby[0]
        return self._new_doctor(person.doctor, village) if self.creates and not nearby else None

    def why_none(self, name: str, village: VillageRow) -> tuple[str, str]:
        """Why a name is no doctor's here, as a note's code; and who is called so elsewhere."""
        nearby = self._nearby(name, village)
        others = nearby or [row for row in self._doctors if row.name == name]
        if nearby:
            return "doctor_ambiguous", logins_of(others)
        return ("doctor_elsewhere" if others else "doctor_unknown"), logins_of(others)

    def _nearby(self, name: str, village: VillageRow) -> list[UserRow]:
        """Those of this name in the village; where there are none, in its township."""
        named = [row for row in self._doctors if row.name == name]
        here = [row for row in named if village.id in row.village_ids]
        return here or [row for row in named if row.township_id == village.township_id]

    def _township(self, name: str) -> TownshipRow | None:
        """The township of a name; a first roster may bring both 和平镇 and 和平乡."""
        known = {row.name: row for row in self._townships}
        return known.get(township_among(known, name, strict=self.creates) or "")

    def _new_village(self, person: Person, key: str) -> VillageRow:
        if not self.creates:
            raise Refused(self._unknown_village(person, key))
        if not person.township:
            place = person.cells.get(Field.VILLAGE)
            raise Refused(Refusal(code="roster.no_township", place=place))
        township = self._township(person.township) or self._new_township(person.township)
        village = add_village(self._session, self._act, township, person.village)
        self._villages[township.id, key] = village
        self.created["villages"] += 1
        self.new_villages.append(village.name)
        return village

    def _new_township(self, name: str) -> TownshipRow:
        township = add_township(self._session, self._act, name)
        self._townships.append(township)
        self.created["townships"] += 1
        return township

    def _new_doctor(self, name: str, village: VillageRow) -> UserRow:
        doctor = add_user(
            self._session,
            self._act,
            NewUser(
                name=name,
                role=Role.DOCTOR,
                township_id=village.township_id,
                village_ids=(village.id,),
            ),
        )
        self._doctors.append(doctor)
        self.new_doctors.append(f"{doctor.name}({doctor.login})")
        self.created["doctors"] += 1
        return doctor

    def _unknown_village(self, person: Person, key: str) -> Refusal:
        names = {name: row.name for (_, name), row in self._villages.items()}
        nearest = get_close_matches(key, names, n=1, cutoff=0.5)
        return Refusal(
            code="roster.unknown_village" if nearest else "roster.unknown_village_unlike_any",
            place=person.cells.get(Field.VILLAGE),
            values={"village": person.village, "nearest": names[nearest[0]] if nearest else ""},
        )

    def _unknown_township(self, person: Person) -> Refusal:
        known = "、".join(row.name for row in self._townships)
        return Refusal(
            code="roster.unknown_township",
            place=person.cells.get(Field.TOWNSHIP),
            values={"township": person.township, "known": known},
        )


def _doctors(session: Session, county_id: str) -> list[UserRow]:
    query = select(UserRow).where(
        UserRow.county_id == county_id, UserRow.role == Role.DOCTOR, UserRow.active.is_(True)
    )
    return list(session.scalars(query.order_by(UserRow.id)))
