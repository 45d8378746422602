"""Where a reader of the change feed goes on, and how long it waits: /changes, which is our own.

PS3.18 has no such resource. A cursor is an epoch and the number of a change: numbers rise within an
epoch only. As an event ID of server-sent events it is `EPOCH:NUMBER`.
"""

import re
from dataclasses import dataclass

from pacsd.dicomweb.errors import BadRequest
from pacsd.dicomweb.query_string import parameters_of

MAX_NUMBER = 2**63 - 1
"""Of a change; an index has no higher ones."""
MAX_LIMIT = 1_000
"""Changes of one answer."""
MAX_WAIT_S = 60
MAX_EPOCH_LENGTH = 64

LAST_EVENT_ID = "Last-Event-ID"
FROM_NOW_ON = "last"

_DEFAULT_LIMIT = 100


@dataclass(frozen=True, slots=True)
class ChangeParameters:
    """What a reader asks for: changes behind the number `since`; None: behind the newest one.

    Without an `epoch` it does not say of which one its number is. `accept` as in searches.
    """

    since: int | None = 0
    epoch: str = ""
    limit: int = _DEFAULT_LIMIT
    wait_s: int = 0
    accept: tuple[str, ...] = ()


def change_parameters(query: str) -> ChangeParameters:
    """Read the query component, percent-encoded as it came.

    Raises:
        BadRequest: a parameter that is unknown, stands twice, or has no value it could have.
    """
    single: dict[str, str] = {}
    accept = []
    for name, value in parameters_of(query):
        if name == "accept":
            accept.append(value)
        elif name not in _SINGLE:
            raise BadRequest("parameter", name, f"is none of {', '.join((*_SINGLE, 'accept'))}")
        elif name in single:
            raise BadRequest(name, value, "is a second value")
        else:
            single[name] = value
    return ChangeParameters(
        since=_since(single.get("since", "0")),
        epoch=_epoch("epoch", single["epoch"]) if "epoch" in single else "",
        limit=_number("limit", single.get("limit", str(_DEFAULT_LIMIT)), 1, MAX_LIMIT),
        wait_s=_number("wait", single.get("wait", "0"), 0, MAX_WAIT_S),
        accept=tuple(accept),
    )


def event_id(epoch: str, number: int) -> str:
    """The event ID of a change."""
    return f"{epoch}:{number}"


def cursor_of(event: str) -> tuple[str, int]:
    """Epoch and number of an event ID, as a reader sends it that comes back.

    Raises:
        BadRequest: it is none of ours.
    """
    epoch, colon, number = event.partition(":")
    if not colon:
        raise BadRequest(LAST_EVENT_ID, event, "is not EPOCH:NUMBER")
    return _epoch(LAST_EVENT_ID, epoch), _number(LAST_EVENT_ID, number, 0, MAX_NUMBER)


_SINGLE = ("since", "epoch", "limit", "wait")
_DIGITS = re.compile(r"[0-9]{1,19}")
_EPOCH = re.compile(f"[0-9A-Za-z]{{1,{MAX_EPOCH_LENGTH}}}")


def _since(text: str) -> int | None:
    return None if text == FROM_NOW_ON else _number("since", text, 0, MAX_NUMBER)


def _epoch(name: str, text: str) -> str:
    if _EPOCH.fullmatch(text):
        return text
    raise BadRequest(name, text, f"is no epoch: 1 to {MAX_EPOCH_LENGTH} letters and digits")


def _number(name: str, text: str, least: int, greatest: int) -> int:
    if _DIGITS.fullmatch(text) and least <= int(text) <= greatest:
        return int(text)
    also = f" or {FROM_NOW_ON}" if name == "since" else ""
    raise BadRequest(name, text, f"is no whole number from {least} to {greatest}{also}")
