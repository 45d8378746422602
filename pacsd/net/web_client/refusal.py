"""What a server's refusal means, in words for a person (PS3.18 section 8.5, RFC 9110)."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from pacsd.dicom.text import printable
from pacsd.net.web_client.answer import ServerAnswer
from pacsd.net.web_client.errors import Refused, WebError

MAX_REFUSAL_BYTES = 65_536
MAX_TEXT_LENGTH = 256
MAX_WARNINGS = 3
"""How many of what an answer warns of are told: our server sends no more."""

REDIRECTS = frozenset({301, 302, 303, 307, 308})
FOR_ALL = REDIRECTS | {401, 403, 404, 405, 406, 415, 421, 501, 505, 511}
"""Statuses that whatever else is asked for in the same way would get as well."""

_MEANINGS: Mapping[int, str] = MappingProxyType({
    400: "the server takes the request for a wrong one",
    401: "the server wants to know who asks: set PACSD_HTTP_TOKEN, or give --token-file",
    403: "the server forbids it",
    404: "nothing is there: is this the root of a DICOMweb service?",
    405: "the server does not do this there: is this the root of a DICOMweb service?",
    406: "the server has it in no media type that we read",
    409: "the server can store nothing of it",
    410: "it is no longer there",
    411: "the server wants to know the length beforehand",
    413: "it is more than the server takes or gives at once",
    414: "the server takes no query so long",
    415: "the server does not take DICOM files",
    421: "the server does not go by this name",
    429: "the server has too many requests at once",
    500: "the server failed",
    501: "the server cannot do this",
    502: "the server behind it failed",
    503: "the server does nothing now",
    504: "the server behind it did not answer",
})  # fmt: skip

_NAMES = ("error", "Details", "Message", "message", "detail", "title")
"""Where servers say in JSON why: pacsd, Orthanc, Spring, RFC 9457."""


async def refused(answer: ServerAnswer) -> Refused:
    """The refusal that an answer is, with what the server says beside it as far as it is text."""
    status = answer.status
    if status in REDIRECTS:
        meaning = f"the service is at {_place(answer)}: give that as PEER"
    else:
        meaning = _MEANINGS.get(status, "the server does not do it")
    said = await _said(answer)
    text = f"HTTP {status}{_phrase(status)}: {meaning}"
    reasons = [each for each in (said, warned(answer)) if each]
    return Refused(status, f"{text}; it says: {'; '.join(reasons)}" if reasons else text)


def warned(answer: ServerAnswer) -> str:
    """What the Warning headers of an answer say, as one text; "" without any."""
    return "; ".join(answer.warnings[:MAX_WARNINGS])


def _phrase(status: int) -> str:
    try:
        return f" {HTTPStatus(status).phrase}"
    except ValueError:
        return ""


def _place(answer: ServerAnswer) -> str:
    """Where a redirect leads to, without what may be a secret in it."""
    place = answer.header("Location").partition("?")[0].rpartition("@")[2]
    return f"'{printable(place, MAX_TEXT_LENGTH)}'" if place else "another place"


async def _said(answer: ServerAnswer) -> str:
    """What the payload says, if that is short text or JSON of a known form."""
    essence = answer.media_type.essence
    if not (essence.endswith("json") or essence == "text/plain"):
        return ""
    try:
        data = await answer.read(MAX_REFUSAL_BYTES)
    except WebError:
        return ""  # the status alone says enough
    text = data.decode("utf-8", "replace")
    said = text if essence == "text/plain" else _in_json(text)
    return printable(" ".join(said.split()), MAX_TEXT_LENGTH)


def _in_json(text: str) -> str:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(found, dict):
        return ""
    return next((found[each] for each in _NAMES if isinstance(found.get(each), str)), "")
