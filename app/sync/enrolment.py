"""Asking the county before anything can be signed: a code for a place, or for a lost key."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pydantic import ValidationError

from app.sync.coding import ACCEPTED
from app.sync.county_call import content_of, refused_code
from app.sync.transport import Transport
from app.sync.troubles import SyncTrouble, Trouble
from core.refusals import Refusal, Refused
from core.wire.envelopes import ENROL_REQUESTS, ENROL_RESPONSES, EnrolRequest, EnrolResponse

PATH = "/enrol/v1"
T = TypeVar("T")
_TRIES = 2
"""A lost answer is asked for again at once: the county gives the same tablet the same answer."""
_REFUSAL_OF: dict[Trouble, str] = {
    Trouble.OFFLINE: "county.unreachable",
    Trouble.TIMEOUT: "county.unreachable",
    Trouble.BUSY: "county.busy",
    Trouble.COUNTY_TROUBLE: "county.trouble",
    Trouble.UNSAFE: "county.unsafe",
}


def enrol(
    connect: Callable[[str], Transport], county_url: str, asked: EnrolRequest
) -> EnrolResponse:
    """The county's answer to a code.

    Raises Refused with the county's own code (`enrol.code_unknown`, `enrol.code_used`,
    `enrol.code_expired`), or `county.unreachable`, `county.not_a_county`, `county.busy`,
    `county.trouble`, `county.unsafe`.
    """
    said = ENROL_REQUESTS.dump_json(asked)
    return ask_unsigned(connect, county_url, PATH, said, ENROL_RESPONSES.validate_json)


def ask_unsigned(
    connect: Callable[[str], Transport],
    county_url: str,
    path: str,
    said: bytes,
    read: Callable[[bytes], T],
) -> T:
    """One question no signature can go with yet, asked again at once where the answer was lost.

    Raises Refused with the county's own code, or why there is no answer (see `enrol`).
    """
    try:
        transport = connect(county_url)
        try:
            return _read(_answer(transport, path, said), read)
        finally:
            transport.close()
    except SyncTrouble as trouble:
        code = _REFUSAL_OF.get(trouble.code, "county.not_a_county")
        raise Refused(Refusal(code=code, place="county_url")) from trouble


def _answer(transport: Transport, path: str, content: bytes) -> bytes:
    headers = {"Content-Type": "application/json", "Accept-Encoding": ACCEPTED}
    for tries_left in reversed(range(_TRIES)):
        try:
            answer = transport.post(path, content, headers)
        except SyncTrouble:
            if not tries_left:
                raise
            continue
        refused = refused_code(answer)
        if refused is not None:
            raise Refused(Refusal(code=refused, place="code"))
        return content_of(answer)
    raise SyncTrouble(Trouble.OFFLINE)


def _read(content: bytes, read: Callable[[bytes], T]) -> T:
    try:
        return read(content)
    except ValidationError as error:
        raise SyncTrouble(Trouble.NOT_THE_COUNTY) from error
