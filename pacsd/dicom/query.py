"""What is asked for: one value for C-FIND and for searches over the web (PS3.4 section C.2.2.2).

A query is a level, conditions that all must hold, and what is to be returned. Universal Matching
leaves no condition behind. Each condition stands for one kind of matching; `matching` carries them
out on any source of values, `index` turns them into SQL.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from pacsd.dicom.level import Level
from pacsd.dicom.tag import Tag
from pacsd.dicom.vr import VR


@dataclass(frozen=True, slots=True)
class Values:
    """Single Value, List of UID and Multiple Value Matching: one of these is a value.

    PS3.4 sections C.2.2.2.1 and C.2.2.2.2. Numbers compare as numbers, those that are text (VR IS
    and DS) as well: `70` is `70.0`.
    """

    tag: Tag
    vr: VR
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Patterns:
    """Wild Card Matching, or the very text: one of these fits a value (PS3.4 section C.2.2.2.4)."""

    tag: Tag
    vr: VR
    patterns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Names:
    """The same of VR PN; see `name_matching`. With `is_exact` case and accents matter."""

    tag: Tag
    patterns: tuple[str, ...]
    is_exact: bool = False


@dataclass(frozen=True, slots=True)
class SoundsLike:
    """Fuzzy Semantic Matching of VR PN (PS3.4 section C.2.2.2.1): it sounds like one of these."""

    tag: Tag
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """Range Matching, both ends included (PS3.4 section C.2.2.2.5); None: no end on that side.

    Of VR DA `YYYYMMDD`, of TM `HHMMSS.FFFFFF`, so that they compare as text; of DT as written.
    """

    tag: Tag
    vr: VR
    low: str | None
    high: str | None


@dataclass(frozen=True, slots=True)
class Moment:
    """A date and a time of day as two attributes have them; '' of each is no end on that side."""

    date: str
    time: str


@dataclass(frozen=True, slots=True)
class BetweenMoments:
    """Range Matching of a date and the time of day that goes with it (PS3.4 section C.2.2.2.5).

    Combined Datetime Matching takes the two as one moment. With `is_apart` the date is between the
    dates, and the time of day between the times. With `offset_minutes` from UTC, low and high are
    of that zone, and the entity's own Timezone Offset From UTC is minded; without one both are
    local times of one zone.
    """

    date_tag: Tag
    time_tag: Tag
    low: Moment | None
    high: Moment | None
    offset_minutes: int | None = None
    is_apart: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """Empty Value Matching (PS3.4 section C.2.2.2.7): the attribute has no value."""

    tag: Tag


@dataclass(frozen=True, slots=True)
class HasItem:
    """Sequence Matching (PS3.4 section C.2.2.2.6): all conditions hold for one of its items."""

    tag: Tag
    conditions: "tuple[Condition, ...]"


Condition: TypeAlias = (
    Values | Patterns | Names | SoundsLike | Between | BetweenMoments | Missing | HasItem
)


@dataclass(frozen=True, slots=True)
class ReturnKey:
    """An attribute that is asked for; of a sequence with `keys`, only these of its items."""

    tag: Tag
    vr: VR
    keys: "tuple[ReturnKey, ...]" = ()


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for at a level.

    `creators` are the Private Creators of its private keys, by their tags.
    """

    level: Level
    conditions: tuple[Condition, ...]
    returned: tuple[ReturnKey, ...] = ()
    creators: Mapping[Tag, str] = field(default_factory=dict)


def tags_of(condition: Condition) -> tuple[Tag, ...]:
    """The attributes, outside sequences, that a condition looks at."""
    if isinstance(condition, BetweenMoments):
        return condition.date_tag, condition.time_tag
    return (condition.tag,)
