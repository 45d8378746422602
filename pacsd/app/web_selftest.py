"""DICOMweb tested from outside, in the way of a client: its headers, in its order of requests.

`http.client` asks and `email` takes multipart payloads apart, which both share no code with pacsd.
The object is that of the test over DIMSE: it stays, and who tests again sends a duplicate.
"""

import json
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any
from urllib.parse import urljoin, urlsplit

from pacsd.app.selftest import (
    INSTANCE,
    PATIENCE_S,
    SERIES,
    STUDY,
    Failed,
    Step,
    encoded,
    made_object,
    part10,
)
from pacsd.dicom.text import printable
from pacsd.net.endpoint import Endpoint

ROOT = "/dicomweb"
MAX_BODY_BYTES = 16 * 1024 * 1024
"""Of an answer; those to the test are some KiB."""

_STUDY = f"{ROOT}/studies/{STUDY}"
_SERIES = f"{_STUDY}/series/{SERIES}"
_INSTANCE = f"{_SERIES}/instances/{INSTANCE}"
_JSON = "application/dicom+json"
_OCTETS = "application/octet-stream"
_DICOM = "application/dicom"
_BOUNDARY = "pacsd-selftest"
_PIXELS = "7FE00010"
_GZIP = 16 + zlib.MAX_WBITS
_MAX_TEXT_LENGTH = 300
_NONSENSE = (OSError, EOFError, zlib.error, HTTPException, ValueError, RecursionError)
"""What Python's own readers raise of what is no answer, or is nested without end."""
_UID_OF = {"studies": "0020000D", "series": "0020000E", "instances": "00080018"}


@dataclass(frozen=True, slots=True)
class Manner:
    """How a client asks: what it calls itself, what it accepts, and which parameters it has.

    `has_frames`: it shows frames and loads bulk data; others load files. `is_exact`: each media
    type is looked at as PS3.18 wants it, and refusals are tried.
    """

    user_agent: str
    json: str
    frame: str = f'multipart/related; type="{_OCTETS}"; transfer-syntax=*'
    file: str = f'multipart/related; type="{_DICOM}"; transfer-syntax=*'
    coding: str = "identity"
    searches: Mapping[str, str] = field(default_factory=dict)
    has_frames: bool = True
    has_files: bool = True
    is_exact: bool = False


MANNERS: Mapping[str, Manner] = {
    # OHIF 3: types without quotes (omitQuotationForMultipartRequest), both kinds in one header
    # (OHIF/Viewers issue 3726), and a browser that takes gzip.
    "ohif": Manner(
        user_agent="Mozilla/5.0 (pacsd selftest, as OHIF)",
        json=f"{_JSON}, multipart/related; type={_OCTETS}",
        frame=f"multipart/related; type={_OCTETS}; transfer-syntax=*",
        coding="gzip, deflate, br, zstd",
        searches={
            "studies": "limit=101&offset=0&fuzzymatching=false&includefield=00081030,00080060",
            "series": "includefield=0008103E,00080021",
        },
        has_files=False,
    ),
    # Weasis 4, dicom:rs: instances of each series, each as a file in the Transfer Syntax it has.
    "weasis": Manner(
        user_agent="Weasis/4 (pacsd selftest)",
        json=_JSON,
        file=f'multipart/related;type="{_DICOM}";transfer-syntax=*',
        coding="gzip",
        searches={
            "studies": "includefield=00080020,00080030,00081030",
            "series": "includefield=0008103E",
            "instances": "includefield=00200013,00280008",
        },
        has_frames=False,
    ),
    "strict": Manner(user_agent="pacsd selftest (strict)", json=_JSON, is_exact=True),
}
"""Whom the test can ask as."""


@dataclass(frozen=True, slots=True)
class Came:
    """An answer, its payload without a content coding."""

    status: int
    content_type: str
    body: bytes

    @property
    def said(self) -> str:
        """Its Content-Type, safe to show."""
        return printable(self.content_type)

    def parts(self) -> list[tuple[str, bytes]]:
        """Media type and data of each part; of a payload that is none, of it alone.

        Raises:
            Failed: it is no multipart payload, though it says so.
        """
        if not self.content_type.lower().startswith("multipart/"):
            return [(self.content_type, self.body)]
        head = f"Content-Type: {self.content_type}\r\n\r\n".encode()
        message = message_from_bytes(head + self.body)
        if not message.is_multipart() or message.defects:
            raise Failed(f"the payload is not what its Content-Type says: {self.said}")
        parts = [part for part in message.get_payload() if isinstance(part, Message)]
        return [(str(part["Content-Type"]), _data(part)) for part in parts]


