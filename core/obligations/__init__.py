"""What is owed and how it stands: `account_of` turns a history into slots with reasons."""

from core.accounts import Account, Gap, ItemLine, between, joined
from core.obligations.account import account_of
from core.obligations.bearing import bears_on
from core.slots import Candidate, Programme, Slot, SlotState, Tier, WhyNot

__all__ = [
    "Account",
    "Candidate",
    "Gap",
    "ItemLine",
    "Programme",
    "Slot",
    "SlotState",
    "Tier",
    "WhyNot",
    "account_of",
    "bears_on",
    "between",
    "joined",
]
