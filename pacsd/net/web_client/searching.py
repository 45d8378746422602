"""QIDO-RS as user agent: what matches, page by page (PS3.18 sections 8.3.4.4 and 10.6)."""

import re
from collections.abc import AsyncGenerator, Callable, Sequence

from anyio import to_thread

from pacsd.dicom.data_set import DataSet, read_data_set
from pacsd.dicom.errors import DicomError, JsonModelError, ScanError
from pacsd.dicom.header_stream import known_syntax
from pacsd.dicom.identifier import UNIQUE_KEYS
from pacsd.dicom.json_reader import read_each
from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN
from pacsd.dicom.tag import Tag
from pacsd.dicom.text import printable
from pacsd.dicomweb.required_attributes import SEARCHES
from pacsd.dicomweb.search_request import SearchRequest
from pacsd.net.web_client.answer import ServerAnswer
from pacsd.net.web_client.errors import Broken
from pacsd.net.web_client.refusal import refused
from pacsd.net.web_client.session import Request, WebSession

PAGE = 100
"""Matches asked for at once: fewer than servers let one answer have."""
MAX_PAGE_BYTES = 32 << 20
MAX_MATCHES = 1_000_000

_ACCEPT = {"Accept": "application/dicom+json, application/json;q=0.5"}
_JSON = frozenset({"application/dicom+json", "application/json"})
_NO_CONTENT = 204
_FOUND = 200
_REMAINING = re.compile(r"additional results", re.IGNORECASE)
_WARNINGS_KEPT = 100

Match = DataSet | DicomError
"""What matches; or what is wrong with an answer that is none."""


async def search(
    session: WebSession,
    request: SearchRequest,
    limit: int | None,
    warned: Callable[[str], None],
) -> AsyncGenerator[Match, None]:
    """Each match, `limit` at the most; of what else the server says `warned` is told, once each.

    It is over with a page that has less than was asked for, unless the server says that there is
    more; also where a page is the one before: that server knows no `offset`.

    Raises:
        NotReached, Broken, Refused: the server does not answer, or not in DICOM JSON.
    """
    most = MAX_MATCHES if limit is None else limit
    told: set[str] = set()
    offset, before = 0, tuple[str, ...]()
    while offset < most:
        wanted = min(PAGE, most - offset)
        async with session.ask(
            Request("GET", request.url(limit=wanted, offset=offset), _ACCEPT)
        ) as answer:
            data = await _read(answer)
            warnings = answer.warnings
        matches = await to_thread.run_sync(_matches, data)
        names = tuple(_name(request, each) for each in matches)
        if not matches or (names == before and any(names)):
            return
        for text in warnings:
            if not _REMAINING.search(text) and text not in told and len(told) < _WARNINGS_KEPT:
                told.add(text)
                warned(text)
        for match in matches[: most - offset]:
            yield match
        offset, before = offset + len(matches), names
        if len(matches) < wanted and not any(map(_REMAINING.search, warnings)):
            return
    if limit is None:
        raise Broken(f"more than {MAX_MATCHES} matches (our bound): ask for less")


async def _read(answer: ServerAnswer) -> bytes:
    """The payload; b"" where nothing matches."""
    if answer.status == _NO_CONTENT:
        return b""
    if answer.status != _FOUND:
        raise await refused(answer)
    essence = answer.media_type.essence
    if essence not in _JSON:
        said = printable(answer.content_type)
        raise Broken(f"the answer is no DICOM JSON, but '{said}': is this the root of DICOMweb?")
    return await answer.read(MAX_PAGE_BYTES)


def _matches(data: bytes) -> Sequence[Match]:
    """In a thread: a page may take a while.

    Raises:
        Broken: it is no JSON.
    """
    if not data.strip():
        return ()
    syntax = known_syntax(EXPLICIT_VR_LITTLE_ENDIAN)
    found: list[Match] = []
    try:
        for each in read_each(data):
            try:
                found.append(
                    each if isinstance(each, JsonModelError) else read_data_set(each.raw, syntax)
                )
            except ScanError as error:
                found.append(error)
    except JsonModelError as error:
        raise Broken(f"the answer is no DICOM JSON: {error}") from None
    return found


_LEVEL_KEYS = {kind: UNIQUE_KEYS[levels[-1]] for kind, levels in SEARCHES.items()}


def _name(request: SearchRequest, match: Match) -> str:
    tag: Tag = _LEVEL_KEYS[request.target.kind]
    return "".join(match.texts(tag)[:1]) if isinstance(match, DataSet) else ""
