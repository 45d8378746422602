"""What somebody finds, before it is told: matches of C-FIND and of searches over DICOMweb."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from pacsd.api.access import Door, Principal

MAX_MATCHES = 100
"""Of one page; a query that finds more has its plugins asked about several."""

MAX_CHARACTERS = 256 * 1024
"""Of the values of one page, where it has more than one match, and of any one match."""


@dataclass(frozen=True, slots=True)
class Attributes:
    """Attributes of a match, or of an item of a sequence, by keyword.

    `values`: several ones are joined by backslashes, '' stands for none; numbers are text as well,
    and what is bytes is written in base64. `sequences`: the items of each. What has no keyword, as
    what is private, goes by its tag: "(0009,1001)".
    """

    values: Mapping[str, str]
    sequences: Mapping[str, "tuple[Attributes, ...]"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class QueryResults:
    """A page of what somebody finds: patients, studies, series or instances.

    `level` is Query/Retrieve Level (0008,0052): "PATIENT", "STUDY", "SERIES" or "IMAGE". `asked`
    are the attributes that were asked for, by keyword; a match has those that are supported. The
    level itself, where and how a match is to be had, and character set and zone are not among them.
    """

    principal: Principal
    door: Door
    peer_host: str
    level: str
    asked: tuple[str, ...]
    matches: tuple[Attributes, ...]

    def with_values(self, change: Callable[[Attributes], Mapping[str, str]]) -> "QueryResults":
        """The same page, each match with the values of which `change` gives others ({}: none)."""
        changed = (replace(each, values={**each.values, **change(each)}) for each in self.matches)
        return replace(self, matches=tuple(changed))
