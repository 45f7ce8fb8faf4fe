"""The text a tablet signs with each request, in the manner of RFC 9421."""

from __future__ import annotations

from dataclasses import dataclass

DEVICE_HEADER = "Luyue-Device"
TIME_HEADER = "Luyue-Time"
NONCE_HEADER = "Luyue-Nonce"
SIGNATURE_HEADER = "Luyue-Signature"
MAX_SKEW_S = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedParts:
    """What a request's signature covers; `time` is Unix seconds, `nonce` 32 hex digits."""

    method: str
    path: str
    body_sha256: str
    device_id: str
    time: int
    nonce: str


def text_to_sign(parts: SignedParts) -> bytes:
    """The bytes that both ends sign and check: the parts, one a line, in a fixed order."""
    lines = (
        "luyue-request-1",
        parts.method.upper(),
        parts.path,
        parts.body_sha256,
        parts.device_id,
        str(parts.time),
        parts.nonce,
    )
    return "\n".join(lines).encode()
