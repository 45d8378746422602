"""The Basic Application Level Confidentiality Profile and its options (PS3.15 annex E), as actions.

Table E.1-1 leaves some to the IOD: X/Z/D is X unless Z or D is needed. Here it is the one that is
always well: what may have to be there stays, empty or with a dummy value.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from types import MappingProxyType

from pacsd.dicom.tag import Tag, is_private
from pacsd_coerce._profile_data import ROWS


class Action(Enum):
    """What becomes of an attribute (PS3.15 table E.1-1a)."""

    REMOVE = auto()
    EMPTY = auto()
    DUMMY = auto()
    UID = auto()
    KEEP = auto()
    CLEAN_TEXT = auto()
    SHIFT = auto()


_BASIC: Mapping[str, Action] = MappingProxyType(
    {
        "X": Action.REMOVE,
        "Z": Action.EMPTY,
        "D": Action.DUMMY,
        "U": Action.UID,
        "Z/D": Action.DUMMY,
        "X/Z": Action.EMPTY,
        "X/D": Action.DUMMY,
        "X/Z/D": Action.DUMMY,
        "X/Z/U*": Action.KEEP,  # a sequence, the UIDs in it replaced
    }
)


@dataclass(frozen=True, slots=True)
class ProfileOption:
    """An option of PS3.15 section E.3: its column in the table, and its code of CID 7050."""

    column: str
    code: str
    meaning: str


BASIC_PROFILE = ProfileOption("", "113100", "Basic Application Confidentiality Profile")
OPTIONS: Mapping[str, ProfileOption] = MappingProxyType(
    {
        "clean-descriptors": ProfileOption("descriptors", "113105", "Clean Descriptors Option"),
        "full-dates": ProfileOption(
            "full-dates", "113106", "Retain Longitudinal Temporal Information Full Dates Option"
        ),
        "modified-dates": ProfileOption(
            "modified-dates",
            "113107",
            "Retain Longitudinal Temporal Information Modified Dates Option",
        ),
        "retain-patient-characteristics": ProfileOption(
            "patient", "113108", "Retain Patient Characteristics Option"
        ),
        "retain-device": ProfileOption("device", "113109", "Retain Device Identity Option"),
        "retain-uids": ProfileOption("uids", "113110", "Retain UIDs Option"),
        "retain-safe-private": ProfileOption("", "113111", "Retain Safe Private Option"),
        "retain-institution": ProfileOption(
            "institution", "113112", "Retain Institution Identity Option"
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Profile:
    """The actions on attributes by tag, with some options. What is in none stays as it is."""

    actions: Mapping[Tag, Action]

    def action(self, tag: Tag) -> Action:
        """What becomes of an attribute of PS3.6 outside private groups, curves and overlays."""
        return self.actions.get(tag, Action.KEEP)


def profile_with(options: Iterable[str]) -> Profile:
    """The profile with these options."""
    columns = {OPTIONS[each].column for each in options} - {""}
    actions: dict[Tag, Action] = {}
    for basic, optional, tags in ROWS:
        offered = dict(each.split(":") for each in optional.split(",") if each)
        wanted = {column: offered[column] for column in columns if column in offered}
        action = _optional_action(wanted) if wanted else _BASIC[basic]
        actions.update((int(tag, 16), action) for tag in tags.split())
    return Profile(MappingProxyType(actions))


@cache
def _basic() -> Profile:
    return profile_with(())


def basic_action(tag: Tag) -> Action:
    """What the Basic Profile alone does."""
    return Action.REMOVE if is_private(tag) else _basic().action(tag)


def _optional_action(wanted: Mapping[str, str]) -> Action:
    """Of several options one that keeps all of it counts, then one that cleans it."""
    if "K" in wanted.values():
        return Action.KEEP
    return Action.SHIFT if "modified-dates" in wanted else Action.CLEAN_TEXT
