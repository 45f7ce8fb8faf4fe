"""A process that works on the vault alone and says how much memory it ever held, in MB."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

from app.store.engine import open_store
from bench.ledgers import Ledger

_STATUS = Path("/proc/self/status")


def peak_mb() -> float:
    """Linux's high-water mark of this very program; elsewhere what `getrusage` says (macOS: bytes).

    Not `getrusage` on Linux: there it remembers the larger process that started this one.
    """
    if _STATUS.exists():
        (line,) = (line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


if __name__ == "__main__":
    from bench.store import DATA_KEY, bulk, save, scan

    path = Path(sys.argv[1])
    vault = Ledger(name="vault", path=path, engine=open_store(path, DATA_KEY))
    for work in (save, bulk, scan):
        work(vault, 1_000)
    vault.close()
    print(peak_mb())
