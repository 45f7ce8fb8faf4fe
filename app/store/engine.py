"""Opening and closing the encrypted store.

Threads: the engine may be used from any thread. It holds exactly one connection and lends it to
one user at a time; whoever comes second waits until the first has ended its transaction (at most
LEND_SECONDS, then sqlalchemy.exc.TimeoutError). So keep transactions short, and never open a
second session inside one that is still open: it would wait for itself.
"""

from __future__ import annotations

import atexit
import os
import secrets
from pathlib import Path
from typing import cast

import apsw
from sqlalchemy import Engine, ExceptionContext, create_engine, event
from sqlalchemy.pool import QueuePool

from app.store import dbapi
from app.store.atomic_file import write_atomically
from app.store.ciphers import AES_256_GCM, Cipher
from app.store.empty_database import FIRST_PAGE
from app.store.errors import StoreClosed, StoreDamaged, StoreError, StoreInUse
from app.store.file_header import DATA_KEY_BYTES, HEADER_BYTES, StoreKeys, new_header, prove_key
from app.store.integrity import was_closed_cleanly
from app.store.log_check import check_log
from app.store.page_seal import PAGE_BYTES, seal_page
from app.store.pagevfs import PageVFS, log_of
from app.store.sealed_store import store_place
from app.store.sql_functions import SQL_FUNCTIONS

LEND_SECONDS = 15
CACHE_KIB = 32_768
SPILL_PAGES = 12_288
LOG_KEPT_BYTES = 8 * 1024 * 1024
STATEMENTS_KEPT = 512
"""The most apsw takes. It drops a prepared statement when so many others have run since."""

# Rule 5: apsw offers no shared memory, so the log needs exclusive locking, set before anything
# else; temporary tables and sorts stay in memory, where they are never written plain.
_PRAGMAS = (
    "locking_mode=EXCLUSIVE",
    "journal_mode=WAL",
    "synchronous=FULL",
    "temp_store=MEMORY",
    "foreign_keys=ON",
    f"cache_size=-{CACHE_KIB}",
    f"cache_spill={SPILL_PAGES}",  # a spilled page costs a rewrite of the frames behind it
    f"journal_size_limit={LOG_KEPT_BYTES}",
    "cell_size_check=ON",
    "trusted_schema=OFF",
)


class _OpenStore:
    """One store that is open: its keys, inside its VFS, until it is closed."""

    def __init__(self, path: Path, keys: StoreKeys, base_vfs: str) -> None:
        self._path = str(path)
        self._name = f"luyue-{secrets.token_hex(8)}"
        self._vfs: PageVFS | None = PageVFS(self._name, path, keys, base_vfs)
        self._raw: apsw.Connection | None = None

    def connect(self) -> dbapi.Connection:
        """The connection, its pragmas set and page 1 read."""
        if self._vfs is None:
            raise StoreClosed("the store is closed")
        with dbapi.translated:
            raw = apsw.Connection(
                self._path, apsw.SQLITE_OPEN_READWRITE, self._name, STATEMENTS_KEPT
            )
            self._raw = raw
            # Until page 1 has been read, closing must not fold an old log in: a refused store
            # stays as it was.
            has_log = not was_closed_cleanly(Path(self._path))
            raw.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, int(has_log))
            for pragma in _PRAGMAS:
                raw.execute(f"PRAGMA {pragma}").fetchall()
            for name, (arguments, function) in SQL_FUNCTIONS.items():
                raw.create_scalar_function(
                    name, function, arguments, deterministic=True, flags=apsw.SQLITE_INNOCUOUS
                )
            raw.execute("SELECT count(*) FROM sqlite_schema").fetchall()
            raw.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0)
        return dbapi.Connection(raw)

    def close(self) -> None:
        """Close the file and drop the keys; the store cannot be reached through this again."""
        if self._raw is not None:
            self._raw.close(True)
        if self._vfs is not None:
            self._vfs.unregister()
        self._raw = self._vfs = None
        _open_stores.pop(self._path, None)


# A file closed by this process takes SQLite's locks on it along, so a store that is open here
# must be refused before its header is read.
_open_stores: dict[str, _OpenStore] = {}


@atexit.register
def _close_all() -> None:
    # SQLite must not call into a VFS written in Python once the interpreter is going down.
    for opened in tuple(_open_stores.values()):
        opened.close()


def open_store(
    path: Path, data_key: bytes, *, cipher: Cipher = AES_256_GCM, base_vfs: str = ""
) -> Engine:
    """The store at `path`, made if absent, as an engine; `cipher` counts only when it is made.

    `data_key` has 32 bytes and is proven before SQLite sees the file (rule 1). `base_vfs` names
    the VFS beneath the seal, for simulated disks. Raises WrongKey, StoreTooNew, StoreDamaged,
    StoreInUse; a refused store is left as it was.
    """
    path = path.absolute()
    if str(path) in _open_stores:
        raise StoreInUse("the store is already open")
    if not path.exists():
        _make(path, data_key, cipher)
    keys = prove_key(_read_header(path), data_key, PAGE_BYTES)
    check_log(log_of(path), keys)
    opened = _open_stores[str(path)] = _OpenStore(path, keys, base_vfs)
    return _engine(opened)


def close_store(engine: Engine, *, fold_log: bool = True) -> None:
    """Wait for the transaction under way, fold the log in, close the file and drop the keys.

    Without `fold_log` both files stay byte for byte as they are: for a store found damaged.
    """
    connection = engine.connect()
    connection.detach()
    if not fold_log:
        raw = connection.connection.dbapi_connection
        cast(dbapi.Connection, raw).keep_log()
    connection.close()
    engine.dispose()


def _engine(opened: _OpenStore) -> Engine:
    engine = create_engine(
        "sqlite://",
        module=dbapi,
        creator=opened.connect,
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=0,
        pool_timeout=LEND_SECONDS,
    )
    event.listen(engine, "engine_disposed", lambda _engine: opened.close())
    event.listen(engine, "handle_error", _own_error)
    try:
        engine.connect().close()
    except BaseException:
        engine.dispose()
        raise
    return engine


def _own_error(context: ExceptionContext) -> BaseException | None:
    """The store's own errors reach the services bare, wherever SQLAlchemy meets them."""
    error = context.original_exception
    return error if isinstance(error, StoreError) else None


def _make(path: Path, data_key: bytes, cipher: Cipher) -> None:
    if log_of(path).exists():
        raise StoreDamaged("the log is there without its store")
    if len(data_key) != DATA_KEY_BYTES:
        raise ValueError(f"a data key has {DATA_KEY_BYTES} bytes")
    header = new_header(data_key, cipher, PAGE_BYTES)
    keys = prove_key(header, data_key, PAGE_BYTES)
    write_atomically(path, header + seal_page(keys.pages, FIRST_PAGE, store_place(1)))


def _read_header(path: Path) -> bytes:
    with path.open("rb") as file:
        block = file.read(HEADER_BYTES)
        size = os.fstat(file.fileno()).st_size
    # Without a single page SQLite would take the log for a leftover and delete it.
    if size < HEADER_BYTES + PAGE_BYTES:
        raise StoreDamaged("the store is cut short")
    return block
