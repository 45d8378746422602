"""When a server that takes nothing now wants us back (RFC 9110 section 10.2.3)."""

import re
from datetime import datetime
from email.utils import parsedate_to_datetime

_SECONDS = re.compile(r"[0-9]{1,9}")


def retry_after_s(value: str, date: str) -> float | None:
    """How many seconds from now; None where it does not say, or nothing that can be read.

    `value` is Retry-After, seconds or a moment; `date` is Date, the server's own now: so its clock
    may be wrong, and ours.
    """
    value = value.strip()
    if _SECONDS.fullmatch(value):
        return float(value)
    then, now = _moment(value), _moment(date)
    return None if then is None or now is None else max((then - now).total_seconds(), 0.0)


def _moment(text: str) -> datetime | None:
    """A moment, which HTTP writes in GMT."""
    try:
        return parsedate_to_datetime(text).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None
