"""Puts the county together: settings, database, routes and the desk, as one application."""

from __future__ import annotations

import gc
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import structlog
import uvicorn
from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI
from fastapi.responses import RedirectResponse
from sqlalchemy import select

from core.wire.signing import DEVICE_HEADER
from county.coding import MOST_SENT_BYTES
from county.config import VERSION, CountyConfig, utc_now
from county.db import Database, open_database
from county.desk.site import desk_app
from county.desk.visitor import Desk
from county.device_auth import Doorkeeper
from county.errors import add_error_answers
from county.logs import set_up_logs
from county.metrics import Measuring, Metrics
from county.routes import custody, enrol, health, metrics, snapshot, sync
from county.routes.county_state import CountyState
from county.routes.documented import correct_document
from county.schema import upgrade
from county.slow_callers import BoundedBodies, heads_within
from county.snapshot_files import SnapshotFiles
from county.snapshots import Snapshots
from county.tables import CountyRow
from county.together import Together
from county.tries import TryLimit
from county.turns import Turns

SHUTDOWN_S = 20
"""How long requests under way may take to end when the county is stopped."""
AT_ONCE = 4
"""Requests of other kinds worked on at once; the others wait their turn.

All share one interpreter: a crowd of threads takes it from the one that holds the database's
lock at each of its statements, and everybody waits for that one.
"""
ROOM_IN_A_TURN = 96
"""Tablets and visits that share a transaction: whoever waits behind it waits no longer."""
BYTES_OF_A_VISIT = 1_000
TURNS_AT_ONCE = 2
"""Transactions of tablets under way on PostgreSQL: one reckons while the other waits for it."""
KEEP_ALIVE_S = 75
"""How long an idle connection stays open. An answer of 50 kB is on a village's link for seven
seconds after the county has sent it: a connection closed before is missing to the next request."""


def create_app(config: CountyConfig) -> FastAPI:
    """The county as an application; its database is opened and brought up to date at once.

    The interactive documentation would fetch its scripts from the internet, so only
    `/openapi.json` is served.
    """
    database = open_database(config.url)
    upgrade(database)
    app = FastAPI(
        title="履约 county",
        version=VERSION,
        docs_url=None,
        redoc_url=None,
        lifespan=_closing(database),
    )
    counts = Metrics(database)
    files = SnapshotFiles(folder=config.data_dir / "snapshots")
    snapshots = Snapshots(database=database, files=files, note=structlog.get_logger().info)
    door = Doorkeeper(database)
    turns = Turns(database=database, door=door, snapshots=snapshots, metrics=counts)
    app.state.county = CountyState(
        config=config,
        database=database,
        tries=TryLimit(),
        metrics=counts,
        snapshots=snapshots,
        door=door,
        turns=turns,
        exchanges=Together(
            turns.taken,
            owner=lambda posted: posted.headers.get(DEVICE_HEADER),
            weight=lambda posted: len(posted.body) // BYTES_OF_A_VISIT,
            room=ROOM_IN_A_TURN,
            turns=1 if database.is_sqlite else TURNS_AT_ONCE,
        ),
    )
    app.add_middleware(BoundedBodies, most_bytes=MOST_SENT_BYTES, seconds=config.body_s)
    app.add_middleware(Measuring, metrics=counts)
    for room in (health, metrics, enrol, sync, snapshot, custody):
        app.include_router(room.router)
    _mount_desk(app, database)
    correct_document(app)
    add_error_answers(app)
    return app


def serve(config: CountyConfig) -> None:
    """Run the county until it is told to stop; requests under way are finished first."""
    set_up_logs()
    # A batch is thousands of small objects that live as long as it does: looking through them
    # again and again for cycles costs a tenth of the time and finds nothing.
    gc.set_threshold(200_000, 20, 20)
    for number in (signal.SIGINT, signal.SIGTERM):
        # uvicorn ends in good order on either, then raises it once more: that one is for nobody.
        signal.signal(number, lambda *_: None)
    app = create_app(config)
    structlog.get_logger().info("serving", host=config.host, port=config.port)
    uvicorn.run(app, **http_options(config))


def http_options(config: CountyConfig) -> dict[str, Any]:
    """How uvicorn is to serve the county."""
    return {
        "host": config.host,
        "port": config.port,
        "http": heads_within(config.head_s),
        "ws": "none",
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": SHUTDOWN_S,
        "timeout_keep_alive": KEEP_ALIVE_S,
    }


def _closing(database: Database) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        current_default_thread_limiter().total_tokens = AT_ONCE
        yield
        database.close()

    return lifespan


def _mount_desk(app: FastAPI, database: Database) -> None:
    with database.reading() as session:
        county = session.scalars(select(CountyRow).limit(1)).first()
    if county is not None:
        desk = Desk(database=database, county_id=county.county_id, clock=utc_now)
        app.mount("/desk", desk_app(desk))
        app.get("/", include_in_schema=False)(_to_the_desk)


def _to_the_desk() -> RedirectResponse:
    """Where a browser goes that was given the county's bare address."""
    return RedirectResponse("/desk/")
