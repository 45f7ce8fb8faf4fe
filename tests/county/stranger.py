"""A tablet of another make, written from `docs/wire.md` and `docs/bodies.md`: nothing is ours."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import time
import urllib.request
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

Said = dict[str, Any]
MODULUS = 1 << 64
LOCAL = timezone(timedelta(hours=8))


def canonical(value: Any) -> bytes:
    """The canonical bytes of a value."""
    return json.dumps(
        value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
    ).encode()


def sha256(data: bytes) -> str:
    """The SHA-256 as the wire writes it."""
    return hashlib.sha256(data).hexdigest()


def now() -> str:
    """The time as the wire writes it."""
    return datetime.now(UTC).isoformat()


def uuid7() -> str:
    """An id for a record or an operation."""
    raw = bytearray(int(time.time() * 1000).to_bytes(6, "big") + os.urandom(10))
    raw[6], raw[8] = raw[6] & 0x0F | 0x70, raw[8] & 0x3F | 0x80
    return "-".join(
        (raw[:4].hex(), raw[4:6].hex(), raw[6:8].hex(), raw[8:10].hex(), raw[10:].hex())
    )


class Stranger:
    """What it holds are revision, hash and body, by scope and id of the record."""

    def __init__(self, url: str, code: str) -> None:
        self._url = url
        self._key = Ed25519PrivateKey.generate()
        asked = {
            "code": code,
            "device_public_key": self._key.public_key().public_bytes_raw().hex(),
            "device_name": "a stranger",
            "app_version": "0",
        }
        self.me = json.loads(self._sent("POST", "/enrol/v1", canonical(asked), {}))
        self._county = Ed25519PublicKey.from_public_bytes(
            bytes.fromhex(self.me["county_public_key"])
        )
        self.records: dict[str, dict[str, tuple[int, str, Said]]] = {}
        self.cursors: Said = {}
        self.heard = 0
        self._made: dict[int, Said] = {}
        self._last = "0" * 64

    def visit(self, scope_id: str, resident_id: str) -> Said:
        """The operation of a follow-up made today."""
        return self._operation(
            scope_id,
            "follow_up",
            resident_id=resident_id,
            occurred_on=datetime.now(LOCAL).date().isoformat(),
            mode="home",
            readings=[
                {"kind": "blood_pressure", "systolic_mmhg": 132, "diastolic_mmhg": 84},
                {"kind": "heart_rate", "heart_rate_bpm": 72},
                {"kind": "glucose", "glucose_mmol_l": 6.0, "timing": "fasting"},
            ],
        )

    def level(self, operations: Sequence[Said] = (), **more: Any) -> Said:
        """Round trips until nothing is new, then the sums; gives the first answer."""
        first = answer = self.exchange(operations, **more)
        while answer.get("has_more"):
            answer = self.exchange()
        for scope_id, root in answer["roots"].items():
            held = self.records.get(scope_id, {}).items()
            total = sum(_digest(record_id, *row[:2]) for record_id, row in held)
            assert f"{total % MODULUS:016x}" == root
        return first

    def exchange(self, operations: Sequence[Said] = (), **more: Any) -> Said:
        """One round trip, its answer proven and kept."""
        said = {
            "device_id": self.me["device_id"],
            "app_version": "0",
            "operations": _without_what_follows(operations),
            "cursors": self.cursors,
            "acknowledged_seq": self.heard,
            "history": self.me["history"],
            **more,
        }
        body = zstandard.compress(canonical(said))
        answer: Said = json.loads(
            self._signed("POST", "/sync/v1", body, {"Content-Encoding": "zstd"})
        )
        self._heard(answer)
        self.me["history"] = answer.get("history", self.me["history"])
        for change in answer.get("changes", ()):
            self._keep(change)
        for run in answer.get("numbered", ()):
            for seq in range(run["device_seq"], run["device_seq"] + run["count"]):
                self._keep({**self._made[seq], "hash": sha256(canonical(self._made[seq]["body"]))})
        self.cursors.update(answer.get("cursors", {}))
        return answer

    def load_whole(self, scope_id: str, offer: Said, piece: int) -> None:
        """A snapshot in pieces, checked before it is kept."""
        path = f"/snapshot/v1/{scope_id}/{offer['epoch']}-{offer['seq']}"
        whole = b""
        while len(whole) < offer["bytes"]:
            wanted = f"bytes={len(whole)}-{len(whole) + piece - 1}"
            whole += self._signed(
                "GET", path, b"", {"Range": wanted, "If-Range": f'"{offer["sha256"]}"'}
            )
        assert sha256(whole) == offer["sha256"]
        plain = zstandard.ZstdDecompressor().decompressobj().decompress(whole)
        for line in plain.decode().split("\n")[:-1]:
            row = json.loads(line)
            body_hash = row.get("hash") or sha256(canonical(row["body"]))
            self._keep({"scope_id": scope_id, "action": "put", "hash": body_hash, **row})
        self.cursors[scope_id] = {"epoch": offer["epoch"], "seq": offer["seq"]}

    def _operation(self, scope_id: str, kind: str, **fields: Any) -> Said:
        author, record_id = self.me["doctor_id"], uuid7()
        operation = {
            "op_id": uuid7(), "device_id": self.me["device_id"], "device_seq": len(self._made) + 1,
            "kind": kind, "record_id": record_id, "revision": 1, "action": "put",
            "scope_id": scope_id, "author_id": author, "occurred_at": now(), "recorded_at": now(),
            "policy_version": "", "base_revision": None, "clock": None, "schema": 1,
            "previous_hash": self._last,
            "body": {"id": record_id, "scope_id": scope_id, "author_id": author,
                     "recorded_at": now(), **fields},
        }  # fmt: skip
        self._last = operation["hash"] = sha256(canonical(operation))
        operation["signature"] = self._key.sign(bytes.fromhex(self._last)).hex()
        self._made[operation["device_seq"]] = operation
        return operation

    def _heard(self, answer: Said) -> None:
        taken = answer.get("taken", [])
        receipts = [{"code": None, "values": {}, **each} for each in answer.get("receipts", [])]
        if taken or receipts:
            signature = bytes.fromhex(answer["receipts_signature"])
            self._county.verify(signature, canonical({"receipts": receipts, "taken": taken}))
        for run in taken:
            assert run["hash"] == self._made[run["last_seq"]]["hash"]
        ends = [run["last_seq"] for run in taken] + [each["device_seq"] for each in receipts]
        self.heard = max([self.heard, *ends])

    def _keep(self, change: Said) -> None:
        held = self.records.setdefault(change["scope_id"], {})
        if change["action"] == "remove":
            held.pop(change["record_id"], None)
            return
        assert sha256(canonical(change["body"])) == change["hash"]
        held[change["record_id"]] = (change["revision"], change["hash"], change["body"])

    def _signed(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> bytes:
        at, nonce, device_id = str(int(time.time())), secrets.token_hex(16), self.me["device_id"]
        lines = ("luyue-request-1", method, path, sha256(body), device_id, at, nonce)
        own = {
            "Luyue-Device": device_id,
            "Luyue-Time": at,
            "Luyue-Nonce": nonce,
            "Luyue-Signature": self._key.sign("\n".join(lines).encode()).hex(),
        }
        return self._sent(method, path, body, {**own, **headers})

    def _sent(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> bytes:
        headers = {"Content-Type": "application/json", "Accept-Encoding": "zstd", **headers}
        request = urllib.request.Request(self._url + path, body or None, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            content: bytes = answer.read()
            is_packed = answer.headers.get("Content-Encoding") == "zstd"
        return (
            zstandard.ZstdDecompressor().decompressobj().decompress(content)
            if is_packed
            else content
        )


def _digest(record_id: str, revision: int, content_hash: str) -> int:
    text = f"{record_id}\n{revision}\n{content_hash}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def _without_what_follows(operations: Sequence[Said]) -> list[Said]:
    """A batch as it may be sent: defaults, and what follows from the chain, left out."""
    sent = []
    for number, operation in enumerate(operations, 1):
        left_out = {"base_revision", "clock", "schema"}
        if number > 1:
            left_out |= {"previous_hash"}
        if number < len(operations):
            left_out |= {"hash", "signature"}
        sent.append({name: value for name, value in operation.items() if name not in left_out})
    return sent
