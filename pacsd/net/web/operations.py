"""What each service takes and answers: the one table behind all descriptions of DICOMweb.

The OpenAPI document, the Capabilities Description and the page are made of it and of `RESOURCES`.
Media types are those of the offers that the services choose from, so that they cannot differ.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pacsd.dicomweb.accept import Representation
from pacsd.dicomweb.change_parameters import LAST_EVENT_ID
from pacsd.dicomweb.event_stream import EVENT_STREAM
from pacsd.dicomweb.headers import TOTAL_COUNT
from pacsd.dicomweb.targets import TEMPLATES, Kind
from pacsd.net.web.bulk import OFFERS as BULK_OFFERS
from pacsd.net.web.exchange import JSON_OFFERS
from pacsd.net.web.instances import DICOM
from pacsd.net.web.pixel_media_types import OCTET_STREAM, PIXEL_MEDIA_TYPES
from pacsd.net.web.resources import RESOURCES, WebService
from pacsd.net.web.store_report import OFFERS as REPORT_OFFERS
from pacsd.net.web.storing_metadata import METADATA_READERS
from pacsd.net.web.xml import XML_OFFER
from pacsd.net.web.zipping import ZIP

JSON = "application/json"
HTML = "text/html"
WADL = "application/vnd.sun.wadl+xml"
"""The media type of a Capabilities Description (PS3.18 annex H)."""
RELATED = "multipart/related"


@dataclass(frozen=True, slots=True)
class DescribedAnswer:
    """A status and what comes with it; `schema` names that of its JSON.

    `headers` are always there, `maybe` are those that depend on what is answered.
    """

    status: int
    meaning: str
    media_types: tuple[str, ...] = ()
    schema: str = ""
    headers: tuple[str, ...] = ()
    maybe: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """What a service does with a resource: `verb` begins its name.

    `query` and `headers` are parameters that it reads, `takes` the media types of its payload,
    `problems` the statuses that tell why it does not.
    """

    verb: str
    summary: str
    answers: tuple[DescribedAnswer, ...]
    problems: tuple[int, ...]
    query: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Transaction:
    """A method of a resource, and the operation behind it."""

    kind: Kind
    method: str
    service: WebService
    operation: Operation

    @property
    def path(self) -> str:
        """The URI Template behind the root of the service."""
        return TEMPLATES[self.kind]

    @property
    def name(self) -> str:
        """Its name, as PS3.18 puts them together: Retrieve Study Metadata."""
        resource = self.kind.replace("-", " ").title().replace("Studys", "Study's")
        return f"{self.operation.verb} {resource}"

    @property
    def id(self) -> str:
        """The same as one word."""
        return "".join(letter for letter in self.name if letter.isalpha())

    @property
    def answers(self) -> tuple[DescribedAnswer, ...]:
        """What it gives: one instance alone may leave as a file by itself."""
        if self.kind is Kind.INSTANCE and self.service is WebService.INSTANCES:
            return _FILES_OF_ONE
        return self.operation.answers


PROBLEMS: Mapping[int, str] = {
    400: "The request breaks the grammar.",
    401: "A proxy handed it on, and nobody can log in yet.",
    403: "A page of another origin wants to change something, or nobody may from here.",
    404: "It is not in the archive.",
    406: "The client takes nothing that there is.",
    408: "Too little of the payload came in time.",
    410: "Changes cannot be told from there: start again from `oldest` or `last`.",
    413: "The search takes too long, or what is to be stored is too large.",
    415: "The payload is of a media type that is not read.",
    416: "The byte range is outside the value.",
    421: "The Host header names another machine.",
    503: "It cannot be done now: too many requests, or the store or the index fails.",
}
"""Status -> why it is given."""

PROBLEM_HEADERS: Mapping[int, tuple[str, ...]] = {
    401: ("WWW-Authenticate",),
    416: ("Content-Range",),
    503: ("Retry-After",),
}
"""Status -> the headers that come with it, whatever it is about."""

EVERYWHERE = (400, 401, 421, 503)
"""Any request may be answered so, whatever it asks for."""


def _media_type(offer: Representation) -> str:
    return f'{RELATED}; type="{offer.media_type}"' if offer.is_multipart else offer.media_type


_MODELS = tuple(map(_media_type, (*JSON_OFFERS, XML_OFFER)))
_REPORTS = tuple(map(_media_type, REPORT_OFFERS))
_PIXELS = (RELATED, OCTET_STREAM, *PIXEL_MEDIA_TYPES)
_PART10 = f'{RELATED}; type="{DICOM}"'
_ETAG = ("ETag",)
_ALONE = ("Content-Location",)
"""Of what leaves by itself: a part has it in its own header."""
_OF_FILES = (*_ALONE, "Content-Disposition")
_IN_WORDS = ("Warning",)
_UNCHANGED = DescribedAnswer(304, "The client has it already.", headers=_ETAG)
_CACHEABLE = ("If-None-Match",)
_OF_SEARCHES = (
    "match", "includefield", "limit", "offset", "fuzzymatching", "emptyvaluematching",
    "multiplevaluematching", "accept", "charset",
)  # fmt: skip


def _files(*media_types: str) -> tuple[DescribedAnswer, ...]:
    return (
        DescribedAnswer(200, "The instances.", media_types, headers=_ETAG, maybe=_OF_FILES),
        DescribedAnswer(
            206,
            "Those of them that the client takes.",
            media_types,
            headers=_ETAG,
            maybe=_OF_FILES,
        ),
        _UNCHANGED,
    )


_FILES_OF_ONE = _files(_PART10, DICOM, ZIP)


def _described(verb: str, summary: str, *answers: DescribedAnswer) -> Operation:
    return Operation(
        verb, summary, (*answers, _UNCHANGED), (*EVERYWHERE, 406), ("accept",), _CACHEABLE
    )


OPERATIONS: Mapping[WebService, Operation] = {
    WebService.SEARCH: Operation(
        "Search For",
        "What matches, newest studies first.",
        (
            DescribedAnswer(
                200,
                "What matches; maybe nothing.",
                _MODELS,
                "DataSets",
                maybe=("Warning", TOTAL_COUNT),
            ),
        ),
        (*EVERYWHERE, 406, 413),
        _OF_SEARCHES,
    ),
    WebService.INSTANCES: Operation(
        "Retrieve",
        "The instances as DICOM files.",
        _files(_PART10, ZIP),
        (*EVERYWHERE, 404, 406, 413),
        ("accept",),
        _CACHEABLE,
    ),
    WebService.METADATA: Operation(
        "Retrieve",
        "All attributes, long values by their URL.",
        (
            DescribedAnswer(200, "A data set of each instance.", _MODELS, "DataSets", _ETAG),
            _UNCHANGED,
        ),
        (*EVERYWHERE, 404, 406, 413),
        ("accept",),
        _CACHEABLE,
    ),
    WebService.FRAMES: Operation(
        "Retrieve",
        "Frames, as they are stored.",
        (
            DescribedAnswer(
                200, "The frames, in the order asked for.", _PIXELS, headers=_ETAG, maybe=_ALONE
            ),
            _UNCHANGED,
        ),
        (*EVERYWHERE, 404, 406),
        ("accept",),
        _CACHEABLE,
    ),
    WebService.BULK_DATA: Operation(
        "Retrieve",
        "The value of an element by itself; all frames, if it is Pixel Data in fragments.",
        (
            DescribedAnswer(
                200, "The value.", _PIXELS, headers=_ETAG, maybe=(*_ALONE, "Accept-Ranges")
            ),
            DescribedAnswer(
                206,
                "The bytes asked for.",
                tuple(map(_media_type, BULK_OFFERS[1:])),
                headers=(*_ETAG, *_ALONE, "Accept-Ranges", "Content-Range"),
            ),
            _UNCHANGED,
        ),
        (*EVERYWHERE, 404, 406, 416),
        ("accept",),
        (*_CACHEABLE, "Range"),
    ),
    WebService.STORE: Operation(
        "Store Into",
        "Store DICOM files, or metadata with bulk data. The answer says what is durable.",
        (
            DescribedAnswer(200, "All are stored.", _REPORTS, "DataSet", maybe=_IN_WORDS),
            DescribedAnswer(
                202, "Some are not, or with a warning.", _REPORTS, "DataSet", maybe=_IN_WORDS
            ),
            DescribedAnswer(
                409,
                "None is; Failure Reason (0008,1197) says why.",
                _REPORTS,
                "DataSet",
                maybe=_IN_WORDS,
            ),
            DescribedAnswer(
                503, "None is, for want of room.", _REPORTS, "DataSet", maybe=_IN_WORDS
            ),
        ),
        (*EVERYWHERE, 403, 406, 408, 413, 415),
        ("accept",),
        takes=(_PART10, *(f'{RELATED}; type="{each}"' for each in METADATA_READERS)),
    ),
    WebService.DELETE: Operation(
        "Delete",
        "Take it out of sight. `pacsd restore-deleted` brings it back.",
        (DescribedAnswer(200, "How many instances it was.", (JSON,), "Deleted"),),
        (*EVERYWHERE, 403, 404),
        ("reason",),
    ),
    WebService.CHANGES: Operation(
        "Follow",
        "What happened to what is archived, in the order of commits. Not of PS3.18.",
        (
            DescribedAnswer(
                200, "Changes, or a stream of them as they happen.", (JSON, EVENT_STREAM), "Changes"
            ),
        ),
        (*EVERYWHERE, 406, 410),
        ("since", "epoch", "changes.limit", "wait", "accept"),
        (LAST_EVENT_ID,),
    ),
    WebService.OVERVIEW: _described(
        "Show",
        "Where everything is: for people a page to try it.",
        DescribedAnswer(200, "Links, or the page.", (JSON, HTML), "Overview", _ETAG),
    ),
    WebService.CAPABILITIES: _described(
        "Retrieve",
        "The Capabilities Description of PS3.18 annex H, in WADL.",
        DescribedAnswer(200, "The description.", (WADL,), headers=_ETAG),
    ),
    WebService.OPENAPI: _described(
        "Retrieve",
        "This document.",
        DescribedAnswer(200, "The document.", (JSON,), "Document", _ETAG),
    ),
}


def transactions() -> Iterator[Transaction]:
    """Everything that can be asked for, in the order of `RESOURCES`."""
    for kind, methods in RESOURCES.items():
        for method, service in methods.items():
            yield Transaction(kind, method, service, OPERATIONS[service])
