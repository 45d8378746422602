"""Entity tags: whether a client has what it asks for, or changes what it saw (RFC 9110 section 13).

A list that cannot be read holds no tag: the answer is then sent once too often (If-None-Match), or
the change refused (If-Match).
"""

import re
from collections.abc import Iterator

MAX_HEADER_LENGTH = 8_192

_LISTED = re.compile(r'[ \t,]*+((?:W/)?"[!#-~\x80-\xff]*+")[ \t]*+(?=,|$)')
_OPAQUE = re.compile(r"[!#-~]+")


def entity_tag(opaque: str, *, is_weak: bool = False) -> str:
    """The value of ETag. Weak ones are of representations that mean the same.

    Raises:
        ValueError: `opaque` has characters that no tag has (RFC 9110 section 8.8.3).
    """
    if not _OPAQUE.fullmatch(opaque):
        raise ValueError(f"entity tag: {opaque!r} is not of visible ASCII without quotes")
    return f'W/"{opaque}"' if is_weak else f'"{opaque}"'


def none_matches(if_none_match: str, current: str | None) -> bool:
    """Whether the client has not got `current`, so that it is to be sent (section 13.1.2).

    `current` is None where there is no representation: `*` is for those who create it.
    """
    if if_none_match.strip() == "*":
        return current is None
    return current is None or _opaque(current) not in map(_opaque, _tags(if_none_match))


def matches(if_match: str, current: str | None) -> bool:
    """Whether `current` is what the client saw, so that it may change it (section 13.1.1).

    Compared strongly: weak tags are the same as none.
    """
    if if_match.strip() == "*":
        return current is not None
    if current is None or current.startswith("W/"):
        return False
    return current in _tags(if_match)


def _tags(header: str) -> Iterator[str]:
    place = 0
    while len(header) <= MAX_HEADER_LENGTH:
        found = _LISTED.match(header, place)
        if found is None:
            return
        yield found[1]
        place = found.end()


def _opaque(tag: str) -> str:
    return tag.removeprefix("W/")
