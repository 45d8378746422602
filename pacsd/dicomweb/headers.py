"""Header values made of what others wrote: no data ends a line or a quoted text (RFC 9110 5.5)."""

import re
from collections.abc import Iterable
from urllib.parse import quote

from pacsd.dicom.text import printable

TOTAL_COUNT = "X-Total-Count"
"""How many matches a search has in all; not of PS3.18, but of the names in use the usual one."""

MAX_TEXT_LENGTH = 512
MAX_FILENAME_LENGTH = 128
MAX_WARNING_LENGTH = 256
"""Of the text of somebody else's warning."""

_NOT_IN_QUOTES = re.compile(r'["\\]')
_NOT_IN_FILENAME = re.compile(r"[^0-9A-Za-z._-]")
_SAFE_IN_URL = ":/?#[]@!$&'()*+,;=%"
_SAFE_IN_VALUE = "!#$&+.^_`|~"
_WARNING = re.compile(r'299\s+\S+\s+"((?:[^"\\]|\\.)*+)"')
_QUOTED_PAIR = re.compile(r"\\(.)")


def warning(service: str, text: str) -> str:
    """The value of a Warning header with code 299 (PS3.18 section 8.3.4.2).

    `service` is the base URI of the service.
    """
    said = _NOT_IN_QUOTES.sub("'", printable(text, MAX_TEXT_LENGTH))
    return f'299 {location(service)}: "{said}"'


def warning_texts(values: Iterable[str]) -> list[str]:
    """What Warning headers with code 299 say (PS3.18 section 8.3.4.2, RFC 7234 section 5.5).

    Each text is there once, safe to show to people, and bounded.
    """
    found = (
        _QUOTED_PAIR.sub(r"\1", each[1]) for value in values for each in _WARNING.finditer(value)
    )
    return list(dict.fromkeys(printable(each, MAX_WARNING_LENGTH) for each in found if each))


def attachment(filename: str) -> str:
    """The value of Content-Disposition for a payload to be kept as a file (RFC 6266 section 4).

    Names other than plain ASCII are there twice, since old clients read the first form only.
    """
    name = filename[:MAX_FILENAME_LENGTH]
    plain = _NOT_IN_FILENAME.sub("_", name).lstrip(".") or "_"
    if plain == filename:
        return f'attachment; filename="{plain}"'
    encoded = quote(name, safe=_SAFE_IN_VALUE, errors="replace")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}"


def location(url: str) -> str:
    """The value of Location or Content-Location: a URI reference, its other characters encoded."""
    return quote(url, safe=_SAFE_IN_URL, errors="replace")