class WebSelfTest:
    """One run against the web listener at `endpoint`, in a manner of `MANNERS`."""

    def __init__(self, endpoint: Endpoint, manner: Manner) -> None:
        self._endpoint = endpoint
        self._manner = manner
        self._object = made_object()
        self._encoded = encoded(self._object)
        self._bulk_data = ""

    def steps(self) -> Iterator[Step]:
        """Each step as it ends; blocks. Those behind a failed one are tried all the same."""
        yield _step("store (STOW-RS)", self._store)
        for place, (resource, path) in enumerate(_searches()):
            yield _step(f"search {resource}", partial(self._search, resource, path, place))
        yield _step("metadata", self._metadata)
        if self._manner.has_frames:
            yield _step("frame", self._frame)
            yield _step("bulk data", self._bulk)
        if self._manner.has_files:
            yield _step("file", self._file)
        if self._manner.is_exact:
            yield _step("what nobody has is refused", self._not_acceptable)
            yield _step("what is not there is not found", self._not_found)

    def _store(self) -> None:
        begin = f"--{_BOUNDARY}\r\nContent-Type: {_DICOM}\r\n\r\n".encode()
        end = f"\r\n--{_BOUNDARY}--\r\n".encode()
        payload = begin + part10(self._object) + end
        sent = f'multipart/related; type="{_DICOM}"; boundary={_BOUNDARY}'
        answer = self._ask("POST", f"{ROOT}/studies", _JSON, sent, payload)
        _expect_status(answer, 200)
        told = _data_set(answer)
        stored = _values(told, "00081199")
        if [_value(each, "00081155") for each in stored] != [INSTANCE]:
            raise Failed("Referenced SOP Sequence (0008,1199) does not name what was stored")

    def _search(self, resource: str, path: str, place: int) -> None:
        more = self._manner.searches.get(resource, "")
        unique = f"StudyInstanceUID={STUDY}" if place == 0 else ""
        query = "&".join(filter(None, (unique, more)))
        answer = self._ask("GET", f"{path}?{query}" if query else path, self._manner.json)
        _expect_status(answer, 200)
        self._expect_json(answer)
        uids = [_value(each, _UID_OF[resource]) for each in _data_sets(answer)]
        expected = (STUDY, SERIES, INSTANCE)[place]
        if expected not in uids:
            raise Failed(f"what was stored is not among the {len(uids)} that were found")

    def _metadata(self) -> None:
        answer = self._ask("GET", f"{_SERIES}/metadata", self._manner.json)
        _expect_status(answer, 200)
        self._expect_json(answer)
        found = [each for each in _data_sets(answer) if _value(each, "00080018") == INSTANCE]
        if len(found) != 1:
            raise Failed(f"the instance is there {len(found)} times instead of once")
        if _value(found[0], "00280010") != self._object.Rows:
            raise Failed("Rows (0028,0010) is not what was stored")
        pixels = found[0].get(_PIXELS)
        named = pixels.get("BulkDataURI") if isinstance(pixels, dict) else None
        self._bulk_data = named if isinstance(named, str) else ""
        if not self._bulk_data:
            raise Failed("Pixel Data (7FE0,0010) has no BulkDataURI")

    def _frame(self) -> None:
        answer = self._ask("GET", f"{_INSTANCE}/frames/1", self._manner.frame)
        _expect_status(answer, 200)
        self._expect_part(answer, _OCTETS, self._object.PixelData)

    def _bulk(self) -> None:
        if not self._bulk_data:
            raise Failed("metadata named no BulkDataURI")
        # A relative one is relative to the study, as OHIF reads it; the host is the one we ask.
        url = urlsplit(urljoin(f"{_STUDY}/", self._bulk_data))
        answer = self._ask("GET", url.path, self._manner.frame if self._manner.is_exact else "*/*")
        _expect_status(answer, 200)
        self._expect_part(answer, _OCTETS, self._object.PixelData)

    def _file(self) -> None:
        answer = self._ask("GET", _INSTANCE, self._manner.file)
        _expect_status(answer, 200)
        self._expect_part(answer, _DICOM, None)
        (_, file), *_ = answer.parts()
        if file[128:132] != b"DICM" or not file.endswith(self._encoded):
            raise Failed("the file that came back does not hold the object that was sent")

    def _not_acceptable(self) -> None:
        _expect_status(self._ask("GET", f"{_SERIES}/metadata", "image/gif"), 406)

    def _not_found(self) -> None:
        _expect_status(self._ask("GET", f"{_STUDY}.9/metadata", _JSON), 404)

    def _expect_json(self, answer: Came) -> None:
        named = answer.content_type.partition(";")[0].strip().lower()
        fitting = {_JSON} if self._manner.is_exact else {_JSON, "application/json"}
        if named not in fitting:
            raise Failed(f"Content-Type: {answer.said} instead of {_JSON}")

    def _expect_part(self, answer: Came, media_type: str, data: bytes | None) -> None:
        """One part of a type, with these data; by itself where that is not against the request."""
        if self._manner.is_exact:
            begin = f'multipart/related; type="{media_type}"'
            if not answer.content_type.startswith(begin):
                raise Failed(f"Content-Type: {answer.said} does not begin with {begin}")
        parts = answer.parts()
        if len(parts) != 1:
            raise Failed(f"{len(parts)} parts instead of one")
        named, came = parts[0]
        if named.partition(";")[0].strip().lower() != media_type:
            raise Failed(f"Content-Type: {printable(named)} instead of {media_type}")
        if data is not None and came != data:
            raise Failed(f"{len(came)} bytes came that are not the {len(data)} that were stored")

    def _ask(
        self, method: str, path: str, accept: str, content_type: str = "", body: bytes | None = None
    ) -> Came:
        headers = {
            "User-Agent": self._manner.user_agent,
            "Accept": accept,
            "Accept-Encoding": self._manner.coding,
        }
        if content_type:
            headers["Content-Type"] = content_type
        endpoint = self._endpoint
        connection = HTTPConnection(endpoint.host, endpoint.port, timeout=PATIENCE_S)
        try:
            connection.request(method, path, body, headers)
            return _read(connection.getresponse())
        finally:
            connection.close()


