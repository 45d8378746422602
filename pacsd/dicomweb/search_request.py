"""A search as a request to a DICOMweb server: its target and its query (PS3.18 section 10.6.1)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from pacsd.dicom.data_set import SPECIFIC_CHARACTER_SET
from pacsd.dicom.dictionary import keyword_of
from pacsd.dicom.identifier import QUERY_RETRIEVE_LEVEL, UNIQUE_KEYS
from pacsd.dicom.level import Level
from pacsd.dicom.query_keys import Key, Path, paths
from pacsd.dicom.uid import is_acceptable_uid
from pacsd.dicom.vr import VR
from pacsd.dicomweb.required_attributes import required_attributes
from pacsd.dicomweb.targets import Kind, Target, path_of

_STUDY, _SERIES = UNIQUE_KEYS[Level.STUDY], UNIQUE_KEYS[Level.SERIES]
_NOT_ASKED = frozenset({SPECIFIC_CHARACTER_SET, QUERY_RETRIEVE_LEVEL})
"""The target says the level, and JSON is in UTF-8."""

_SAFE = "*?,:/@!$'()"
"""What a query may hold as it is, and forms do not read otherwise (RFC 3986 section 3.4).

The less is encoded the better: Orthanc 1.10 (of 2022) does not decode a query.
"""


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """What is searched and what for; `matches` and `includes` are names and values, not encoded."""

    target: Target
    matches: tuple[tuple[str, str], ...]
    includes: tuple[str, ...] = ()
    is_fuzzy: bool = False

    def url(self, *, limit: int, offset: int) -> str:
        """Path and query behind the root of the service, for so many of the matches."""
        parameters = [*self.matches]
        if self.includes:
            parameters.append(("includefield", ",".join(self.includes)))
        if self.is_fuzzy:
            parameters.append(("fuzzymatching", "true"))
        parameters.append(("limit", str(limit)))
        if offset:
            parameters.append(("offset", str(offset)))
        query = "&".join(f"{name}={quote(value, safe=_SAFE)}" for name, value in parameters)
        return f"{path_of(self.target)}?{query}"


def search_request(level: Level, keys: Sequence[Key], *, is_fuzzy: bool = False) -> SearchRequest:
    """The request that asks what an Identifier with these keys would ask at a level.

    A study or series that is named by a single UID is the target; a search has no patient level
    (PS3.18 table 10.6.1-1): ValueError.
    """
    target = _target(level, keys)
    named = {_STUDY: target.study_instance_uid, _SERIES: target.series_instance_uid}
    rest = [key for key in keys if not (named.get(key.tag) or key.tag in _NOT_ASKED)]
    told = required_attributes(target.kind)
    asked = (path for path in paths(_without_values(rest)) if path not in told)
    matches = tuple(_matches(rest, ()))
    return SearchRequest(target, matches, tuple(map(_name, asked)), is_fuzzy)


def _target(level: Level, keys: Sequence[Key]) -> Target:
    study, series = _single(keys, _STUDY), _single(keys, _SERIES)
    if level is Level.STUDY:
        return Target(Kind.ALL_STUDIES)
    if level is Level.SERIES:
        return Target(Kind.STUDYS_SERIES, study) if study else Target(Kind.ALL_SERIES)
    if level is not Level.INSTANCE:
        raise ValueError(f"level: {level.term} is none of QIDO-RS (PS3.18 table 10.6.1-1)")
    if study and series:
        return Target(Kind.SERIES_INSTANCES, study, series)
    return Target(Kind.STUDYS_INSTANCES, study) if study else Target(Kind.ALL_INSTANCES)


def _single(keys: Sequence[Key], tag: int) -> str:
    values = next((key.values for key in keys if key.tag == tag), [])
    return values[0] if len(values) == 1 and is_acceptable_uid(values[0]) else ""


def _matches(keys: Iterable[Key], above: Path) -> Iterator[tuple[str, str]]:
    for key in keys:
        path = (*above, key.tag)
        if key.value:
            # PS3.18 section 8.3.4.1: a list of UIDs is separated by commas.
            value = ",".join(key.values) if key.vr == VR.UI else key.value
            yield _name(path), value
        yield from _matches(key.keys, path)


def _without_values(keys: Iterable[Key]) -> Iterator[Key]:
    """What is to be told only; what is matched is told anyway (PS3.18 section 10.6.3.3)."""
    for key in keys:
        inner = tuple(_without_values(key.keys))
        if inner or not (key.value or key.keys):
            yield Key(key.tag, key.vr, "", inner)


def _name(path: Path) -> str:
    return ".".join(keyword_of(tag) or f"{tag:08X}" for tag in path)
