"""Where one can be in the app: a screen's name and the record it is about."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A screen, and the id of what it shows where it shows one thing."""

    screen: str
    subject_id: str = ""

    @property
    def path(self) -> str:
        """The place as a path; never anything a passer-by could read a person from."""
        return f"/{self.screen}/{self.subject_id}" if self.subject_id else f"/{self.screen}"


TODAY = Place("today")
EDUCATION = Place("education")
MONTH = Place("month")
SYNC = Place("sync")
SETTINGS = Place("settings")

ROOTS = (TODAY, EDUCATION, MONTH, SYNC, SETTINGS)
"""The places one tap away from everywhere, in the order they are shown."""


def household(household_id: str) -> Place:
    """A household with its members and what each is owed."""
    return Place("household", household_id)


def resident(resident_id: str) -> Place:
    """A resident's account, readings and history."""
    return Place("resident", resident_id)


def follow_up(resident_id: str) -> Place:
    """The form of a resident's next follow-up, or of the draft begun."""
    return Place("follow_up", resident_id)


def amendment(follow_up_id: str) -> Place:
    """The form that corrects a follow-up already recorded."""
    return Place("amendment", follow_up_id)


def saved(follow_up_id: str) -> Place:
    """What to tell the resident after a follow-up was saved."""
    return Place("saved", follow_up_id)


def referral(resident_id: str) -> Place:
    """The referral form of a resident."""
    return Place("referral", resident_id)


def household_education(household_id: str) -> Place:
    """The health-education form for a household."""
    return Place("household_education", household_id)


def record(follow_up_id: str) -> Place:
    """A follow-up already recorded: what it says and how far it has got."""
    return Place("record", follow_up_id)


def correction(resident_id: str) -> Place:
    """What is written about a resident, to be put right."""
    return Place("correction", resident_id)
