"""`/health`: the process answers; `/ready`: it can do its work."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy import select

from county.config import VERSION, utc_now
from county.keys import the_county
from county.routes.county_state import TheCounty
from county.routes.documented import errors_documented
from county.tables import ScopeHeadRow

router = APIRouter()


@router.get("/health")
def health() -> dict[str, str]:
    """That the process is up, its version and its clock."""
    return {"status": "up", "version": VERSION, "server_time": utc_now().isoformat()}


@router.get("/ready", responses=errors_documented(503))
def ready(county: TheCounty) -> dict[str, str]:
    """That the database answers and the county has been founded; else 503."""
    with county.database.reading() as session:
        the_county(session)
        session.execute(select(ScopeHeadRow.scope_id).limit(1)).first()
    return {"status": "ready"}
