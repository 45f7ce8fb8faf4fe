"""A small county for the desk's tests: two townships, three villages, whoever a test adds."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Cookies, Response
from sqlalchemy import select

from core.contracts import Contract
from core.followups import FollowUp
from core.ids import village_scope
from core.people import Household, Resident
from core.vocabulary import GroupTag, Kind
from core.wire.bodies import Record, body_of, kind_of
from county.db import Database
from county.desk.site import desk_app
from county.desk.visitor import Desk
from county.ledger import RecordWrite, write
from county.people import hash_password
from county.tables import (
    AuditRow,
    CountyRow,
    PersonAccountRow,
    RecordRow,
    TownshipRow,
    UserRow,
    VillageRow,
)
from tests.builders import COUNTY_ID, a_contract, a_household, a_resident

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
PASSWORD = "mountain-river-42"
VILLAGES = {
    "village-1": ("township-1", "石门村", "doctor-1"),
    "village-2": ("township-1", "柳溪村", "doctor-2"),
    "village-3": ("township-2", "高坪村", "doctor-3"),
}
USERS = {
    "doctor-1": ("zhou", "周大夫", "doctor", None, ["village-1"]),
    "doctor-2": ("liu", "刘大夫", "doctor", None, ["village-2"]),
    "doctor-3": ("tang", "唐大夫", "doctor", None, ["village-3"]),
    "reviewer-1": ("yunling", "何审核", "township", "township-1", []),
    "reviewer-2": ("qingshui", "马审核", "township", "township-2", []),
    "county-user": ("county", "林主任", "county", None, []),
    "auditor-1": ("auditor", "钱督查", "auditor", None, []),
}


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    moment: datetime = NOW

    def __call__(self) -> datetime:
        return self.moment


@dataclass
class Browser:
    """A browser without a screen: it keeps cookies and follows nothing by itself."""

    app: FastAPI
    base_url: str = "http://127.0.0.1:8600"
    cookies: Cookies = field(default_factory=Cookies)

    def get(self, path: str) -> Response:
        """Open a page."""
        return asyncio.run(self._ask("GET", path))

    def post(self, path: str, data: Mapping[str, Any]) -> Response:
        """Send a form."""
        return asyncio.run(self._ask("POST", path, data))

    async def _ask(self, method: str, path: str, data: Mapping[str, Any] | None = None) -> Response:
        transport = ASGITransport(app=self.app, raise_app_exceptions=False)
        async with AsyncClient(
            transport=transport, base_url=self.base_url, cookies=self.cookies
        ) as client:
            answer = await client.request(method, path, data=data)
            self.cookies = client.cookies
        return answer


@dataclass
class DeskWorld:
    """The county's database, its desk, and ways to put people into it."""

    database: Database
    clock: Clock = field(default_factory=Clock)
    app: FastAPI = field(default_factory=FastAPI)

    def open(self) -> None:
        """Found the county and mount its desk."""
        self._found()
        desk = Desk(database=self.database, county_id=COUNTY_ID, clock=self.clock)
        self.app.mount("/desk", desk_app(desk))

    def add(self, *records: Record) -> None:
        """Write records as the county does, each by its author at its time."""
        with self.database.writing() as session:
            write(session, COUNTY_ID, [_write_of(record) for record in records], self.clock())

    def person(self, *tags: GroupTag, village: str = "village-1", **fields: Any) -> Resident:
        """A resident with a household and a contract for the year."""
        scope = village_scope(village)
        household: Household = a_household(scope_id=scope, village_id=village)
        resident = a_resident(*tags, scope_id=scope, household_id=household.id, **fields)
        contract: Contract = a_contract(
            resident.id, scope_id=scope, doctor_id=VILLAGES[village][2], signed_on=date(2026, 1, 1)
        )
        self.add(household, resident, contract)
        return resident

    def unsigned(self, name: str) -> Resident:
        """A resident of the first village whom nobody has signed."""
        household: Household = a_household()
        resident = a_resident(household_id=household.id, name=name)
        self.add(household, resident)
        return resident

    def visits(self, resident: Resident, *follow_ups: FollowUp) -> None:
        """Follow-ups of a resident, put into the resident's village."""
        self.add(*(replace(item, scope_id=resident.scope_id) for item in follow_ups))

    def client(self) -> Browser:
        """A browser that is nobody yet."""
        return Browser(self.app)

    def browser(self, login: str = "yunling") -> Browser:
        """A browser signed in."""
        client = self.client()
        answer = sign_in(client, login)
        assert answer.status_code == 303, answer.text
        return client

    def reviews(self) -> list[RecordRow]:
        """Every review the county holds."""
        with self.database.reading() as session:
            query = select(RecordRow).where(RecordRow.kind == Kind.REVIEW)
            return list(session.scalars(query.order_by(RecordRow.id)))

    def acts(self, action: str) -> list[AuditRow]:
        """The audit's rows of a kind of act."""
        with self.database.reading() as session:
            return list(session.scalars(select(AuditRow).where(AuditRow.action == action)))

    def account(self, resident: Resident, year: int = 2026) -> PersonAccountRow:
        """The kept row of somebody's year."""
        with self.database.reading() as session:
            row = session.get(PersonAccountRow, (COUNTY_ID, resident.id, year))
            assert row is not None
            return row

    def _found(self) -> None:
        hashed = hash_password(PASSWORD)
        with self.database.writing() as session:
            session.add(
                CountyRow(
                    county_id=COUNTY_ID, name="青山县", created_at=NOW, signing_private_key="",
                    signing_public_key="", escrow_public_key="", escrow_private_key_sealed="",
                )
            )  # fmt: skip
            for key, name in (("township-1", "云岭镇"), ("township-2", "清水乡")):
                session.add(TownshipRow(county_id=COUNTY_ID, id=key, name=name))
            for key, (township, name, _) in VILLAGES.items():
                session.add(
                    VillageRow(county_id=COUNTY_ID, id=key, township_id=township, name=name)
                )
            for key, (login, name, role, township_id, villages) in USERS.items():
                session.add(
                    UserRow(
                        county_id=COUNTY_ID, id=key, login=login, name=name, role=role,
                        password_hash=hashed, township_id=township_id, village_ids=villages,
                        created_at=NOW,
                    )
                )  # fmt: skip


def founded(database: Database) -> DeskWorld:
    """A freshly founded county in an empty database, with its desk."""
    world = DeskWorld(database)
    world.open()
    return world


def sign_in(client: Browser, login: str, password: str = PASSWORD, next: str = "") -> Response:
    """Fill in the sign-in form and send it."""
    form = client.get("/desk/sign-in").text
    fields = {"csrf": csrf_in(form), "login": login, "password": password, "next": next}
    return client.post("/desk/sign-in", data=fields)


def csrf_in(html: str) -> str:
    """The token of the page's first form that has one."""
    found = re.search(r'name="csrf" value="([^"]+)"', html)
    assert found, html
    return found.group(1)


def _write_of(record: Record) -> RecordWrite:
    return RecordWrite(
        kind=kind_of(record),
        record_id=record.id,
        scope_id=getattr(record, "scope_id", f"county:{COUNTY_ID}"),
        body=body_of(record),
        author_id=getattr(record, "author_id", "county"),
        recorded_at=getattr(record, "recorded_at", NOW),
    )