def _searches() -> Iterator[tuple[str, str]]:
    yield "studies", f"{ROOT}/studies"
    yield "series", f"{_STUDY}/series"
    yield "instances", f"{_SERIES}/instances"


def _step(name: str, work: Callable[[], None]) -> Step:
    started = time.monotonic()
    failure = ""
    try:
        work()
    except Failed as error:
        failure = str(error)
    except _NONSENSE as error:
        failure = f"{type(error).__name__}: {printable(str(error), _MAX_TEXT_LENGTH)}"
    return Step(name, time.monotonic() - started, failure)


def _read(answer: HTTPResponse) -> Came:
    body = _bounded(answer.read(MAX_BODY_BYTES + 1))
    if answer.length:
        raise Failed(f"the answer breaks off: {answer.length} bytes of it are missing")
    coding = answer.headers.get("Content-Encoding", "identity")
    if coding == "gzip":
        body = _inflated(body)
    elif coding != "identity":
        raise Failed(f"Content-Encoding: {printable(coding)}, which is not understood")
    return Came(answer.status, answer.headers.get("Content-Type", ""), body)


def _bounded(data: bytes) -> bytes:
    if len(data) > MAX_BODY_BYTES:
        raise Failed(f"the answer has more than {MAX_BODY_BYTES} bytes")
    return data


def _inflated(data: bytes) -> bytes:
    """Without its gzip coding, which may make much of little.

    Raises:
        Failed: it breaks off, or is too long.
        zlib.error: it is none.
    """
    inflater = zlib.decompressobj(_GZIP)
    inflated = _bounded(inflater.decompress(data, MAX_BODY_BYTES + 1))
    if not inflater.eof:
        raise Failed("the answer breaks off within its gzip coding")
    return inflated


def _expect_status(answer: Came, expected: int) -> None:
    if answer.status != expected:
        text = " ".join(answer.body[:_MAX_TEXT_LENGTH].decode(errors="replace").split())
        said = printable(text, _MAX_TEXT_LENGTH) or "no more is said"
        raise Failed(f"status {answer.status} instead of {expected}: {said}")


def _data_set(answer: Came) -> Mapping[str, Any]:
    told = json.loads(answer.body)
    if not isinstance(told, dict):
        raise Failed("the answer is no data set in JSON")
    return told


def _data_sets(answer: Came) -> list[Mapping[str, Any]]:
    told = json.loads(answer.body)
    if not isinstance(told, list) or not all(isinstance(each, dict) for each in told):
        raise Failed("the answer is no list of data sets in JSON")
    return told


def _value(data_set: object, tag: str) -> object:
    values = _values(data_set, tag)
    return values[0] if values else None


def _values(data_set: object, tag: str) -> list[object]:
    """The values of an attribute; none where there is no such thing."""
    attribute = data_set.get(tag) if isinstance(data_set, dict) else None
    values = attribute.get("Value") if isinstance(attribute, dict) else None
    return values if isinstance(values, list) else []


def _data(part: Message) -> bytes:
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""
