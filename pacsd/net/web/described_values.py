"""JSON Schemas of what stands in requests and answers (JSON Schema 2020-12, as OpenAPI 3.1 has it).

The bounds are those of the grammar in `pacsd.dicomweb`, read from it.
"""

from collections.abc import Mapping
from typing import TypeAlias

from pacsd.api.correction_rules import MAX_REASON_CHARACTERS
from pacsd.dicom.dictionary import keyword_of
from pacsd.dicom.uid import MAX_UID_LENGTH
from pacsd.dicom.vr import VR
from pacsd.dicomweb.change_parameters import (
    FROM_NOW_ON,
    LAST_EVENT_ID,
    MAX_EPOCH_LENGTH,
    MAX_NUMBER,
    MAX_WAIT_S,
)
from pacsd.dicomweb.change_parameters import MAX_LIMIT as MAX_CHANGES
from pacsd.dicomweb.etags import MAX_HEADER_LENGTH
from pacsd.dicomweb.headers import TOTAL_COUNT
from pacsd.dicomweb.parameters import (
    MAX_INCLUDES,
    MAX_LIMIT,
    MAX_OFFSET,
    MAX_VALUE_LENGTH,
)
from pacsd.dicomweb.required_attributes import required_attributes
from pacsd.dicomweb.targets import MAX_FRAME, MAX_FRAMES, Kind
from pacsd.net.web.search_query import SAID_OF_ALL

Json: TypeAlias = Mapping[str, object]

_TAG = "[0-9A-Fa-f]{8}"
_NAME = rf"({_TAG}|[A-Z][0-9A-Za-z]{{1,63}})"
ATTRIBUTE_PATTERN = rf"^{_NAME}(\.{_NAME})*$"
"""A tag or keyword, or several where it stands in items (PS3.18 section 8.3.4.1)."""


def name_of(parameter: str) -> str:
    """The name by which a parameter stands in requests."""
    return parameter.rpartition(".")[2]


def matches_of(kind: Kind) -> Json:
    """What a search may match: any attribute; those that its answers tell are named."""
    told = (path for path in required_attributes(kind) if path[0] not in SAID_OF_ALL)
    names = (".".join(keyword_of(tag) or f"{tag:08X}" for tag in path) for path in told)
    value = {"type": "string", "maxLength": MAX_VALUE_LENGTH}
    return {
        "type": "object",
        "properties": dict.fromkeys(names, value),
        "propertyNames": {"pattern": ATTRIBUTE_PATTERN},
        "additionalProperties": value,
    }


_UID = {"type": "string", "pattern": r"^[0-9.]*[0-9][0-9.]*$", "maxLength": MAX_UID_LENGTH}
_TRUTH = {"type": "boolean", "default": False}

IN_PATH: Mapping[str, tuple[str, Json]] = {
    "study": ("Study Instance UID", _UID),
    "series": ("Series Instance UID", _UID),
    "instance": ("SOP Instance UID", _UID),
    "frames": (
        "Numbers of frames, from 1",
        {
            "type": "array",
            "items": {"type": "integer", "minimum": 1, "maximum": MAX_FRAME},
            "minItems": 1,
            "maxItems": MAX_FRAMES,
        },
    ),
    "bulkdata": (
        "The tag of the element. That of one in an item has more segments, as its BulkDataURI has",
        {"type": "string", "pattern": f"^{_TAG}$"},
    ),
}
"""Variable of the path -> what it is."""

IN_QUERY: Mapping[str, tuple[str, Json]] = {
    "includefield": (
        "Attributes to be told beside those that always are; `all` for all there is",
        {
            "type": "array",
            "items": {
                "anyOf": [{"const": "all"}, {"type": "string", "pattern": ATTRIBUTE_PATTERN}]
            },
            "maxItems": MAX_INCLUDES,
        },
    ),
    "limit": (
        "Most results; `dicomweb.max_results` bounds it, too",
        {"type": "integer", "minimum": 0, "maximum": MAX_LIMIT},
    ),
    "offset": (
        "How many results are passed over",
        {"type": "integer", "minimum": 0, "maximum": MAX_OFFSET, "default": 0},
    ),
    "fuzzymatching": ("Names that sound alike match, too", _TRUTH),
    "emptyvaluematching": ('Accepted; `""` as a value asks for empty ones in any case', _TRUTH),
    "multiplevaluematching": (
        "Accepted; backslashes divide several values in any case",
        _TRUTH,
    ),
    "accept": ("A media range, for clients that cannot set headers", {"type": "string"}),
    "charset": ("Accepted; answers are in UTF-8", {"type": "string"}),
    "since": (
        "Changes with higher numbers; `last`: what happens from now on",
        {
            "anyOf": [
                {"const": FROM_NOW_ON},
                {"type": "integer", "minimum": 0, "maximum": MAX_NUMBER},
            ],
            "default": 0,
        },
    ),
    "epoch": (
        "The epoch that the number is of",
        {"type": "string", "pattern": "^[0-9A-Za-z]+$", "maxLength": MAX_EPOCH_LENGTH},
    ),
    "changes.limit": (
        "Most changes",
        {"type": "integer", "minimum": 1, "maximum": MAX_CHANGES},
    ),
    "wait": (
        "Seconds to wait if there is none yet",
        {"type": "integer", "minimum": 0, "maximum": MAX_WAIT_S, "default": 0},
    ),
    "reason": (
        "Why it is deleted; without it we say that it came over DICOMweb",
        {"type": "string", "minLength": 1, "maxLength": MAX_REASON_CHARACTERS},
    ),
}
"""Parameter of the query -> what it is; attributes to be matched are those of `matches_of`.

Where two resources have one of the same name, that of one has its name in front: see `name_of`.
"""

