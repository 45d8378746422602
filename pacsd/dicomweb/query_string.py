"""The query component of a target: its parameters, decoded (PS3.18 section 8.3.1).

`+` is a space, as browsers' forms write it; everything else is percent-encoded UTF-8.
"""

import re
from urllib.parse import unquote_plus

from pacsd.dicomweb.errors import BadRequest

MAX_QUERY_LENGTH = 65_536
"""Characters of a query; a list of nearly a thousand UIDs."""
MAX_PARAMETERS = 256

_NOT_PERCENT_ENCODED = re.compile(r"%(?![0-9A-Fa-f]{2})|[^!-~]")
_CONTROL = re.compile(r"[\0-\x1f\x7f-\x9f]")


def parameters_of(query: str) -> tuple[tuple[str, str], ...]:
    """Name and value of each parameter, in their order; one without `=` has an empty value.

    Raises:
        BadRequest: too many of them, or text that is not percent-encoded UTF-8.
    """
    if len(query) > MAX_QUERY_LENGTH:
        raise BadRequest("query", query, f"is longer than {MAX_QUERY_LENGTH} characters")
    if query.count("&") >= MAX_PARAMETERS:
        raise BadRequest("query", query, f"has more than {MAX_PARAMETERS} parameters")
    return tuple(_parameter(each) for each in query.split("&") if each)


def _parameter(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return _decoded(name), _decoded(value)


def _decoded(text: str) -> str:
    if _NOT_PERCENT_ENCODED.search(text):
        raise BadRequest("query", text, "is not percent-encoded (RFC 3986 section 2.1)")
    try:
        decoded = unquote_plus(text, errors="strict")
    except UnicodeDecodeError:
        raise BadRequest("query", text, "is not UTF-8 (PS3.18 section 8.3.1)") from None
    if _CONTROL.search(decoded):
        raise BadRequest("query", decoded, "has control characters")
    return decoded
