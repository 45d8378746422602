"""The resources of the Studies Service: what a path behind the service root names.

PS3.18 section 10.1.1 describes them, sections 10.4.1.1, 10.5.1.1 and 10.6.1.1 say which paths they
have. `TEMPLATES` is the one table of them: the paths are read by it, written by it, and listed in
the description of the service from it.
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from urllib.parse import unquote

from pacsd.dicom.tag import Tag
from pacsd.dicom.uid import MAX_UID_LENGTH, is_acceptable_uid
from pacsd.dicom.walk import MAX_DEPTH, Path
from pacsd.dicomweb.errors import BadRequest

MAX_PATH_LENGTH = 16_384
"""Characters of a path; a thousand frame numbers take half of it."""
MAX_FRAMES = 1_000
"""Frames that one request may ask for."""
MAX_FRAME = 2**31 - 1
"""Number of Frames (0028,0008) is an IS: nothing has more (PS3.5 section 6.2)."""


class Kind(StrEnum):
    """The resources, as PS3.18 table 10.3-2 names them; the last four are about the service."""

    ALL_STUDIES = "all-studies"
    STUDY = "study"
    STUDY_METADATA = "study-metadata"
    STUDY_BULKDATA = "study-bulkdata"
    RENDERED_STUDY = "rendered-study"
    STUDY_THUMBNAIL = "study-thumbnail"
    STUDYS_SERIES = "studys-series"
    STUDYS_INSTANCES = "studys-instances"
    ALL_SERIES = "all-series"
    SERIES = "series"
    SERIES_METADATA = "series-metadata"
    SERIES_BULKDATA = "series-bulkdata"
    RENDERED_SERIES = "rendered-series"
    SERIES_THUMBNAIL = "series-thumbnail"
    SERIES_INSTANCES = "series-instances"
    ALL_INSTANCES = "all-instances"
    INSTANCE = "instance"
    INSTANCE_METADATA = "instance-metadata"
    INSTANCE_BULKDATA = "instance-bulkdata"
    RENDERED_INSTANCE = "rendered-instance"
    INSTANCE_THUMBNAIL = "instance-thumbnail"
    FRAMES = "frames"
    RENDERED_FRAMES = "rendered-frames"
    FRAME_THUMBNAIL = "frame-thumbnail"
    BULKDATA = "bulkdata"
    SERVICE = "service"
    CAPABILITIES = "capabilities"
    OPENAPI = "openapi"
    CHANGES = "changes"


_STUDY = "/studies/{study}"
_SERIES = f"{_STUDY}/series/{{series}}"
_INSTANCE = f"{_SERIES}/instances/{{instance}}"
_FRAMES = f"{_INSTANCE}/frames/{{frames}}"

TEMPLATES = MappingProxyType({
    Kind.ALL_STUDIES: "/studies",
    Kind.STUDY: _STUDY,
    Kind.STUDY_METADATA: f"{_STUDY}/metadata",
    Kind.STUDY_BULKDATA: f"{_STUDY}/bulkdata",
    Kind.RENDERED_STUDY: f"{_STUDY}/rendered",
    Kind.STUDY_THUMBNAIL: f"{_STUDY}/thumbnail",
    Kind.STUDYS_SERIES: f"{_STUDY}/series",
    Kind.STUDYS_INSTANCES: f"{_STUDY}/instances",
    Kind.ALL_SERIES: "/series",
    Kind.SERIES: _SERIES,
    Kind.SERIES_METADATA: f"{_SERIES}/metadata",
    Kind.SERIES_BULKDATA: f"{_SERIES}/bulkdata",
    Kind.RENDERED_SERIES: f"{_SERIES}/rendered",
    Kind.SERIES_THUMBNAIL: f"{_SERIES}/thumbnail",
    Kind.SERIES_INSTANCES: f"{_SERIES}/instances",
    Kind.ALL_INSTANCES: "/instances",
    Kind.INSTANCE: _INSTANCE,
    Kind.INSTANCE_METADATA: f"{_INSTANCE}/metadata",
    Kind.INSTANCE_BULKDATA: f"{_INSTANCE}/bulkdata",
    Kind.RENDERED_INSTANCE: f"{_INSTANCE}/rendered",
    Kind.INSTANCE_THUMBNAIL: f"{_INSTANCE}/thumbnail",
    Kind.FRAMES: _FRAMES,
    Kind.RENDERED_FRAMES: f"{_FRAMES}/rendered",
    Kind.FRAME_THUMBNAIL: f"{_FRAMES}/thumbnail",
    Kind.BULKDATA: f"{_INSTANCE}/bulkdata/{{bulkdata}}",
    Kind.SERVICE: "/",
    Kind.CAPABILITIES: "/capabilities",
    Kind.OPENAPI: "/openapi.json",
    Kind.CHANGES: "/changes",
})  # fmt: skip
"""Kind -> path, as a URI Template (RFC 6570, level 1); {bulkdata} alone has several segments."""


@dataclass(frozen=True, slots=True)
class Element:
    """An element of an instance: the items it stands in, counted from 0, and its tag."""

    path: Path
    tag: Tag


@dataclass(frozen=True, slots=True)
class Target:
    """A resource. What its template does not name is "" or empty."""

    kind: Kind
    study_instance_uid: str = ""
    series_instance_uid: str = ""
    sop_instance_uid: str = ""
    frames: tuple[int, ...] = ()
    element: Element | None = None


def target_of(path: str) -> Target | None:
    """The resource that a path names, percent-encoded as it came; None if there is no such one.

    Raises:
        BadRequest: the path is none at all, or a UID, frame list or element in it is none.
    """
    segments = _segments(path)
    node = _tree()
    found: dict[str, str] = {}
    for index, segment in enumerate(segments):
        if segment in node.literals:
            node = node.literals[segment]
        elif node.variable is None or not segment:
            return None
        else:
            name, node = node.variable
            found[name] = segment
            if name == "bulkdata":
                found[name] = "/".join(segments[index:])
                break
    return None if node.kind is None else _target(node.kind, found)


def path_of(target: Target) -> str:
    """The path of a resource behind the service root, as it stands in a Retrieve URL."""
    return TEMPLATES[target.kind].format(
        study=target.study_instance_uid,
        series=target.series_instance_uid,
        instance=target.sop_instance_uid,
        frames=",".join(map(str, target.frames)),
        bulkdata="" if target.element is None else _written(target.element),
    )


def entity_path(kind: Kind, *uids: str) -> str:
    """The same of a study, series or instance, by its UID behind those of what it hangs in."""
    return TEMPLATES[kind].format(**dict(zip(_UIDS, uids, strict=False)))


@dataclass(slots=True)
class _Node:
    """A place in the tree of all templates: what is a resource there, and what may follow."""

    kind: Kind | None = None
    literals: "dict[str, _Node]" = field(default_factory=dict)
    variable: "tuple[str, _Node] | None" = None


@cache
def _tree() -> _Node:
    root = _Node()
    for kind, template in TEMPLATES.items():
        node = root
        for segment in template.split("/")[1:]:
            node = _child(node, segment)
        node.kind = kind
    return root


def _child(node: _Node, segment: str) -> _Node:
    if not segment.startswith("{"):
        return node.literals.setdefault(segment, _Node())
    if node.variable is None:
        node.variable = segment.strip("{}"), _Node()
    return node.variable[1]


_NOT_PERCENT_ENCODED = re.compile(r"%(?![0-9A-Fa-f]{2})")
_UNSAFE = re.compile(r"[^!-~]|[/\\;]")


def _segments(path: str) -> list[str]:
    """What stands between the slashes, decoded once: a second round is how filters are passed."""
    if len(path) > MAX_PATH_LENGTH:
        raise BadRequest("path", path, f"is longer than {MAX_PATH_LENGTH} characters")
    if not path:
        path = "/"
    if not path.startswith("/") or "//" in path:
        raise BadRequest("path", path, "has an empty segment (RFC 3986 section 3.3)")
    if _NOT_PERCENT_ENCODED.search(path):
        raise BadRequest("path", path, "has a % that encodes nothing (RFC 3986 section 2.1)")
    segments = [unquote(each, "latin-1") for each in path[1:].split("/")]
    for segment in segments:
        if segment in {".", ".."} or _UNSAFE.search(segment):
            raise BadRequest("path", path, "has a segment that names no resource of DICOM")
    return segments


def _target(kind: Kind, found: dict[str, str]) -> Target:
    study, series, instance = (_uid(each, found.get(each)) for each in _UIDS)
    frames = _frames(found["frames"]) if "frames" in found else ()
    element = _element(found["bulkdata"]) if "bulkdata" in found else None
    return Target(kind, study, series, instance, frames, element)


_UIDS = ("study", "series", "instance")


def _uid(name: str, text: str | None) -> str:
    if text is None:
        return ""
    if is_acceptable_uid(text):
        return text
    raise BadRequest(name, text, f"is not 1-{MAX_UID_LENGTH} digits and dots (PS3.5 section 9.1)")


def _frames(text: str) -> tuple[int, ...]:
    """Frame numbers in the order in which they are asked for (PS3.18 section 10.1.1)."""
    if text.count(",") >= MAX_FRAMES:
        raise BadRequest("frames", text, f"is more than {MAX_FRAMES} frames in one request")
    return tuple(_number("frames", each, MAX_FRAME) for each in text.split(","))


_DIGITS = re.compile(r"[0-9]{1,10}")


def _number(name: str, text: str, greatest: int) -> int:
    if _DIGITS.fullmatch(text) and 1 <= int(text) <= greatest:
        return int(text)
    raise BadRequest(name, text, f"is no number from 1 to {greatest}")


_TAG = re.compile(r"[0-9A-Fa-f]{8}")


def _element(text: str) -> Element:
    """An element, by tags and item numbers from 1: `00081140/1/00091010`."""
    parts = text.split("/")
    if len(parts) % 2 == 0 or len(parts) > 2 * MAX_DEPTH:
        raise BadRequest("bulkdata", text, f"is not tag/item/tag, at most {MAX_DEPTH} deep")
    *tags, last = (_tag(each) for each in parts[::2])
    items = (_number("bulkdata", each, MAX_FRAME) - 1 for each in parts[1::2])
    return Element(tuple(zip(tags, items, strict=True)), last)


def _tag(text: str) -> Tag:
    if _TAG.fullmatch(text):
        return int(text, 16)
    raise BadRequest("bulkdata", text, "is no tag of eight hexadecimal digits")


def _written(element: Element) -> str:
    items = (f"{tag:08X}/{number + 1}/" for tag, number in element.path)
    return "".join(items) + f"{element.tag:08X}"
