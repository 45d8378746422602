"""The parameters of a search: what to match, what to tell, and how many (PS3.18 section 8.3.4)."""

import re
from dataclasses import dataclass, field
from typing import TypeVar

from pacsd.dicom.dictionary import vr_of
from pacsd.dicom.query_keys import Path
from pacsd.dicom.vr import VR
from pacsd.dicomweb.attribute_names import is_sequence, path_named
from pacsd.dicomweb.errors import BadRequest
from pacsd.dicomweb.query_string import parameters_of

MAX_LIMIT = 1_000_000
"""What is above is answered as if it were this: the server has a smaller bound of its own."""
MAX_OFFSET = 1_000_000_000
MAX_INCLUDES = 1_000
MAX_VALUE_LENGTH = 1_024
"""Characters of a value that is no list of UIDs, as in an Identifier."""


@dataclass(frozen=True, slots=True)
class SearchParameters:
    """What a search asks for.

    `matches` are attributes with what they are matched against, in text: several UIDs stand with
    backslashes between them, and an empty value is Universal Matching. `includes` are told beside
    what always is; `includes_all` asks for all there is. `accept` holds media ranges as they came.
    """

    matches: tuple[tuple[Path, str], ...] = ()
    includes: tuple[Path, ...] = ()
    includes_all: bool = False
    limit: int | None = None
    offset: int = 0
    is_fuzzy: bool = False
    matches_empty_values: bool = False
    matches_multiple_values: bool = False
    accept: tuple[str, ...] = ()


def search_parameters(query: str) -> SearchParameters:
    """Read the query component of a search, percent-encoded as it came.

    Raises:
        BadRequest: a parameter that is unknown, stands twice, or has no value it could have.
    """
    read = _Read()
    for name, value in parameters_of(query):
        if name in read.lists:
            read.lists[name].append(value)
        elif name in SINGLE:
            _add_once(read.single, name, name, value)
        elif name not in IGNORED:
            path = path_named(name)
            _add_once(read.matches, path, name, _match_value(path, name, value))
    return _parameters(read)


SINGLE = frozenset({
    "limit", "offset", "fuzzymatching", "emptyvaluematching", "multiplevaluematching",
})  # fmt: skip
"""Parameters that stand once."""
REPEATED = ("includefield", "accept")
IGNORED = frozenset({"charset"})
"""JSON is in UTF-8, whatever is asked for (RFC 8259 section 8.1)."""

_Key = TypeVar("_Key")


@dataclass(slots=True)
class _Read:
    """The parameters, sorted by what they are."""

    lists: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in REPEATED})
    single: dict[str, str] = field(default_factory=dict)
    matches: dict[Path, str] = field(default_factory=dict)


def _add_once(read: dict[_Key, str], key: _Key, name: str, value: str) -> None:
    if key in read:
        raise BadRequest(name, value, "is a second value (PS3.18 section 8.3.4.1)")
    read[key] = value


def _match_value(path: Path, name: str, value: str) -> str:
    """The value as a key of C-FIND has it."""
    if is_sequence(path[-1]) and value:
        raise BadRequest(name, value, "is the value of a sequence; its attributes have one")
    if vr_of(path[-1]) == VR.UI:
        return _uid_list(name, value)
    if len(value) > MAX_VALUE_LENGTH:
        raise BadRequest(name, value, f"is longer than {MAX_VALUE_LENGTH} characters")
    return value


def _uid_list(name: str, value: str) -> str:
    """UIDs between commas, between backslashes (PS3.18 section 8.3.4.1, PS3.4 C.2.2.2.2)."""
    uids = "\\".join(filter(None, map(str.strip, value.split(","))))
    if value and not uids:
        # Without a UID it would match everything, which nobody asked for.
        raise BadRequest(name, value, "is a list without a UID")
    return uids


def _parameters(read: _Read) -> SearchParameters:
    fields = [each for value in read.lists["includefield"] for each in value.split(",") if each]
    limit = _whole("limit", read.single)
    return SearchParameters(
        matches=tuple(read.matches.items()),
        includes=_includes(fields),
        includes_all="all" in fields,
        limit=None if limit is None else min(limit, MAX_LIMIT),
        offset=_offset(read.single),
        is_fuzzy=_truth("fuzzymatching", read.single),
        matches_empty_values=_truth("emptyvaluematching", read.single),
        matches_multiple_values=_truth("multiplevaluematching", read.single),
        accept=tuple(read.lists["accept"]),
    )


def _includes(fields: list[str]) -> tuple[Path, ...]:
    """Each attribute once; beside `all`, which says it already, they do no harm."""
    if len(fields) > MAX_INCLUDES:
        raise BadRequest("includefield", fields[0], f"is one of more than {MAX_INCLUDES}")
    return tuple(dict.fromkeys(path_named(each) for each in fields if each != "all"))


def _offset(single: dict[str, str]) -> int:
    offset = _whole("offset", single) or 0
    if offset > MAX_OFFSET:
        raise BadRequest("offset", single["offset"], f"is more than {MAX_OFFSET}")
    return offset


_UINT = re.compile(r"[0-9]{1,20}")


def _whole(name: str, single: dict[str, str]) -> int | None:
    text = single.get(name)
    if text is None:
        return None
    if _UINT.fullmatch(text):
        return int(text)
    raise BadRequest(name, text, "is no whole number (PS3.18 section 8.3.4.4)")


def _truth(name: str, single: dict[str, str]) -> bool:
    text = single.get(name, "false")
    if text in {"true", "false"}:
        return text == "true"
    raise BadRequest(name, text, "is neither true nor false (PS3.18 section 8.3.4)")