IN_HEADER: Mapping[str, tuple[str, Json]] = {
    "If-None-Match": (
        "The entity tags that the client has",
        {"type": "string", "maxLength": MAX_HEADER_LENGTH},
    ),
    LAST_EVENT_ID: ("Where a stream goes on: `EPOCH:NUMBER`", {"type": "string"}),
    "Range": ("Bytes of the value, such as `bytes=0-99`", {"type": "string"}),
}
"""Header of a request -> what it is."""

OF_ANSWER: Mapping[str, tuple[str, Json]] = {
    "Accept-Ranges": ("That ranges of it can be asked for", {"const": "bytes"}),
    "Content-Disposition": ("By which name it is to be kept as a file", {"type": "string"}),
    "Content-Location": (
        "The URL of the one instance, frame or value that this is",
        {"type": "string", "format": "uri-reference"},
    ),
    "Content-Range": ("Which bytes of how many these are", {"type": "string"}),
    "ETag": ("The entity tag of this representation", {"type": "string"}),
    "Retry-After": (
        "After how many seconds to ask again",
        {"type": "integer", "minimum": 0},
    ),
    "WWW-Authenticate": ("How to say who asks", {"type": "string"}),
    "Warning": (
        'What to know of this answer, in words: `299 SERVICE: "TEXT"`, several with commas',
        {"type": "string"},
    ),
    TOTAL_COUNT: (
        "How many matches there are in all, if `dicomweb.total_count` is set and time was enough",
        {"type": "integer", "minimum": 0},
    ),
}
"""Header of an answer -> what it is. Pages of other origins may read them, too."""

_ATTRIBUTE = {
    "type": "object",
    "required": ["vr"],
    "properties": {
        "vr": {"enum": sorted(VR)},
        "Value": {"type": "array", "minItems": 1},
        "BulkDataURI": {"type": "string"},
        "InlineBinary": {"type": "string"},
    },
    "additionalProperties": False,
}


def _object(**properties: object) -> Json:
    return {"type": "object", "required": [*properties], "properties": properties}


SCHEMAS: Mapping[str, Json] = {
    "DataSet": {
        "description": "A data set in the DICOM JSON Model (PS3.18 section F.2)",
        "type": "object",
        "patternProperties": {"^[0-9A-F]{8}$": {"$ref": "#/components/schemas/Attribute"}},
        "additionalProperties": False,
    },
    "DataSets": {"type": "array", "items": {"$ref": "#/components/schemas/DataSet"}},
    "Attribute": _ATTRIBUTE,
    "Changes": _object(
        epoch={"type": "string"},
        changes={"type": "array", "items": {"$ref": "#/components/schemas/Change"}},
        last={"type": "integer", "minimum": 0},
        more={"type": "boolean"},
    ),
    "Change": _object(
        number={"type": "integer", "minimum": 1},
        kind={"type": "string"},
        at={"type": "string", "format": "date-time"},
    ),
    "Jobs": _object(jobs={"type": "array", "items": {"$ref": "#/components/schemas/Job"}}),
    "Job": _object(
        number={"type": "integer", "minimum": 1},
        state={"type": "string"},
        kind={"type": "string"},
        queue={"type": "string"},
        attempts={"type": "integer", "minimum": 0},
        explanation={"type": "string"},
    ),
    "Deleted": _object(deleted_instances={"type": "integer", "minimum": 0}),
    "Problem": _object(error={"type": "string", "minLength": 1}),
    "Overview": _object(
        name={"const": "pacsd"},
        version={"type": "string"},
        links={"type": "object", "additionalProperties": {"type": "string"}},
    ),
    "Document": _object(
        openapi={"type": "string"}, info={"type": "object"}, paths={"type": "object"}
    ),
}
"""Name -> schema of JSON in an answer."""
