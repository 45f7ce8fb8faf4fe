"""The faults a world may have, and which of them are let loose."""

from __future__ import annotations

from enum import StrEnum

from core.refusals import Refusal, Refused


class Fault(StrEnum):
    """What may go wrong; the first ones happen to one request on its way."""

    LOST_REQUEST = "lost_request"
    LOST_REPLY = "lost_reply"
    CUT_UP = "cut_up"
    CUT_DOWN = "cut_down"
    DOUBLED = "doubled"
    DELAYED = "delayed"
    HELD_UP = "held_up"
    BUSY = "busy"
    TOO_LARGE = "too_large"
    TROUBLE = "trouble"
    PORTAL = "portal"
    COUNTY_KILLED = "county_killed"
    EDIT_IN_PUSH = "edit_in_push"
    TABLET_KILLED = "tablet_killed"
    WRONG_CLOCK = "wrong_clock"
    FULL_DISK = "full_disk"
    POISON = "poison"
    RIVALS = "rivals"
    MOVED = "moved"
    NEWER_KIND = "newer_kind"
    REASSIGNED = "reassigned"
    REVOKED = "revoked"
    RESTORED = "restored"
    SNAPSHOTS_LOST = "snapshots_lost"
    DECAYED = "decayed"
    ANOTHERS_VISIT = "anothers_visit"
    DECIDED = "decided"
    COPIED = "copied"


ON_THE_WAY = (
    Fault.LOST_REQUEST,
    Fault.LOST_REPLY,
    Fault.CUT_UP,
    Fault.CUT_DOWN,
    Fault.DOUBLED,
    Fault.DELAYED,
    Fault.HELD_UP,
    Fault.BUSY,
    Fault.TOO_LARGE,
    Fault.TROUBLE,
    Fault.PORTAL,
    Fault.COUNTY_KILLED,
    Fault.EDIT_IN_PUSH,
)
"""Faults of one request."""

ALL, NONE = "all", "none"


def faults_named(names: str) -> frozenset[Fault]:
    """The faults of `all`, `none` or a list with commas; raises Refused `simulation.fault`."""
    if names == ALL:
        return frozenset(Fault)
    wanted = {name.strip() for name in names.split(",")} - {"", NONE}
    unknown = sorted(wanted - set(Fault))
    if unknown:
        values = {"fault": unknown[0], "known": ", ".join(Fault)}
        raise Refused(Refusal(code="simulation.fault", values=values))
    return frozenset(Fault(name) for name in wanted)
