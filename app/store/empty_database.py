"""The one page SQLite finds in a store that was just made, and the face it is shown at a peek.

Making page 1 here, in SQLite's own format (https://sqlite.org/fileformat2.html), means a store
is in write-ahead mode with its bytes reserved from the first moment: no rollback journal ever
exists, and no switch of modes can be cut in half.
"""

import struct

from app.store.page_seal import PAGE_BYTES, RESERVED_BYTES, USABLE_BYTES

_WAL_MODE = 2
_TABLE_LEAF = 0x0D


def _database_header() -> bytes:
    header = bytearray(100)
    header[:16] = b"SQLite format 3\0"
    struct.pack_into(">H", header, 16, PAGE_BYTES)
    # write mode, read mode, reserved bytes, then the three payload fractions SQLite demands
    header[18:24] = bytes((_WAL_MODE, _WAL_MODE, RESERVED_BYTES, 64, 32, 32))
    struct.pack_into(">I", header, 28, 1)  # pages in the database
    struct.pack_into(">I", header, 52, 1)  # largest root page: keeps the maps that let it shrink
    struct.pack_into(">I", header, 64, 1)  # shrinks in small steps, when told to
    return bytes(header)


DATABASE_HEADER = _database_header()
_EMPTY_LEAF = struct.pack(">BHHHB", _TABLE_LEAF, 0, 0, USABLE_BYTES, 0)
FIRST_PAGE = (DATABASE_HEADER + _EMPTY_LEAF).ljust(PAGE_BYTES, b"\0")
